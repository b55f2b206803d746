"""A loop over arrays as a module of LLVM: row by row, several elements side by side, and then those that are left.

May import: `assembly` of this folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tinygrad_edu.replay.assembly import INTRINSICS, Assembly

__all__ = ["ALONG", "APART", "FIELDS", "SAME", "LoopStep", "Operand", "loop_module"]

#: How the elements of a row lie: side by side, all in one place, or so far apart as is said when it runs.
ALONG, SAME, APART = "along", "same", "apart"
#: What a loop is told first; then, of each array, its address and how far apart its rows are, and its elements.
FIELDS = ("rows", "columns")
#: So many bytes are computed side by side: a register or two.
WIDTH = 64


class Operand(NamedTuple):
    """An array as a loop sees it."""

    lies: str
    is_truth: bool  # a byte, 1 or 0


class LoopStep(NamedTuple):
    """One instruction: its formula of {0}, {1}, ..., and the numbers of these: first arrays are counted, then steps."""

    formula: Any
    operands: tuple[int, ...]


def loop_module(
    reads: Sequence[Operand], steps: Sequence[LoopStep], writes: Sequence[tuple[int, Operand]], single: bool
) -> str:
    """The module, whose function `run` is given the address of its fields; `writes` says which steps are written."""
    return _LoopWriter(reads, steps, writes, single).text()


class _LoopWriter:
    """A loop being written."""

    def __init__(
        self, reads: Sequence[Operand], steps: Sequence[LoopStep], writes: Sequence[tuple[int, Operand]], single: bool
    ) -> None:
        self.reads, self.steps, self.writes, self.single = reads, steps, writes, single
        self.arrays = [*reads, *[operand for _, operand in writes]]
        self.is_wide = all(array.lies != APART for array in self.arrays)
        self.lanes = WIDTH // (4 if single else 8)

    def text(self) -> str:
        """The module as text."""
        lines = [*self._head(), *(self._body(self.lanes) if self.is_wide else ()), *self._body(1), *self._foot()]
        function = "define void @run(ptr %fields) {\nentry:\n  " + "\n  ".join(lines) + "\n}\n"
        return "\n".join([*self._declared(), function])

    def _declared(self) -> Iterator[str]:
        for lanes in {1, self.lanes}:
            code = Assembly(lanes, self.single)
            for name in INTRINSICS.values():
                yield f"declare {code.type} @llvm.{name}.{code.suffix}({code.type})"

    def _head(self) -> Iterator[str]:
        """Read the fields, and begin a row."""
        for k, name in enumerate(FIELDS):
            yield from _field(k, name, "i64")
        for k in range(len(self.arrays)):
            for place, (name, kind) in enumerate((("array", "ptr"), ("step", "i64"), ("gap", "i64"))):
                yield from _field(len(FIELDS) + 3 * k + place, f"{name}{k}", kind)
        yield f"%whole = and i64 %columns, {-self.lanes}"
        yield "br label %row"
        yield "row:"
        yield "%r = phi i64 [ 0, %entry ], [ %r.next, %row.end ]"
        for k in range(len(self.arrays)):
            yield f"%row{k} = phi ptr [ %array{k}, %entry ], [ %row{k}.next, %row.end ]"
        yield "%is.short = icmp eq i64 %whole, 0"
        first = f"loop{self.lanes}.begin" if self.is_wide else "loop1.begin"
        yield f"br i1 %is.short, label %loop1.begin, label %{first}"

    def _body(self, lanes: int) -> Iterator[str]:
        """The loop along a row: of so many elements side by side, or of those that are left, one by one."""
        code, name = Assembly(lanes, self.single, register=f"of{lanes}_"), f"loop{lanes}"
        is_rest = self.is_wide and lanes == 1
        start, end = ("%whole" if is_rest else "0"), ("%columns" if lanes == 1 else "%whole")
        after = "row.end" if lanes == 1 else "loop1.begin"
        same = {k: self._taken(code, k, "0") for k, array in enumerate(self.reads) if array.lies == SAME}
        yield f"{name}.begin:"
        yield from code.lines
        if lanes == 1:
            yield f"%{name}.any = icmp ult i64 {start}, {end}"
            yield f"br i1 %{name}.any, label %{name}, label %{after}"
        else:
            yield f"br label %{name}"
        yield f"{name}:"
        code.lines.clear()
        registers = [same.get(k) or self._taken(code, k, f"%{name}.c") for k in range(len(self.reads))]
        for formula, operands in self.steps:
            names = {f"{{{k}}}": registers[operand] for k, operand in enumerate(operands)}
            registers.append(code.number(formula, names))
        for k, (step, _) in enumerate(self.writes, start=len(self.reads)):
            self._give(code, k, registers[len(self.reads) + step], f"%{name}.c")
        yield f"%{name}.c = phi i64 [ {start}, %{name}.begin ], [ %{name}.next, %{name} ]"
        yield from code.lines
        yield f"%{name}.next = add i64 %{name}.c, {lanes}"
        yield f"%{name}.more = icmp ult i64 %{name}.next, {end}"
        yield f"br i1 %{name}.more, label %{name}, label %{after}"

    def _address(self, code: Assembly, k: int, column: str) -> str:
        if self.arrays[k].lies == APART:
            offset = code.do(f"mul i64 {column}, %gap{k}")
            return code.do(f"getelementptr i8, ptr %row{k}, i64 {offset}")
        kind = "i8" if self.arrays[k].is_truth else code.scalar
        return code.do(f"getelementptr {kind}, ptr %row{k}, i64 {column}")

    def _taken(self, code: Assembly, k: int, column: str) -> str:
        """An element, or several side by side, or one in all lanes."""
        is_same, is_truth = self.arrays[k].lies == SAME, self.arrays[k].is_truth
        scalar = "i8" if is_truth else code.scalar
        kind = scalar if is_same else code.vector(scalar)
        element = code.do(f"load {kind}, ptr {self._address(code, k, column)}, align 1")
        element = code.in_all_lanes(element, scalar) if is_same else element
        if not is_truth:
            return element
        zero = "0" if code.lanes == 1 else "zeroinitializer"
        return code.as_number(code.do(f"icmp ne {code.vector('i8')} {element}, {zero}"))

    def _give(self, code: Assembly, k: int, register: str, column: str) -> None:
        kind = code.type
        if self.arrays[k].is_truth:
            kind = code.vector("i8")
            register = code.do(f"zext {code.truth} {code.truths[register]} to {kind}")
        code.lines.append(f"store {kind} {register}, ptr {self._address(code, k, column)}, align 1")

    def _foot(self) -> Iterator[str]:
        yield "row.end:"
        for k in range(len(self.arrays)):
            yield f"%row{k}.next = getelementptr i8, ptr %row{k}, i64 %step{k}"
        yield "%r.next = add i64 %r, 1"
        yield "%r.more = icmp ult i64 %r.next, %rows"
        yield "br i1 %r.more, label %row, label %done"
        yield "done:"
        yield "ret void"


def _field(place: int, name: str, kind: str) -> Iterator[str]:
    yield f"%{name}.at = getelementptr i64, ptr %fields, i64 {place}"
    yield f"%{name} = load {kind}, ptr %{name}.at"
