"""The rule book as JavaScript: what the live page computes values and local derivatives with.

As `floats.specialize` does for Python, the rules of an operation run on symbols, and their formulas are written out.

    {forward: (a, b) => ..., locals: (y, a, b) => [...], misplaced: (a) => [...]}

`misplaced` is a mistake that people make: the derivative by the output, 1 - y², taken at the input, 1 - a².

May import: `op`; `floats`, `printing` and `symbols` of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tinygrad_edu.number_systems.floats import letters
from tinygrad_edu.number_systems.printing import javascript, javascript_array, repeated_calls
from tinygrad_edu.number_systems.symbols import Symbol, Symbols
from tinygrad_edu.op import RULE_BOOK, Op

__all__ = ["Script", "script"]


class _ScriptSymbols(Symbols):
    """Symbols, but for shares: they add up to 1 only when they are computed together."""

    def shares(self, terms: Iterable[Any], total: Any) -> list[Symbol]:
        together = list(terms)
        return [Symbol("[]", (Symbol("shares", (total, *together)), k)) for k in range(len(together))]


_symbols = _ScriptSymbols()


class Script:
    """The JavaScript of some operations: `rules`, one for each, and the `operations` that these call by name.

    >>> from tinygrad_edu import ops
    >>> Script().rule(ops.tanh, 1).partition(", locals")[0]
    '{forward: (a) => Math.tanh(a)'
    """

    def __init__(self) -> None:
        self.operations: dict[str, str] = {}

    def rule(self, operation: Op, count: int) -> str:
        """An operation on so many inputs, as an object of functions; its settings come after its inputs."""
        operation = operation.base or operation
        inputs, settings, parameters = _arguments(operation, count)
        output = operation.forward(_symbols, *inputs, *settings)
        y = Symbol("y")
        if callable(operation.derivatives):
            locals_ = list(operation.derivatives(_symbols, y, *inputs))
        else:
            locals_ = [derivative(_symbols, y, *inputs, *settings) for derivative in operation.derivatives]
        functions = [
            f"forward: ({parameters}) => {self._body([output], is_list=False)}",
            f"locals: (y, {parameters}) => {self._body(locals_)}",
        ]
        misplaced = [_plain(item) for item in locals_]
        if count == 1 and re.search(r"\by\b", javascript(misplaced[0])):
            text = re.sub(r"\by\b", "a", self._body(misplaced))
            functions.append(f"misplaced: ({parameters}) => {text}")
        return f"{{{', '.join(functions)}}}"

    def _body(self, formulas: Sequence[Any], is_list: bool = True) -> str:
        names = {text: f"shared{k}" for k, text in enumerate(repeated_calls(formulas, javascript))}
        written = [javascript(item, names) for item in formulas]
        result = javascript_array(written) if is_list else written[0]
        self._declare("".join([result, *names]))
        if not names:
            return result
        lines = "".join(f"const {name} = {text}; " for text, name in names.items())
        return f"{{ {lines}return {result}; }}"

    def _declare(self, text: str) -> None:
        """Each operation that is called by name becomes a function of its own."""
        for method in re.findall(r"\bop_(\w+)\(", text):
            if method not in self.operations:
                operation = RULE_BOOK[method]
                self.operations[method] = ""  # it may come again, and is being written
                assert not callable(operation.derivatives)
                inputs, settings, parameters = _arguments(operation, len(operation.derivatives))
                body = self._body([operation.forward(_symbols, *inputs, *settings)], is_list=False)
                self.operations[method] = f"const op_{method} = ({parameters}) => {body};\n"


def _arguments(operation: Op, count: int) -> tuple[list[Symbol], list[Symbol], str]:
    """The inputs and the settings as symbols, and both as the parameters of a function."""
    settings = [f"setting{k}" for k in range(len(operation.parameters))]
    if callable(operation.derivatives):
        return [Symbol(f"x[{k}]") for k in range(count)], [], "...x"
    names = letters(operation)
    return [*map(Symbol, names)], [*map(Symbol, settings)], ", ".join((*names, *settings))


def _plain(item: Any) -> Any:
    """The formula that people are shown."""
    if not isinstance(item, Symbol) or not item.operands:
        return item
    if item.head == "prefer":
        return _plain(item.operands[1])
    return Symbol(item.head, tuple(map(_plain, item.operands)))


def script(operations: Sequence[tuple[Op, int]]) -> str:
    """JavaScript for these operations, each with its number of inputs: declarations, and the array of rules at the end.

    >>> from tinygrad_edu import ops
    >>> print(script([(ops.exp, 1)]))
    return [
    {forward: (a) => Math.exp(a), locals: (y, a) => [y], misplaced: (a) => [a]},
    ];
    """
    written = Script()
    rules = "".join(f"{written.rule(operation, count)},\n" for operation, count in operations)
    return f"{''.join(written.operations.values())}return [\n{rules}];"
