"""Formulas as instructions of LLVM, for one number at a time or for several examples side by side in a vector.

Every function is the one that eager code calls: those of the C library, on which Python's `math` stands, and for what
Python computes in its own way, such as `hypot`, Python itself is called back. So the numbers are the same to the last
bit. Nothing is reordered or contracted: LLVM does that only where it is allowed to, and here it is not.

May import: `op`, `ops`, `number_systems`; `formulas` of this folder.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinygrad_edu.number_systems import PRIMITIVES, TRUTH, Symbol
from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.ops import split_dot
from tinygrad_edu.replay.formulas import Rules

__all__ = ["CALLED_BACK", "INTRINSICS", "Assembly", "c_functions"]

_OPERATORS = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
#: nan is not equal to anything, itself included, and neither above nor below it.
_COMPARISONS = {">": "ogt", ">=": "oge", "<": "olt", "<=": "ole", "==": "oeq", "!=": "une"}
#: What LLVM has by itself, under these names.
INTRINSICS = {"abs": "fabs", "sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint"}
#: What Python computes in a way of its own, so that it is asked.
CALLED_BACK = ("hypot", "norm", "logsumexp", "fsum")


def c_functions() -> dict[str, str]:
    """The functions of the C library that formulas call, by the name of the primitive.

    >>> c_functions()["arcsin"]
    'asin'
    """
    named = {name: primitive.math for name, primitive in PRIMITIVES.items() if primitive.math}
    own = {name: c for name, c in named.items() if name not in (*INTRINSICS, *CALLED_BACK)}
    return {**own, "power": "pow", "fmod": "fmod"}


class Assembly:
    """The body of a function of LLVM, written instruction by instruction.

    >>> code = Assembly(lanes=1)
    >>> result = code.number(1.0 - Symbol("a") * Symbol("a"), {"a": "%a"})
    >>> print(*code.lines, sep="; ")
    %r1 = fmul double %a, %a; %r2 = fsub double 0x3FF0000000000000, %r1
    """

    def __init__(self, lanes: int, single: bool = False, register: str = "r") -> None:
        self.lanes = lanes
        self.register = register  # what registers are called, before their number
        self.scalar = "float" if single else "double"
        self.type = self.vector(self.scalar)
        self.truth = self.vector("i1")
        self.suffix = f"{'' if lanes == 1 else f'v{lanes}'}f{32 if single else 64}"  # of the functions of LLVM
        self.lines: list[str] = []
        self.calls = 0  # of functions of the C library, and of Python
        self.most_called_back = 0  # how many numbers Python is given at once
        self.truths: dict[str, str] = {}  # of a register that is 1 or 0, the truth value that it is made of
        self._block = "entry"
        self._count = 0

    def do(self, instruction: str) -> str:
        """Write an instruction, and give its result a name."""
        self._count += 1
        self.lines.append(f"%{self.register}{self._count} = {instruction}")
        return f"%{self.register}{self._count}"

    def vector(self, kind: str) -> str:
        """The type of so many lanes."""
        return kind if self.lanes == 1 else f"<{self.lanes} x {kind}>"

    def constant(self, number: float) -> str:
        """A number, for all lanes; LLVM writes one of single precision with the bits of its double."""
        if self.scalar == "float":
            number = ctypes.c_float(number).value
        (bits,) = struct.unpack("<Q", struct.pack("<d", number))
        return self.spread(f"0x{bits:016X}")

    def spread(self, literal: str) -> str:
        """The same literal in all lanes."""
        return literal if self.lanes == 1 else f"<{', '.join([f'{self.scalar} {literal}'] * self.lanes)}>"

    def in_all_lanes(self, number: str, scalar: str = "") -> str:
        """The number of a register in all lanes."""
        if self.lanes == 1:
            return number
        kind = self.vector(scalar or self.scalar)
        first = self.do(f"insertelement {kind} poison, {scalar or self.scalar} {number}, i32 0")
        return self.do(f"shufflevector {kind} {first}, {kind} poison, {self.vector('i32')} zeroinitializer")

    def as_number(self, truth: str) -> str:
        """1 for true and 0 for false."""
        number = self._either(truth, self.constant(1.0), self.constant(0.0))
        self.truths[number] = truth
        return number

    # Formulas ---------------------------------------------------------------------------------------------

    def number(self, item: Any, names: Mapping[str, str]) -> str:
        """The instructions for a formula, whose variables are in the registers of these `names`."""
        match item:
            case Symbol(name, ()):
                return names[name] if name in names else self.constant(float(name))  # inf or nan
            case Symbol(sign, _) if sign in TRUTH:
                return self.as_number(self._holds(item, names))
            case Symbol("where", (condition, a, b)):
                return self._either(self._holds(condition, names), self.number(a, names), self.number(b, names))
            case Symbol("prefer", (good, plain, otherwise)):
                value = self.number(plain, names)
                return self._unless(self._holds(good, names), value, lambda: self.number(otherwise, names))
            case Symbol("**", (a, exponent)) if not isinstance(exponent, Symbol) and exponent == 2.0:
                return self.number(a * a, names)  # as on floats
            case Symbol(head, operands):
                return self._computed(head, [self.number(operand, names) for operand in operands])
        return self.constant(float(item))

    def _holds(self, item: Any, names: Mapping[str, str]) -> str:
        """Whether a formula is true: a number is, unless it is 0."""
        match item:
            case Symbol("&", (a, b)):
                left, right = self._holds(a, names), self._holds(b, names)
                return self.do(f"and {self.truth} {left}, {right}")
            case Symbol(sign, (a, b)) if sign in _COMPARISONS:
                left, right = self.number(a, names), self.number(b, names)
                return self._compared(sign, left, right)
        number = self.number(item, names)
        return self.truths.get(number) or self._compared("!=", number, self.constant(0.0))

    def _computed(self, head: str, inputs: Sequence[str]) -> str:
        """What a function or an operator makes of these registers."""
        if head in _OPERATORS and len(inputs) == 2:
            return self.do(f"{_OPERATORS[head]} {self.type} {inputs[0]}, {inputs[1]}")
        if head in INTRINSICS:
            return self._intrinsic(INTRINSICS[head], inputs[0])
        if head in _WRITTEN:
            return _WRITTEN[head](self, *inputs)
        if head in PRIMITIVES:
            return self._each_lane(head, inputs)
        # An operation of the rule book, which another one is made of.
        names = {f"own{k}": register for k, register in enumerate(inputs)}
        return self.number(RULE_BOOK[head].forward(Rules(), *map(Symbol, names)), names)

    # Single instructions ----------------------------------------------------------------------------------

    def _either(self, condition: str, a: str, b: str) -> str:
        return self.do(f"select {self.truth} {condition}, {self.type} {a}, {self.type} {b}")

    def _compared(self, sign: str, a: str, b: str) -> str:
        return self.do(f"fcmp {_COMPARISONS[sign]} {self.type} {a}, {b}")

    def _intrinsic(self, name: str, a: str) -> str:
        return self.do(f"call {self.type} @llvm.{name}.{self.suffix}({self.type} {a})")

    def _unless(self, good: str, plain: str, otherwise: Callable[[], str]) -> str:
        """`plain` where it is good; the other number is computed only where some lane needs it."""
        self._count += 1
        other, done = f"other{self._count}", f"done{self._count}"
        all_good, before = good, self._block
        if self.lanes > 1:
            all_good = self.do(f"call i1 @llvm.vector.reduce.and.v{self.lanes}i1({self.truth} {good})")
        self.lines += [f"br i1 {all_good}, label %{done}, label %{other}", f"{other}:"]
        self._block = other
        chosen = otherwise()
        if self.lanes > 1:
            chosen = self._either(good, plain, chosen)
        self.lines += [f"br label %{done}", f"{done}:"]
        after, self._block = self._block, done
        return self.do(f"phi {self.type} [ {plain}, %{before} ], [ {chosen}, %{after} ]")

    def _each_lane(self, name: str, inputs: Sequence[str]) -> str:
        """A function of the C library, called for each lane."""

        def called(numbers: Sequence[str]) -> str:
            return self.do(f"call double @rule_{name}({', '.join([f'double {number}' for number in numbers])})")

        return self._by_lane(called, inputs)

    def _by_lane(self, called: Callable[[Sequence[str]], str], inputs: Sequence[str]) -> str:
        self.calls += 1
        if self.lanes == 1:
            return called(inputs)
        result = "poison"
        for lane in range(self.lanes):
            numbers = [self.do(f"extractelement {self.type} {register}, i32 {lane}") for register in inputs]
            result = self.do(f"insertelement {self.type} {result}, double {called(numbers)}, i32 {lane}")
        return result

    def _called_back(self, name: str, inputs: Sequence[str]) -> str:
        """What Python computes."""
        self.most_called_back = max(self.most_called_back, len(inputs))

        def called(numbers: Sequence[str]) -> str:
            for k, number in enumerate(numbers):
                place = self.do(f"getelementptr double, ptr %asked, i64 {k}")
                self.lines.append(f"store double {number}, ptr {place}")
            return self.do(f"call double @python_{name}(ptr %asked, i64 {len(numbers)})")

        return self._by_lane(called, inputs)

    # Functions that are a few instructions ----------------------------------------------------------------

    def _neg(self, a: str) -> str:
        return self.do(f"fneg {self.type} {a}")

    def _sign(self, a: str) -> str:
        zero = self.constant(0.0)
        below = self._either(self._compared("<", a, zero), self.constant(-1.0), self._computed("+", [a, zero]))
        return self._either(self._compared(">", a, zero), self.constant(1.0), below)

    def _maximum(self, a: str, b: str) -> str:
        return self._first_if(">=", a, b)

    def _minimum(self, a: str, b: str) -> str:
        return self._first_if("<=", a, b)

    def _first_if(self, sign: str, a: str, b: str) -> str:
        """`a` if it compares so, or is nan."""
        return self._either(self._compared(sign, a, b), a, self._either(self._compared("!=", a, a), a, b))

    def _power(self, a: str, b: str) -> str:
        by_two = self._compared("==", b, self.constant(2.0))
        return self._either(by_two, self._computed("*", [a, a]), self._each_lane("power", [a, b]))

    def _remainder(self, a: str, b: str) -> str:
        """As Python has it: with the sign of b, and so is a zero."""
        rest = self._each_lane("fmod", [a, b])
        return self._either(self._is_zero(rest), self._with_sign(self.constant(0.0), b), self._moved(rest, b, b))

    def _floor_divide(self, a: str, b: str) -> str:
        """As Python has it; where it would raise, a / b."""
        rest = self._each_lane("fmod", [a, b])
        whole = self._computed("/", [self._computed("-", [a, rest]), b])
        whole = self._moved(rest, b, self.constant(-1.0), whole)
        lower = self._intrinsic("floor", whole)
        too_low = self._compared(">", self._computed("-", [whole, lower]), self.constant(0.5))
        lower = self._either(too_low, self._computed("+", [lower, self.constant(1.0)]), lower)
        quotient = self._computed("/", [a, b])
        lower = self._either(self._is_zero(whole), self._with_sign(self.constant(0.0), quotient), lower)
        return self._either(self._is_zero(b), quotient, lower)

    def _moved(self, rest: str, b: str, by: str, start: str = "") -> str:
        """`start`, moved where the rest of a division has another sign than the divisor `b`."""
        start = start or rest
        zero = self.constant(0.0)
        signs = [self._compared("<", number, zero) for number in (b, rest)]
        differ = self.do(f"xor {self.truth} {signs[0]}, {signs[1]}")
        there = self.do(f"and {self.truth} {differ}, {self._compared('!=', rest, zero)}")
        return self._either(there, self._computed("+", [start, by]), start)

    def _is_zero(self, a: str) -> str:
        return self._compared("==", a, self.constant(0.0))

    def _with_sign(self, a: str, b: str) -> str:
        return self.do(f"call {self.type} @llvm.copysign.{self.suffix}({self.type} {a}, {self.type} {b})")

    def _hypot(self, a: str, b: str) -> str:
        return self._called_back("hypot", [a, b])

    # Functions of many numbers ----------------------------------------------------------------------------

    def _dot(self, *inputs: str) -> str:
        weights, values, bias = split_dot(inputs)
        total: str = bias
        for weight, value in zip(weights, values, strict=True):
            total = self._computed("+", [total, self._computed("*", [weight, value])])
        return total

    def _norm(self, *terms: str) -> str:
        return self._called_back("norm", terms)

    def _fsum(self, *terms: str) -> str:
        """The exact sum, rounded once: with what each addition loses, and where that is not enough, Python's."""
        total = lost = size = self.constant(0.0)
        for term in terms:
            raised = self._computed("+", [total, term])
            part = self._computed("-", [raised, total])
            kept = self._computed("-", [raised, part])
            errors = self._computed("-", [total, kept]), self._computed("-", [term, part])
            lost = self._computed("+", [lost, self._computed("+", errors)])
            size = self._computed("+", [size, self._intrinsic("fabs", term)])
            total = raised
        # Twice what may be wrong with what was lost: either end of that range is rounded to the same number.
        wrong = self._computed("*", [size, self.constant(len(terms) ** 2 * 2.0**-103)])
        rounding = self._computed("*", [self._intrinsic("fabs", lost), self.constant(2.0**-51)])
        wrong = self._computed("+", [wrong, rounding])
        ends = [self._computed("+", [total, self._computed(sign, [lost, wrong])]) for sign in "+-"]
        is_sure = self.do(f"and {self.truth} {self._compared('==', *ends)}, {self._is_between(size, 1e-250, 1e300)}")
        is_sure = self.do(f"or {self.truth} {is_sure}, {self._is_zero(size)}")
        return self._unless(is_sure, ends[0], lambda: self._called_back("fsum", terms))

    def _is_between(self, a: str, low: float, high: float) -> str:
        above, below = self._compared(">", a, self.constant(low)), self._compared("<", a, self.constant(high))
        return self.do(f"and {self.truth} {above}, {below}")

    def _logsumexp(self, *terms: str) -> str:
        """The largest term is taken out, once, as on floats."""
        top = terms[0]
        for term in terms[1:]:
            top = self._either(self._compared(">", term, top), term, top)
        is_finite = self._compared("<", self._intrinsic("fabs", top), self.constant(float("inf")))
        zero, taken, powers = self.constant(0.0), self.constant(0.0), []
        for term in terms:
            is_top = self.do(f"and {self.truth} {self._compared('==', term, top)}, {self._is_zero(taken)}")
            taken = self._either(is_top, self.constant(1.0), taken)
            risen = self._each_lane("exp", [self._computed("-", [term, top])])
            powers.append(self._either(is_top, zero, risen))
        total = self._computed("+", [top, self._each_lane("log1p", [self._fsum(*powers)])])
        return self._unless(is_finite, total, lambda: self._called_back("logsumexp", terms))


#: What is written out above, by name.
_WRITTEN: dict[str, Callable[..., str]] = {
    "neg": Assembly._neg, "sign": Assembly._sign, "maximum": Assembly._maximum, "minimum": Assembly._minimum,
    "**": Assembly._power, "remainder": Assembly._remainder, "%": Assembly._remainder,
    "floor_divide": Assembly._floor_divide, "//": Assembly._floor_divide, "hypot": Assembly._hypot,
    "dot": Assembly._dot, "norm": Assembly._norm, "fsum": Assembly._fsum, "logsumexp": Assembly._logsumexp,
}  # fmt: skip
