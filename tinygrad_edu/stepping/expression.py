"""From the text of a formula to the graph of `Value`s that computes it.

The grammar is Python's own for arithmetic, and nothing else can be said in it:

    sum      product (("+" | "-") product)*
    product  unary (("*" | "/" | "//" | "%") unary)*
    unary    "-" unary | "+" unary | power
    power    atom ("**" unary)?
    atom     number | name | function "(" sum ("," sum)* ")" | "(" sum ")"

Text is read once, from left to right, and never evaluated as Python; time and memory are proportional to its
length, and numbers are floats, so that 9**9**9**9 is infinite rather than long.

May import: `ops`, `modes`, `value`, `functions`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Never, TypeAlias

from tinygrad_edu.functions import fsum, logsumexp, where
from tinygrad_edu.modes import Source
from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.value import Value, as_value

__all__ = ["FUNCTIONS", "parse_expression"]

MAX_LENGTH = 10_000
MAX_DEPTH = 100

_OF_SEVERAL: dict[str, Callable[..., Value]] = {
    "abs": abs,
    "fsum": lambda *values: fsum(values),
    "logsumexp": lambda *values: logsumexp(values),
    "where": where,
}


class _Functions(Mapping[str, Callable[..., Value]]):
    """The functions of several values, and the methods of `Value` that are operations, those declared later too."""

    def __getitem__(self, name: str) -> Callable[..., Value]:
        function: Callable[..., Value] = _OF_SEVERAL[name] if name in _OF_SEVERAL else getattr(Value, name)
        return function

    def __contains__(self, name: object) -> bool:
        return name in _OF_SEVERAL or (name in RULE_BOOK and hasattr(Value, str(name)))

    def __iter__(self) -> Iterator[str]:
        return (name for name in (*_OF_SEVERAL, *RULE_BOOK) if name in self)

    def __len__(self) -> int:
        return len(list(iter(self)))


#: What can be called.
FUNCTIONS = _Functions()

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number> (?:[0-9]+\.?[0-9]*|\.[0-9]+) (?:[eE][+-]?[0-9]+)? )
      | (?P<name>   [^\W\d]\w* )
      | (?P<symbol> \*\*|//|[-+*/%(),] )
      | (?P<end>    \Z )
    )""",
    re.VERBOSE,
)
#: A number stays a float until it meets a `Value`: exponents and settings have to be plain.
_Term: TypeAlias = "Value | float"


def parse_expression(text: str, names: Mapping[str, float | Value]) -> Value:
    """The `Value` that a formula stands for; names become leaves with that label, one for each name.

    Numbers, names, + - * / // % **, brackets and the operations of the rule book as functions: `tanh(w*x + b)`. Each
    node's `source` is the part of the text that it stands for.

    Raises ValueError, with the place in the text, for anything else, for a name that `names` does not have, for
    more than 10,000 characters and for brackets more than 100 deep; TypeError when `text` is not text.

    >>> loss = parse_expression("tanh(w*x + b) ** 2", {"w": 1.0, "x": 2.0, "b": -0.5})
    >>> round(loss.data, 6), loss.inputs[0].source.text
    (0.819293, 'tanh(w*x + b)')
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression is text such as 'tanh(w*x + b)', not {text!r:.80}")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"an expression may have {MAX_LENGTH:,} characters, and this one has {len(text):,}")
    leaves = {_normal(name): value if isinstance(value, Value) else Value(value, name) for name, value in names.items()}
    return _Parser(text, leaves).parse()


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name)  # as Python does with names


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 30 else f"{word[:30]}…")


class _Parser:
    """One token ahead of the text; each method reads what it is named after, and builds its node."""

    def __init__(self, text: str, leaves: Mapping[str, Value]) -> None:
        self.text = text
        self.leaves = leaves
        self.depth = 0
        self.end = 0  # where the last token that was taken ends
        self.look_ahead()

    def look_ahead(self) -> None:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            start = len(self.text) - len(self.text[self.end :].lstrip())
            self.fail(f"{self.text[start]!r} has no meaning in a formula", start)
        self.kind = str(match.lastgroup)
        self.token = match[self.kind]
        self.start, self.token_end = match.span(self.kind)

    def take(self) -> str:
        taken, self.end = self.token, self.token_end
        self.look_ahead()
        return taken

    def expect(self, symbol: str, opened_at: int) -> None:
        if self.token != symbol:
            if self.kind == "end":
                self.fail("this bracket is never closed", opened_at)
            self.fail(f"expected an operator or {symbol!r}, not {_quoted(self.token)}", self.start)
        self.take()

    def fail(self, problem: str, place: int) -> Never:
        before, after = self.text[max(place - 30, 0) : place], self.text[place : place + 30]
        message = f"{problem}, at character {place + 1} of the expression: {before}⟨here⟩{after}"
        raise ValueError("".join(c if c.isprintable() else ascii(c)[1:-1] for c in message))

    # The grammar.

    def parse(self) -> Value:
        result = self.sum()
        if self.kind != "end":
            self.fail(f"expected an operator, not {_quoted(self.token)}", self.start)
        return as_value(result)

    def sum(self) -> _Term:
        start, left = self.start, self.product()
        while self.token in ("+", "-"):
            left = self.node(start, _INFIX[self.take()], left, self.product())
        return left

    def product(self) -> _Term:
        start, left = self.start, self.unary()
        while self.token in ("*", "/", "//", "%"):
            left = self.node(start, _INFIX[self.take()], left, self.unary())
        return left

    def unary(self) -> _Term:
        # Whatever is nested passes through here, so here is where depth is counted.
        if self.depth == MAX_DEPTH:
            self.fail(f"this is nested more than {MAX_DEPTH} deep", self.start)
        self.depth += 1
        start = self.start
        if self.token == "-":
            self.take()
            operand = self.unary()
            result: _Term = -operand if isinstance(operand, float) else self.node(start, Value.__neg__, operand)
        elif self.token == "+":
            self.take()
            result = self.unary()
        else:
            result = self.power()
        self.depth -= 1
        return result

    def power(self) -> _Term:
        start, base = self.start, self.atom()
        if self.token != "**":
            return base
        self.take()
        return self.node(start, Value.__pow__, base, self.unary())

    def atom(self) -> _Term:
        start = self.start
        if self.kind == "number":
            return self.number()
        if self.kind == "name":
            name = self.take()
            return self.call(name, start) if self.token == "(" else self.variable(name, start)
        if self.token != "(":
            found = "the expression ends" if self.kind == "end" else f"there is {_quoted(self.token)}"
            self.fail(f"expected a number, a name or a bracket, but {found}", start)
        self.take()
        inner = self.sum()
        self.expect(")", start)
        return inner

    def number(self) -> float:
        if self.text[self.token_end : self.token_end + 1].isidentifier():
            self.fail(f"a product needs its sign, as in 2*{self.text[self.token_end]}", self.start)
        return float(self.take())

    def variable(self, name: str, start: int) -> Value:
        if not name.isidentifier():  # x² is none, though it would be x2 once normalized
            self.fail(f"{_quoted(name)} is neither a name nor a number", start)
        leaf = self.leaves.get(_normal(name))
        if leaf is None:
            known = ", ".join(self.leaves) or "no names"
            cure = f"write {name}(...)" if name in FUNCTIONS else "give it a value, as in name=1"
            self.fail(f"there is no value for {_quoted(name)} ({known} given; {cure})", start)
        return leaf

    def call(self, name: str, start: int) -> Value:
        if name not in FUNCTIONS:
            close = difflib.get_close_matches(name, FUNCTIONS, n=3) or sorted(FUNCTIONS)
            self.fail(f"there is no function {_quoted(name)}; there is {', '.join(close)}", start)
        opened_at = self.start
        self.take()
        arguments = [self.sum()]
        while self.token == ",":
            self.take()
            arguments.append(self.sum())
        self.expect(")", opened_at)
        self.check_arguments(name, arguments, start)
        return self.node(start, FUNCTIONS[name], *arguments)

    def check_arguments(self, name: str, arguments: list[_Term], start: int) -> None:
        """A function takes its inputs, and after them its settings, which have to be plain numbers."""
        operation = RULE_BOOK.get("absolute" if name == "abs" else name)
        assert operation is not None
        if callable(operation.derivatives):
            return
        inputs = len(operation.derivatives)
        most = inputs + len(operation.parameters)
        fewest = most - len(operation.defaults)
        if not fewest <= len(arguments) <= most:
            takes = str(most) if fewest == most else f"{fewest} or {most}"
            self.fail(f"{name} takes {takes} argument{'s' if most > 1 else ''}, not {len(arguments)}", start)
        for parameter, setting in zip(operation.parameters, arguments[inputs:], strict=False):
            if isinstance(setting, Value):
                self.fail(f"the {parameter} of {name} must be a plain number", start)

    def node(self, start: int, function: Callable[..., Value], first: _Term, *others: _Term) -> Value:
        """The result of an operation, which remembers its part of the text."""
        try:
            made = function(as_value(first), *others)
        except ValueError as error:
            self.fail(str(error), start)
        if made.op is not None:
            made.source = Source("<expression>", 1, self.text[start : self.end].strip())
        return made


_INFIX: dict[str, Callable[..., Value]] = {
    "+": Value.__add__,
    "-": Value.__sub__,
    "*": Value.__mul__,
    "/": Value.__truediv__,
    "//": Value.__floordiv__,
    "%": Value.__mod__,
}
