"""Straight lines as a module of LLVM: a function for each piece, and one that runs them for all examples.

The numbers that pieces hand on lie on a tape, a row of `lanes` numbers for each: so many examples are computed side by
side. Inputs, outputs and gradients are the arrays of the program, the examples along the last axis.

May import: `assembly`, `pieces` and `straight` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tinygrad_edu.replay.assembly import CALLED_BACK, INTRINSICS, Assembly, c_functions
from tinygrad_edu.replay.pieces import Piece, pieces
from tinygrad_edu.replay.straight import StraightLine, StraightLines

__all__ = ["FIELDS", "MachineModule", "machine_module"]

#: A piece has so many lines at most: what optimizes them takes a time that grows faster than their number.
LONGEST = 200
#: What a run is told: addresses, but for the last four. `stride` is how far apart the numbers of an example lie,
#: `chunks` how often `lanes` examples are computed, `last` how many of the last ones count, `seed` their weight.
FIELDS = ("data", "theta", "tape", "sums", "outputs", "gradient", "stride", "chunks", "last", "seed")
_ARGUMENTS = "ptr %data, ptr %theta, ptr %tape, ptr %sums, ptr %outputs, i64 %stride, i64 %used, double %seed"


class MachineModule(NamedTuple):
    """The text of a module, and how many rows of a tape it needs."""

    text: str
    tape: int


class _ModuleWriter:
    """Pieces being written."""

    def __init__(self, lines: StraightLines, n_data: int, differentiated: bool, lanes: int) -> None:
        self.lines = lines
        self.lanes = lanes
        self.data = range(n_data)
        self.params = range(n_data, n_data + len(lines.gradient))
        self.gradient = [(k, g) for k, g in enumerate(lines.gradient) if g is not None] if differentiated else []
        written: Sequence[StraightLine] = [*lines.forward, *(lines.backward if differentiated else ())]
        results = [*lines.outputs, *[g for _, g in self.gradient]]
        given = [self.data, self.params, [lines.seed]]
        self.pieces = pieces(written, given, results, LONGEST)
        self.slots: dict[int, int] = {}
        for piece in self.pieces:
            for variable in piece.gives:
                self.slots.setdefault(variable, len(self.slots))

    def piece(self, number: int, piece: Piece) -> str:
        """A piece as a function."""
        code = Assembly(self.lanes)
        registers = {k: code.constant(constant) for k, constant in self.lines.constants.items()}
        for place, variables in piece.takes.items():
            for variable in variables:
                registers[variable] = self._taken(code, place, variable)
        for target, formula, operands in piece.lines:
            names = {f"{{{k}}}": registers[operand] for k, operand in enumerate(operands)}
            registers[target] = code.number(formula.symbol, names)
            if target in self.slots:
                self._store(code, registers[target], "%tape", self.slots[target])
        if piece is self.pieces[-1]:
            self._give_results(code, registers)
        asked = f"%asked = alloca double, i64 {code.most_called_back}" if code.most_called_back else ""
        body = "\n  ".join([asked, *code.lines, "ret void"])
        return f"define internal void @piece{number}({_ARGUMENTS}) noinline {{\nentry:\n  {body}\n}}\n"

    def _taken(self, code: Assembly, place: int, variable: int) -> str:
        if place == 0:  # an input: the numbers of several examples stand side by side
            offset = code.do(f"mul i64 %stride, {variable}")
            address = code.do(f"getelementptr double, ptr %data, i64 {offset}")
            return code.do(f"load {code.type}, ptr {address}, align 8")
        if place == 1:
            address = code.do(f"getelementptr double, ptr %theta, i64 {variable - self.params.start}")
            return code.in_all_lanes(code.do(f"load double, ptr {address}"))
        if place == 2:
            return code.in_all_lanes("%seed")
        address = code.do(f"getelementptr {code.type}, ptr %tape, i64 {self.slots[variable]}")
        return code.do(f"load {code.type}, ptr {address}, align 8")

    def _store(self, code: Assembly, register: str, where: str, row: int) -> None:
        address = code.do(f"getelementptr {code.type}, ptr {where}, i64 {row}")
        code.lines.append(f"store {code.type} {register}, ptr {address}, align 8")

    def _give_results(self, code: Assembly, registers: dict[int, str]) -> None:
        """The outputs of these examples; their gradients are added to those of others, if they count."""
        for k, output in enumerate(self.lines.outputs):
            offset = code.do(f"mul i64 %stride, {k}")
            address = code.do(f"getelementptr double, ptr %outputs, i64 {offset}")
            code.lines.append(f"store {code.type} {registers[output]}, ptr {address}, align 8")
        counts = ""
        if self.lanes > 1 and self.gradient:
            first = code.do(f"insertelement <{self.lanes} x i64> poison, i64 %used, i32 0")
            used = code.do(
                f"shufflevector <{self.lanes} x i64> {first}, <{self.lanes} x i64> poison, "
                f"<{self.lanes} x i32> zeroinitializer"
            )
            lanes = ", ".join(f"i64 {k}" for k in range(self.lanes))
            counts = code.do(f"icmp ult <{self.lanes} x i64> <{lanes}>, {used}")
        for k, variable in self.gradient:
            address = code.do(f"getelementptr {code.type}, ptr %sums, i64 {k}")
            before = code.do(f"load {code.type}, ptr {address}, align 8")
            handed = registers[variable]
            if counts:
                zero = code.constant(0.0)
                handed = code.do(f"select {code.truth} {counts}, {code.type} {handed}, {code.type} {zero}")
            total = code.do(f"fadd {code.type} {before}, {handed}")
            code.lines.append(f"store {code.type} {total}, ptr {address}, align 8")

    def main(self) -> str:
        """The function that runs the pieces for one chunk of examples after the other."""
        code = Assembly(self.lanes)
        for k, field in enumerate(FIELDS):
            kind = "ptr" if k < FIELDS.index("stride") else "double" if field == "seed" else "i64"
            address = code.do(f"getelementptr i64, ptr %fields, i64 {k}")
            code.lines.append(f"%{field} = load {kind}, ptr {address}")
        rows = len(self.params) if self.gradient else 0
        code.lines += [
            f"call void @llvm.memset.p0.i64(ptr %sums, i8 0, i64 {8 * self.lanes * rows}, i1 false)",
            "%final = sub i64 %chunks, 1",
            "br label %chunk",
            "chunk:",
            "%k = phi i64 [ 0, %entry ], [ %next, %chunk ]",
            "%is_last = icmp eq i64 %k, %final",
            f"%used = select i1 %is_last, i64 %last, i64 {self.lanes}",
            f"%start = mul i64 %k, {self.lanes}",
            "%data_here = getelementptr double, ptr %data, i64 %start",
            "%outputs_here = getelementptr double, ptr %outputs, i64 %start",
        ]
        arguments = _ARGUMENTS.replace("%data", "%data_here").replace("%outputs", "%outputs_here")
        code.lines += [f"call void @piece{number}({arguments})" for number in range(len(self.pieces))]
        code.lines += ["%next = add i64 %k, 1", "br i1 %is_last, label %done, label %chunk", "done:"]
        if rows:
            code.lines += self._total(rows)
        return "define void @run(ptr %fields) {\nentry:\n  " + "\n  ".join([*code.lines, "ret void"]) + "\n}\n"

    def _total(self, rows: int) -> list[str]:
        """The gradient: the sums of all lanes, added to 0 as on the sweep."""
        kind = "double" if self.lanes == 1 else f"<{self.lanes} x double>"
        reduce = f"call double @llvm.vector.reduce.fadd.v{self.lanes}f64(double 0.0, {kind} %row)"
        return [
            "br label %each",
            "each:",
            "%p = phi i64 [ 0, %done ], [ %after, %each ]",
            f"%from = getelementptr {kind}, ptr %sums, i64 %p",
            f"%row = load {kind}, ptr %from, align 8",
            f"%whole = {'fadd double %row, 0.0' if self.lanes == 1 else reduce}",
            "%to = getelementptr double, ptr %gradient, i64 %p",
            "store double %whole, ptr %to",
            "%after = add i64 %p, 1",
            f"%more = icmp ult i64 %after, {rows}",
            "br i1 %more, label %each, label %end",
            "end:",
        ]


def machine_module(lines: StraightLines, n_data: int, differentiated: bool, lanes: int) -> MachineModule:
    """A program as a module of LLVM, whose function `run` is given the address of its `FIELDS`."""
    source = _ModuleWriter(lines, n_data, differentiated, lanes)
    functions = [source.piece(number, piece) for number, piece in enumerate(source.pieces)]
    return MachineModule("\n".join([*_declared(lanes), *functions, source.main()]), max(len(source.slots), 1))


def _declared(lanes: int) -> list[str]:
    """What the functions call: nothing of the C library has an effect, and what asks Python may have one."""
    kind, suffix = ("double", "f64") if lanes == 1 else (f"<{lanes} x double>", f"v{lanes}f64")
    text = [
        *[f"declare {kind} @llvm.{name}.{suffix}({kind})" for name in INTRINSICS.values()],
        f"declare {kind} @llvm.copysign.{suffix}({kind}, {kind})",
        "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
    ]
    if lanes > 1:
        text += [
            f"declare i1 @llvm.vector.reduce.and.v{lanes}i1(<{lanes} x i1>)",
            f"declare double @llvm.vector.reduce.fadd.{suffix}(double, {kind})",
        ]
    for name in c_functions():
        arguments = "double, double" if name in ("power", "fmod", "arctan2") else "double"
        text.append(f"declare double @rule_{name}({arguments}) memory(none) willreturn nounwind")
    return [*text, *[f"declare double @python_{name}(ptr, i64)" for name in CALLED_BACK]]
