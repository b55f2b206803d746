"""Variables of an array program, and the builder that writes them.

A `Var` is one array, written once, by one instruction. `Builder` is a number system: the rule book runs on `Var`s, and
so writes instructions. A number that does not change is `Known`, and so is what it makes of other known numbers.

May import: `ops`, `number_systems`; `cases`, `elementwise`, `instruction`, `known`, `prefer`, `rows` and `sums` of this
folder; NumPy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.number_systems import PRIMITIVES, identities
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.number_systems.primitives import unknown
from tinygrad_edu.replay.cases import MOST, TRUTH, Cases
from tinygrad_edu.replay.elementwise import BOOLEAN, Elementwise
from tinygrad_edu.replay.instruction import Constant, Instruction, Leaf
from tinygrad_edu.replay.known import Known, known
from tinygrad_edu.replay.prefer import Formula, Prefer
from tinygrad_edu.replay.rows import Repeat, Rows, Spread
from tinygrad_edu.replay.sums import SegmentSum

__all__ = ["Builder", "Var"]


class Var:
    """One array of a program: `rows` scalars, for each example of the batch or, unbatched, for all at once."""

    __slots__ = ("batched", "builder", "instruction", "operands", "rows", "stands_for")

    def __init__(self, builder: Builder, instruction: Instruction, operands: tuple[Var, ...], rows: int, batched: bool):
        self.builder = builder
        self.instruction = instruction
        self.operands = operands
        self.rows = rows
        self.batched = batched
        self.stands_for: list[int] = []  # the scalars it computes, by number

    @property
    def dtype(self) -> type:
        """What its elements are."""
        return self.instruction.dtype

    @property
    def is_view(self) -> bool:
        """Whether it is memory of another variable, seen otherwise, and costs nothing."""
        return self.instruction.is_view

    # A gradient in parts and a local derivative that is a matrix know themselves what + and × mean for them.

    def __add__(self, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        return self.builder.elementwise("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.builder.elementwise("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.builder.elementwise("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        # A truth value times 1 is a number, which is more than a truth value.
        shorter = identities.product(self, other) if isinstance(other, float) and self.dtype is not bool else None
        return self.builder.elementwise("multiply", self, other) if shorter is None else shorter

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self.builder.elementwise("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.builder.elementwise("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        shorter = identities.power(self, other) if isinstance(other, float) else None
        return self.builder.elementwise("power", self, other) if shorter is None else shorter

    def __rpow__(self, other: Any) -> Any:
        return self.builder.elementwise("power", other, self)

    def __mod__(self, other: Any) -> Any:
        return self.builder.remainder(self, other)

    def __rmod__(self, other: Any) -> Any:
        return self.builder.remainder(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self.builder.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self.builder.floor_divide(other, self)

    def __neg__(self) -> Any:
        return self.builder.elementwise("negative", self)

    def __abs__(self) -> Any:
        return self.builder.abs(self)

    def __gt__(self, other: Any) -> Any:
        return self.builder.elementwise("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.builder.elementwise("greater_equal", self, other)

    def __lt__(self, other: Any) -> Any:
        return self.builder.elementwise("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self.builder.elementwise("less_equal", self, other)

    def __eq__(self, other: object) -> Any:
        return self.builder.elementwise("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self.builder.elementwise("not_equal", self, other)

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError("a rule may not ask whether an array is true: use m.where(condition, a, b)")

    def __and__(self, other: Any) -> Any:
        if isinstance(other, bool):  # decided already: the other side is a constant
            return self if other else False
        return self.builder.elementwise("logical_and", self, other)

    __rand__ = __and__


def _is_operand(item: Any) -> bool:
    return isinstance(item, (Var, int, float))


class Builder:
    """Writes instructions; as a number system it is what the rule book runs on."""

    def __init__(self) -> None:
        self.written: list[Var] = []
        self._known: dict[Any, Var] = {}

    def write(self, instruction: Instruction, operands: Sequence[Var], rows: int, batched: bool) -> Var:
        """A new variable, or the one that the same instruction has already written."""
        key = (instruction.key(), *map(id, operands))
        if key not in self._known:
            var = Var(self, instruction, tuple(operands), rows, batched)
            self._known[key] = var
            self.written.append(var)
        return self._known[key]

    def constants(self, numbers: Sequence[float]) -> Var:
        """An array of these numbers, the same for every example."""
        return self.write(Constant(tuple(map(float, numbers))), (), len(numbers), False)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method in PRIMITIVES:
            return partial(self.elementwise, PRIMITIVES[method].numpy or method)
        if method in ops.RULE_BOOK:
            return partial(ops.RULE_BOOK[method].forward, self)
        raise unknown(method)

    def elementwise(self, function: str, *arguments: Any) -> Any:
        """One function on every element."""
        if function not in _OF_TRUTH:
            arguments = tuple(map(self.as_number, arguments))
        operands = [argument for argument in arguments if isinstance(argument, Var)]
        if not operands:
            return Known(getattr(floats, function)(*map(float, arguments)))
        numbers = tuple([None if isinstance(argument, Var) else float(argument) for argument in arguments])
        instruction = Elementwise(function, numbers)
        rows = max(operand.rows for operand in operands)
        return self.write(instruction, operands, rows, any(operand.batched for operand in operands))

    def as_number(self, item: Any) -> Any:
        """1 for true and 0 for false: NumPy would take + of truth values for "or", and - for an error."""
        return self._cases(TRUTH, [item]) if isinstance(item, Var) and item.dtype is bool else item

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`; a known condition decides now."""
        if not isinstance(condition, Var):
            return known(a if condition else b)
        if condition.dtype is bool and not isinstance(a, Var):
            if not isinstance(b, Var):
                return self._cases((float(a), float(b)), [condition])
            if isinstance(b.instruction, Cases) and len(b.operands) < MOST:
                return self._cases((float(a), *b.instruction.numbers), [condition, *b.operands])
        return self.elementwise("where", condition, a, b)

    def _cases(self, numbers: tuple[float, ...], conditions: Sequence[Var]) -> Var:
        """The number of the first of these conditions that holds."""
        rows = max(condition.rows for condition in conditions)
        return self.write(Cases(numbers), conditions, rows, any(condition.batched for condition in conditions))

    def prefer(self, plain: Any, good: Any, otherwise: Callable[..., Any], *inputs: Any) -> Any:
        """`plain` where it is good, else what `otherwise` makes of the inputs, which is computed only for those."""
        if not isinstance(good, Var):
            return known(plain if good else otherwise(self, *inputs))
        if not isinstance(plain, Var):
            plain = self.constants([plain])
        inputs = tuple(map(self.as_number, inputs))
        operands = [plain, good, *[item for item in inputs if isinstance(item, Var)]]
        numbers = tuple([None if isinstance(item, Var) else float(item) for item in inputs])
        instruction = Prefer(otherwise, numbers, _formula(otherwise, numbers))
        rows = max(operand.rows for operand in operands)
        return self.write(instruction, operands, rows, any(operand.batched for operand in operands))

    # Of many numbers, as a rule on single numbers may want them; `forms` has the operations on whole arrays.

    def fsum(self, terms: Sequence[Any]) -> Any:
        """The sum of the terms."""
        return reduce(operator.add, terms) if terms else Known(0.0)

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        """The sum of products, plus the bias."""
        return reduce(operator.add, map(operator.mul, weights, inputs), bias)

    def norm(self, terms: Sequence[Any]) -> Any:
        """The root of the sum of squares."""
        return reduce(self.hypot, terms, Known(0.0))

    def choose(self, index: Any, options: Sequence[Any]) -> Any:
        """The option that the index names."""
        last = len(options) - 1
        return reduce(lambda rest, k: self.where(index == float(k), options[k], rest), range(last), options[last])

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """The logarithm of the sum of exponentials."""
        return reduce(self.logaddexp, terms)

    def shares(self, terms: Sequence[Any], total: Any) -> list[Any]:
        """exp(termᵢ - total) for each term, made to add up to 1; equal infinities have equal shares."""
        raised = [self.where(term == total, 1.0, self.exp(term - total)) for term in terms]
        return [share / self.fsum(raised) for share in raised]

    # Rows -------------------------------------------------------------------------------------------------

    def rows(self, var: Var, index: slice | np.ndarray[Any, Any]) -> Var:
        """Some rows of an array; all of them, in order, are the array itself."""
        count = len(range(*index.indices(var.rows))) if isinstance(index, slice) else len(index)
        if isinstance(index, slice) and count == var.rows and index.start == 0:
            return var
        return self.write(Rows(index), [var], count, var.batched)

    def repeat(self, var: Var, times: int) -> Var:
        """One row, `times` times."""
        return var if times == 1 else self.write(Repeat(times), [var], times, var.batched)

    def per_example(self, var: Var) -> Var:
        """An unbatched array as a batched one."""
        return var if var.batched else self.write(Spread(), [var], var.rows, True)

    def segment_sum(self, var: Var, lengths: tuple[int, ...]) -> Var:
        """Sums of consecutive rows."""
        return var if max(lengths) == 1 else self.write(SegmentSum(lengths), [var], len(lengths), var.batched)

    def segment_expand(self, var: Var, lengths: tuple[int, ...]) -> Var:
        """Each row as often as its segment is long: the transpose of `segment_sum`."""
        if max(lengths) == 1:
            return var
        if len(lengths) == 1:
            return self.repeat(var, lengths[0])
        return self.rows(var, np.repeat(np.arange(len(lengths)), lengths))


#: Functions that take truth values for what they are.
_OF_TRUTH = {*BOOLEAN, "where"}


def _formula(rule: Callable[..., Any], numbers: Sequence[float | None]) -> Formula:
    """What a rule makes of some known numbers and, where there is None, some that are not known yet."""
    builder = Builder()
    inputs = [builder.write(Leaf(f"input{k}"), (), 1, True) for k, number in enumerate(numbers) if number is None]
    given = iter(inputs)
    result = rule(builder, *[next(given) if number is None else Known(number) for number in numbers])
    result = result if isinstance(result, Var) else builder.constants([result])
    place = {var: k for k, var in enumerate(builder.written)}
    steps = [(v.instruction, tuple(place[operand] for operand in v.operands)) for v in builder.written[len(inputs) :]]
    return Formula(tuple(steps), place[result])
