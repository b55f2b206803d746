"""From the text of a formula to the graph of `Value`s that computes it.

Python's own parser says what binds to what. Nothing is evaluated: of all that it can read, only numbers, names,
arithmetic and calls of operations pass. Numbers are floats, so that 9**9**9**9 is infinite rather than long.

May import: `origins`, `value`; `calls` of this folder.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tinygrad_edu.origins import Source
from tinygrad_edu.stepping.calls import call, callable_operations, check_name, inputs_of
from tinygrad_edu.value import Value, as_value

__all__ = ["ExpressionError", "constants_in", "names_in", "parse_expression"]

T = TypeVar("T")

MAX_LENGTH = 10_000  # some pages of text, which are read at once
MAX_DEPTH = 100  # what a person can follow, and far from the end of Python's stack

#: Text that Python would read, or complain about, in its own way: `at` is where, and the word.
_REFUSED = {
    r"(?P<at> \^ )": "{} is no power in Python: that is **, as in x**2",
    r"(?P<at> [^\w\s.+\-*/%(),] | (?<![0-9])[.](?![0-9]) )": "{} has no meaning in a formula",
    r"(?<![\w.]) (?P<at> 0[0-9]+ | [0-9]{400,} ) (?![\w.])": (
        "{} is no number to Python: it begins with 0, or has 400 digits and more"
    ),
    # The atomic group (?>...) gives nothing back: no letter follows the number in 1e5, and one does in 2x and 0x10.
    r"(?<![\w.]) (?P<at> (?> (?> [0-9]+[.]?[0-9]* | [.][0-9]+ ) (?: [eE][+-]?[0-9]+ )? ) [^\W\d]\w* )": (
        "{} is neither a number nor a name: a product needs its sign, as in 2*x"
    ),
    r"(?: [\w.)]\s+ | [)] ) (?P<at> [\w.]+ )": "expected an operator, not {}",
}
#: What Python's parser complains of, by words of its own, in ours.
_EXPLAINED = {
    "invalid character": "this character has no meaning in a formula",
    "never closed": "this bracket is never closed",
    "unmatched": "expected an operator, not a bracket that closes nothing",
    "nested": f"this is nested more than {MAX_DEPTH} deep",
}
_KEYWORD = re.compile(rf"\b({'|'.join(keyword.kwlist)})\b")
_INFIX: dict[type[ast.operator], Callable[..., Value]] = {
    ast.Add: Value.__add__,
    ast.Sub: Value.__sub__,
    ast.Mult: Value.__mul__,
    ast.Div: Value.__truediv__,
    ast.FloorDiv: Value.__floordiv__,
    ast.Mod: Value.__mod__,
    ast.Pow: Value.__pow__,
}


class ExpressionError(ValueError):
    """A text that is no formula: `problem` says why, and `place` where, in characters from its beginning.

    >>> try:
    ...     parse_expression("w * * x", {"w": 1.0, "x": 2.0})
    ... except ExpressionError as error:
    ...     print(error.place, error.problem)
    4 expected a number, a name or a bracket, but there is '*'
    """

    def __init__(self, problem: str, place: int, text: str) -> None:
        self.problem = _printable(problem)
        self.place = place
        before, after = text[max(place - 30, 0) : place], text[place : place + 30]
        super().__init__(_printable(f"{problem}, at character {place + 1} of the expression: {before}⟨here⟩{after}"))


def names_in(text: str) -> list[str]:
    """The names of a formula that stand for numbers, in the order of the text.

    Raises ExpressionError, as `parse_expression` does, for a text in which not even names can be told.

    >>> names_in("tanh(w*x + b) - w")
    ['w', 'x', 'b']
    """
    return _Formula(text, {}).names()


def constants_in(text: str) -> list[slice]:
    """Where the plain numbers stand that become constants of the graph, in its order: exponents and settings do not.

    Raises ExpressionError, as `names_in` does; KeyError for a function that is none.

    >>> formula = "-2 * x**3 + leaky_relu(0.5, 0.1)"
    >>> [formula[place] for place in constants_in(formula)]
    ['-2', '0.5']
    """
    return _Formula(text, {}).constants()


def parse_expression(text: str, names: Mapping[str, float | Value]) -> Value:
    """The `Value` that a formula stands for; names become leaves with that label, one for each name.

    Numbers, names, + - * / // % **, brackets and the operations of the rule book as functions: `tanh(w*x + b)`. Each
    node's `source` is the part of the text that it stands for.

    Raises ExpressionError, a ValueError with the place in the text, for anything else, for a name that `names` does not
    have, for more than 10,000 characters and for nesting more than 100 deep; TypeError when `text` is not text.

    >>> loss = parse_expression("tanh(w*x + b) ** 2", {"w": 1.0, "x": 2.0, "b": -0.5})
    >>> round(loss.data, 6), loss.inputs[0].source.text
    (0.819293, 'tanh(w*x + b)')
    """
    leaves = {name: value if isinstance(value, Value) else Value(value, name) for name, value in names.items()}
    formula = _Formula(text, leaves)
    return as_value(formula.term(formula.tree(), MAX_DEPTH))


class _Formula:
    """A text, and what its names stand for. What is no formula is refused, and where."""

    def __init__(self, text: str, leaves: Mapping[str, Value]) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an expression is text such as 'tanh(w*x + b)', not {text!r:.80}")
        self.text = text
        if len(text) > MAX_LENGTH:
            problem = f"an expression may have {MAX_LENGTH:,} characters, and this one has {len(text):,}"
            raise self.refusal(problem, MAX_LENGTH)
        self.leaves = {_normal(name): leaf for name, leaf in leaves.items()}
        # On one line without an indent, a column of the tree is a place in the text. Words of Python's own, such as
        # lambda, are names like any other here, so its parser sees others of the same length.
        self.line = _KEYWORD.sub(lambda word: word[0][:-1] + "_", re.sub(r"\s", " ", text).lstrip())
        self.indent = len(text) - len(self.line)

    def refusal(self, problem: str, place: int) -> ExpressionError:
        return ExpressionError(problem, place, self.text)

    def tree(self) -> ast.expr:
        """What Python's parser makes of the text."""
        for pattern, problem in _REFUSED.items():
            if match := re.search(pattern, self.text, re.VERBOSE):
                raise self.refusal(problem.format(_quoted(match["at"])), match.start("at"))
        try:
            return ast.parse(self.line, mode="eval").body
        except SyntaxError as error:  # its offset counts from 1, and is 0 where the text ends too soon
            place = self.indent + error.offset - 1 if error.offset else len(self.text)
            found = f"there is {self.text[place]!r}" if error.offset else "the expression ends"
            expected = f"expected a number, a name or a bracket, but {found}"
            problem = next((ours for theirs, ours in _EXPLAINED.items() if theirs in error.msg), expected)
            raise self.refusal(problem, place) from error
        except (RecursionError, MemoryError) as error:
            problem = "this is too long or too deep for Python's parser; fsum(...) adds any number of terms"
            raise self.refusal(problem, 0) from error

    def names(self) -> list[str]:
        tree = self.tree()
        functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions]
        named = [_normal(self.text[self.span(node)]) for node in sorted(found, key=lambda node: node.col_offset)]
        return [name for name in dict.fromkeys(named) if name not in callable_operations()]

    def constants(self) -> list[slice]:
        found = []
        to_visit = [self.tree()]
        while to_visit:
            match to_visit.pop():
                case node if _is_number(node):
                    found.append(self.span(node))
                case ast.UnaryOp(operand=operand):
                    to_visit.append(operand)
                case ast.BinOp(left, ast.Pow(), right):
                    to_visit += [left] if _is_number(right) else [left, right]
                case ast.BinOp(left, _, right):
                    to_visit += [left, right]
                case ast.Call(ast.Name() as function, given):
                    to_visit += given[: inputs_of(_normal(self.text[self.span(function)]))]
        return sorted(found, key=lambda span: span.start)

    def span(self, node: ast.expr) -> slice:
        """The part of the text that a node of the tree stands for: the tree counts bytes."""
        line = self.line.encode()
        start, end = [len(line[:column].decode()) for column in (node.col_offset, node.end_col_offset)]
        return slice(self.indent + start, self.indent + end)

    def term(self, node: ast.expr, depth: int) -> Value | float:
        """What a node of the tree, and at most `depth` levels below it, stands for; a number alone stays a float."""
        span = self.span(node)
        if not depth:
            raise self.refusal(f"this is nested more than {MAX_DEPTH} deep", span.start)
        match node:
            case ast.Constant():
                return float(self.text[span])
            case ast.Name():
                return self.leaf(_normal(self.text[span]), span.start)
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.term(operand, depth - 1)
            case ast.UnaryOp(ast.USub(), operand):
                value = self.term(operand, depth - 1)
                return -value if isinstance(value, float) else self.computed(span, Value.__neg__, value)
            case ast.BinOp():
                return self.chain(node, depth)
            case ast.Call(ast.Name() as function, given, []):
                name = _normal(self.text[self.span(function)])
                self.attempt(span, check_name, name)
                return self.computed(span, call, name, [self.term(argument, depth - 1) for argument in given])
        raise self.refusal(f"{_quoted(self.text[span])} is no number, no name, no arithmetic and no call", span.start)

    def chain(self, node: ast.expr, depth: int) -> Value | float:
        """A sum or a product, however long: each operation is the left side of the next, so this is no recursion."""
        operations = []
        while isinstance(node, ast.BinOp):
            operations.append(node)
            node = node.left
        value = self.term(node, depth - 1)
        for operation in reversed(operations):
            right = self.term(operation.right, depth - 1)
            value = self.computed(self.span(operation), _INFIX[type(operation.op)], as_value(value), right)
        return value

    def leaf(self, name: str, place: int) -> Value:
        if name not in self.leaves:
            known = ", ".join(self.leaves) or "no names"
            cure = f"write {name}(...)" if name in callable_operations() else "give it a value, as in name=1"
            raise self.refusal(f"there is no value for {_quoted(name)} ({known} given; {cure})", place)
        return self.leaves[name]

    def computed(self, span: slice, function: Callable[..., Value], *arguments: Any) -> Value:
        """The result of an operation, which remembers its part of the text."""
        result = self.attempt(span, function, *arguments)
        if result.op is not None:
            result.source = Source("<expression>", 1, self.text[span])
        return result

    def attempt(self, span: slice, function: Callable[..., T], *arguments: Any) -> T:
        """What a function gives, and its complaint with the place in the text."""
        try:
            return function(*arguments)
        except ValueError as error:
            raise self.refusal(str(error), span.start) from error


def _is_number(node: ast.expr) -> bool:
    """Whether it is a number with its signs, which is a number too."""
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name)  # as Python compares names


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 30 else f"{word[:30]}…")
