"""Random scalar programs: what is replayed on arrays equals what eager code computes, or is refused.

A program is a few lines of Python, so that one that goes wrong can be read, cut down and kept as a test. Seeds below
500 make short ones first. `python tests/replay/random_programs.py 20000` tries that many.

Eager code is the oracle. What adds numbers up rounds in another order than eager code, so there the two agree to
1e-12 of the largest number met on the way, and to what the eager program makes of a disturbance of its last digits;
without sums they agree to the sign of a zero, but for the last digit of functions that NumPy computes on its own.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from tinygrad_edu import RecordingError, Value, choose, dot, fsum, logsumexp, nn, ops, record, softmax, where
from tinygrad_edu.replay import Program

#: What the lines may use, beside x0, x1, ..., k, p, the layers and the lines before.
NAMES: dict[str, Any] = {
    "Value": Value, "choose": choose, "dot": dot, "fsum": fsum, "logsumexp": logsumexp, "softmax": softmax,
    "where": where, "nn": nn, "inf": math.inf, "nan": math.nan, "np": np, "truth": lambda comparison: 1.0 * comparison,
}  # fmt: skip
EXAMPLES = 17
TOKENS = 3

UNARY = sorted(
    name
    for name, op in ops.RULE_BOOK.items()
    if not callable(op.derivatives) and len(op.derivatives) == 1 and not op.parameters and hasattr(Value, name)
)
#: They jump, so that the last digit of a computed number could decide: they are given inputs, parameters, constants.
JUMPING = ("floor", "ceil", "trunc", "rint", "step", "sign")
#: Those that NumPy and the C library compute alike, to the last digit.
EXACT_UNARY = ["reciprocal", "square", "sqrt", "deg2rad", "rad2deg", *JUMPING]
#: Binary operations, exact ones first. `{a}` and `{b}` are any two numbers, `{s}` and `{t}` numbers that are given.
EXACT_BINARY = [
    "{a} - {b}", "{a} * {b}", "{a} / {b}", "-{a}", "abs({a})", "{s} // {t}", "{s} % {t}", "7.5 % {t}", "2.0 - {b}",
    "1.0 / {b}", "-1.5 * {a}", "{a} * 1.0", "{a} - 0.0", "{a} / -0.0", "{a} ** 2", "{a} ** 1", "{a} ** 2.0",
    "({a}).leaky_relu(0.1)", "({s}).heaviside({b})", "({a}).clip(-1.0, 2.0)", "({a}).relu() + 1.5",
    "{s} + {t}", "{s} + 0.0", "0 + {t}", "{a} * truth({s} > {t})",
]  # fmt: skip
BINARY = [
    "{a} + {b}", "{a} + 0.75", "{a} ** {b}", "{a} ** -0.5", "{a} ** 0.5", "{a} ** 3", "1.25 ** {b}", "{s} ** {t}",
    "({a}).arctan2({b})", "({a}).hypot({b})", "({a}).logaddexp({b})", "({a}).maximum({b}) + 1.5",
    "({a}).minimum({b}) + 1.5",
]  # fmt: skip
CHOICES = [
    "where({c}, {a}, {b})", "where({c}, {a}, {b})", "where({c}, where({d}, {a}, {b}), {a})", "where({s}, {a}, {b})",
    "choose({k}, [{a}, {b}, {s}])", "choose({k}, [{s}, choose({k}, [{a}, {b}, {t}]), {a}])", "where({c}, 1.0, -0.0)",
]  # fmt: skip
# Which zero a sum of zeros is, or the larger one of 0.0 and -0.0, is left open: 1.5 keeps 1 / -0.0 away.
SUMS = [
    "dot([{a}, {s}, {b}], [{t}, {b}, {a}], {s}) + 1.5", "dot([{a}], [{b}]) + 1.5", "dot([], [], {a})",
    "dot([{n}, {n}], [{n}, {n}], {n}) + 1.5", "dot([{n}, {a}], [{b}, {n}]) + 1.5", "fsum([{a}, {b}, {s}, {t}]) + 1.5",
    "fsum([]) + 1.5", "fsum([{a}]) + 1.5", "fsum([{n}, {n}]) + 1.5", "fsum([{n}, {a}, {n}]) + 1.5",
    "sum([{a}, {b}, {s}]) + 1.5", "sum([{a} * {s}, {b} * {t}]) + 1.5", "{a} * {s} + {b} * {t} + {a} + 1.5",
    "logsumexp([{a}, {b}, {s}]) + 1.5", "logsumexp([{a}]) + 1.5", "logsumexp([{n}, {a}, {n}]) + 1.5",
    "logsumexp([{n}, {n}]) + 1.5", "softmax([{a}, {b}, {s}])[{i}]", "fsum(softmax([{n}, {a}])) + 1.5",
    "fsum({x}) + 1.5", "sum({x}) + 1.5", "logsumexp({x}) + 1.5", "dot({x}, {x}, {a}) + 1.5",
]  # fmt: skip
#: Layers: how one is made, and how it is used.
LAYERS = [
    ("nn.MLP(3, [3, 2], {f!r}, seed={i})", "fsum({l}([{a}, {b}, {s}])) + 1.5"),
    ("nn.Layer(2, 3, {f!r}, seed={i})", "fsum({l}([{s}, {t}])) * {a}"),
    ("nn.Layer(2, 3, 'softmax', seed={i})", "{l}([{a}, {t}])[{i}]"),
    ("nn.Neuron(2, {f!r}, seed={i})", "{l}([{a}, {n}])"),
    ("nn.Conv2d(1, 2, 2, padding=1, seed={i})", "fsum(nn.flatten({l}([[[{a}, {s}], [{b}, {t}]]]))) + 1.5"),
    ("nn.MaxPool2d(2)", "{l}([[[{a}, {s}], [{b}, {t}]]])[0][0][0] + 1.5"),
    ("nn.AvgPool2d(2, 1)", "{l}([[[{a}, {s}], [{b}, {n}]]])[0][0][0] + 1.5"),
    ("nn.Embedding(3, 2, seed={i})", "fsum(v * {a} for v in {l}({k}))"),
    ("nn.RNN(2, 2, seed={i})", "fsum({l}([[{a}, {s}], [{b}, {t}]])[0][-1])"),
    ("nn.RNNCell(2, 2, seed={i})", "fsum({l}([{a}, {s}], [{n}, {b}]))"),
    ("nn.LSTMCell(2, 1, seed={i})", "{l}([{a}, {s}], ([0.0], [{b}]))[0][0] + 1.5"),
    ("nn.LSTM(2, 2, seed={i})", "fsum({l}([[{a}, {s}], [{b}, {t}]])[0][-1])"),
    ("nn.MultiheadAttention(2, 1, seed={i})", "fsum(nn.flatten({l}([[{a}, {s}], [{b}, {t}]])[0]))"),
    ("nn.MultiheadAttention(2, 2, seed={i})", "fsum({l}([[{a}, {s}], [{b}, {t}]], is_causal=True)[0][-1])"),
    ("nn.TransformerEncoderLayer(2, 1, 3, seed={i})", "fsum(nn.flatten({l}([[{a}, {s}], [{b}, {t}]])[0]))"),
    ("nn.LayerNorm(3)", "dot({l}([{a}, {s}, {b}]), [{t}, 2.0, 3.0])"),
    ("nn.RMSNorm(3)", "fsum({l}([{a}, {s}, {t}])) * {b}"),
    ("nn.Dropout(0.5).eval()", "{l}([{a}])[0]"),
]
SEVERAL_EXACT = ["choose({k}, [{T}, {T}, {T}])", "where({c}, {T}, {T})", "where({c}, {T}, {T}) * ({T})"]
SEVERAL = [
    *SEVERAL_EXACT, "fsum([{T}, {T}, {T}, {T}]) + 1.5", "sum([{T}, {T}, {T}]) + 1.5", "logsumexp([{T}, {T}]) + 1.5",
    "dot([{T}, {T}], [{a}, {b}], {T}) + 1.5", "({T}).maximum({T}) + 1.5",
]  # fmt: skip
FUNCTIONS = ["tanh", "relu", "gelu", "sigmoid", "linear", "silu", "softplus"]
CONSTANTS = ["0.0", "-0.0", "1.0", "2.0", "-1.0", "0.5", "inf", "-inf", "nan", "Value(2.0)", "Value(-0.0)", "3"]
CONDITIONS = ["True", "False", "Value(1.0) < 0.0", "Value(0.0) == -0.0", "nan", "0.0", "Value(2.0)"]
COMPARISONS = ["{s} > {t}", "{s} <= {t}", "{s} == {t}", "{s} != {n}", "{s} >= 0.5", "{s} < {n}"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 30.0, -30.0, math.inf, -math.inf, math.nan]


def unary(name: str) -> str:
    """The template for an operation on one number."""
    return f"({'{s}' if name in JUMPING else '{a}'}).{name}()"


@dataclass
class Case:
    """One program, and what it is run on."""

    seed: int
    shapes: list[tuple[int, ...]]  # of x0, x1, ...
    numbers: list[float]  # the parameters
    layers: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # what v0, v1, ... are
    output: str = ""
    is_list: bool = False
    is_exact: bool = False  # to the sign of a zero
    arrays: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        arguments = ", ".join([*[f"x{k}" for k in range(len(self.shapes))], *(["k"] if self.shapes else [])])
        head = [f"# seed {self.seed}", f"p = [Value(n) for n in {self.numbers}]"]
        head += [f"l{k} = {layer}" for k, layer in enumerate(self.layers)]
        body = [f"    v{k} = {line}" for k, line in enumerate(self.lines)]
        return "\n".join([*head, f"def program({arguments}):", *body, f"    return {self.output}"])


class Writer:
    """Writes one random program."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        short = 1 + seed // 20 if seed < 500 else 25
        self.length = self.random.randint(max(1, short - 3), short) if seed < 500 else self.random.randint(1, short)
        shapes = [(), (), (3,), (2, 2)]
        count = self.random.choice([0, 1, 1, 1, 2, 3])
        self.case = Case(
            seed,
            [self.random.choice(shapes) for _ in range(count)],
            [self._number() for _ in range(self.random.choice([0, 1, 2, 4]))],
            is_list=self.random.random() < 0.3,
            is_exact=self.random.random() < 0.3,
        )
        self.given = [f"p[{k}]" for k in range(len(self.case.numbers))]
        for k, shape in enumerate(self.case.shapes):
            self.given += [f"x{k}[{', '.join(map(str, i))}]" if i else f"x{k}" for i in np.ndindex(shape)]

    def written(self) -> Case:
        """The program, with its inputs."""
        for _ in range(self.length):
            self.case.lines.append(self._line())
        self.case.output = self._output()
        if self.case.shapes:
            self.case.arrays = [self._array(shape) for shape in self.case.shapes]
            self.case.arrays.append(np.array([self.random.randrange(TOKENS) for _ in range(EXAMPLES)]))
        return self.case

    def _pick(self, options: Sequence[str]) -> str:
        return self.random.choice(options)

    def _line(self) -> str:
        exact = [[unary(name) for name in EXACT_UNARY], EXACT_BINARY, CHOICES]
        if self.random.random() < 0.2:  # the same, done to several numbers
            several, kinds = SEVERAL_EXACT, exact
            if not self.case.is_exact:
                several, kinds = SEVERAL, [[unary(name) for name in UNARY], EXACT_BINARY, BINARY, CHOICES, SUMS]
            return self._filled(self._pick(several).replace("{T}", self._pick(self.random.choice(kinds))))
        if self.case.is_exact:
            return self._filled(self._pick(self.random.choice(exact)))
        chosen: Any = self.random.choice(
            self.random.choice([[unary(name) for name in UNARY], EXACT_BINARY, BINARY, CHOICES, SUMS, LAYERS])
        )
        if isinstance(chosen, tuple):
            made, chosen = chosen
            self.case.layers.append(self._filled(made))
        return self._filled(chosen)

    def _filled(self, template: str) -> str:
        """The template with numbers in it, each time others."""
        while (start := template.find("{")) >= 0:
            end = template.index("}", start)
            template = template[:start] + self._filler(template[start + 1 : end]) + template[end + 1 :]
        return template

    def _filler(self, key: str) -> str:
        made = [f"v{k}" for k in range(len(self.case.lines))]
        constant = self.random.random() < 0.2
        match key:
            case "n":  # a number that is known
                return self._pick(CONSTANTS)
            case "s" | "t":
                return self._value(self._pick(CONSTANTS) if constant or not self.given else self._pick(self.given))
            case "a" | "b":
                near = [*made[-3:], *made, *self.given]
                return self._value(self._pick(CONSTANTS) if constant or not near else self._pick(near))
            case "c" | "d":
                return self._pick(CONDITIONS) if self.random.random() < 0.4 else self._pick(COMPARISONS)
            case "k":
                return "k" if self.case.shapes and self.random.random() < 0.8 else f"Value({self.random.randrange(3)})"
            case "x":  # all numbers that are given
                return f"[{', '.join([*self.given, 'Value(0.5)'])}]"
            case "i":
                return str(self.random.randrange(2))
            case "f!r":
                return repr(self._pick(FUNCTIONS))
        return f"l{len(self.case.layers) - 1}"

    def _value(self, text: str) -> str:
        """A constant as a `Value`, which has methods; in brackets, for the sake of minus signs."""
        return text if text[0] in "vpxV" else f"Value({text})"

    def _output(self) -> str:
        made = [f"v{k}" for k in range(len(self.case.lines))]
        anything = [*made[-3:], *made[-1:], *self.given]
        if self.case.is_list:
            picked = [self._pick([*anything, *CONSTANTS[:9]]) for _ in range(self.random.randint(1, 4))]
            return f"[{', '.join([*picked, made[-1]])}]"
        if self.random.random() < 0.05:
            return self._pick(CONSTANTS[:9])
        if self.case.is_exact or self.random.random() < 0.5:
            return self._pick(anything)
        return f"fsum([{', '.join(made[-3:])}]) + 1.5"

    def _number(self) -> float:
        return self.random.choice(SPECIAL) if self.random.random() < 0.3 else round(self.random.uniform(-3.0, 3.0), 3)

    def _array(self, shape: tuple[int, ...]) -> Any:
        numbers = np.array([self._number() for _ in range(EXAMPLES * math.prod(shape))]).reshape(EXAMPLES, *shape)
        return LAYOUTS[self.random.randrange(len(LAYOUTS))](numbers)


def read_only(array: Any) -> Any:
    """The same numbers, which nobody may change."""
    array.flags.writeable = False
    return array


LAYOUTS: list[Callable[[Any], Any]] = [
    lambda array: array,
    lambda array: array,
    lambda array: array.astype(np.float32),
    np.asfortranarray,
    lambda array: array[::-1],
    lambda array: np.repeat(array, 2, axis=0)[::2],
    lambda array: np.broadcast_to(array[:1], array.shape),
    lambda array: np.nan_to_num(array, posinf=7.0, neginf=-7.0).astype(int),
    lambda array: array > 0.0,
    read_only,
]


# Running them ---------------------------------------------------------------------------------------------


class Run:
    """One program, with parameters and layers of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.names = {**NAMES, "p": [Value(number) for number in case.numbers]}
        for k, layer in enumerate(case.layers):
            self.names[f"l{k}"] = eval(layer, self.names)
        layers = [self.names[f"l{k}"] for k in range(len(case.layers))]
        self.params = [*self.names["p"], *[parameter for layer in layers for parameter in layer.parameters()]]
        self.lines = [compile(line, "<random program>", "eval") for line in [*case.lines, case.output]]

    def __call__(self, *inputs: Any, rounding: Random | None = None) -> Any:
        """The program on one example; each line's result with another last digit, if it is to be disturbed."""
        names = {
            **self.names,
            **{f"x{k}": item for k, item in enumerate(inputs[:-1])},
            "k": inputs[-1] if inputs else 0,
        }
        for k, line in enumerate(self.lines):
            result = eval(line, names)
            if rounding and isinstance(result, Value):
                result = result * (1.0 + rounding.choice([-4, -2, 0, 2, 4]) * sys.float_info.epsilon)
            names[f"v{k}"] = result
        return result

    def outputs(self, *inputs: Any, rounding: Random | None = None) -> list[Any]:
        """All outputs."""
        result = self(*inputs, rounding=rounding)
        return list(result) if self.case.is_list else [result]

    def eagerly(self, rounding: Random | None = None) -> Answers:
        """Values and gradients of all examples, and the largest number met on the way."""
        arrays = self.case.arrays
        count = EXAMPLES if arrays else 1
        values, gradients, largest = [], [], 1.0
        for row in range(count):
            inputs = [as_values(array[row]) for array in arrays]
            for parameter in self.params:
                parameter.grad = 0.0
            results = self.outputs(*inputs, rounding=rounding)
            for item in results:
                if isinstance(item, Value):
                    largest = max(largest, largest_met(item))
            values.append([item.data if isinstance(item, Value) else float(item) for item in results])
            gradients.append([parameter.grad for parameter in self.params])
        return Answers(np.array(values), np.array(gradients).reshape(count, len(self.params)), largest)


@dataclass
class Answers:
    """What eager code says of each example."""

    values: Any
    gradients: Any
    largest: float

    def of(self, rows: Any) -> tuple[Any, Any]:
        """The values of a batch, and the gradient of their mean."""
        gradient = (self.gradients[rows] * (1.0 / max(len(rows), 1))).sum(axis=0)
        return self.values[rows], gradient


def as_values(example: Any) -> Any:
    """Numbers as the function is given them: one `Value`, or an array of them."""
    return (
        Value(float(example)) if np.ndim(example) == 0 else np.vectorize(Value, otypes=[object])(example.astype(float))
    )


def largest_met(result: Value) -> float:
    """The largest finite number of the graph and of its sweep."""
    largest = 1.0
    for step in result.backward_steps():
        met = [step.node.data, *[c.amount for c in step.contributions], *[c.after for c in step.contributions]]
        met += [value.data for value in step.node.inputs]
        largest = max([largest, *[abs(number) for number in met if math.isfinite(number)]])
    return largest


@np.errstate(all="ignore")
def mismatch(case: Case, record: Callable[..., Program] = record) -> str:
    """What is wrong with the replay of this program, or nothing; "unstable" where eager code is not sure itself."""
    run = Run(case)
    program = record(run, [*case.shapes, ()] if case.shapes else [], run.params)
    expected = run.eagerly()
    sizes = [0, 1, 2, EXAMPLES, *([256] if case.seed % 8 == 0 else [])] if case.arrays else [1]
    for size in sizes:
        rows = np.arange(size) % EXAMPLES
        arrays = [array[:size] if size <= EXAMPLES else array[rows] for array in case.arrays]
        values, gradient = expected.of(rows)
        ours = {"values": program(*arrays)}
        theirs = {"values": values if case.is_list else values[:, 0]}
        if not case.is_list:
            ours["values again"], ours["gradient"] = program.values_and_grad(*arrays)
            theirs["values again"], theirs["gradient"] = values[:, 0], gradient
            # What all examples share is multiplied by the sum of their upstreams, and where its slope is infinite,
            # eager code may have met 0 · inf in one of them.
            ours["gradient"][np.isnan(gradient) & ~np.isfinite(ours["gradient"])] = math.nan
        for what, theirs_ in theirs.items():
            exact = case.is_exact and what != "gradient"
            if not agree(ours[what], theirs_, expected.largest, exact):
                if is_unstable(run, rows, what, ours[what]):
                    return "unstable"
                return f"{what} of a batch of {size}: {ours[what]!r}, eagerly {theirs_!r}"
    return ""


def agree(ours: Any, theirs: Any, largest: float, exact: bool) -> bool:
    """Whether they are equal as far as they can be."""
    if np.shape(ours) != np.shape(theirs):
        return False
    if exact:
        same = np.array_equal(ours, theirs, equal_nan=True)
        numbers = ~np.isnan(theirs)
        return same and np.array_equal(np.signbit(ours)[numbers], np.signbit(theirs)[numbers])
    return np.allclose(ours, theirs, rtol=1e-12, atol=1e-12 * largest, equal_nan=True)


def is_unstable(run: Run, rows: Any, what: str, ours: Any) -> bool:
    """Whether eager code itself answers this and that when the last digits of its numbers change."""
    if run.case.is_exact and what != "gradient":
        return False
    disturbed = []
    for k in range(12):
        values, gradient = run.eagerly(Random(k)).of(rows)
        disturbed.append(gradient if what == "gradient" else values if run.case.is_list else values[:, 0])
    finite = np.array([np.isfinite(one) for one in disturbed])
    spread = np.nan_to_num(np.max(disturbed, axis=0) - np.min(disturbed, axis=0))
    undecided = (finite.any(axis=0) & ~finite.all(axis=0)) | (np.isinf(ours) & ~finite.all(axis=0) & finite.any(axis=0))
    near = np.abs(ours - np.mean(disturbed, axis=0)) <= 8.0 * spread
    settled = np.isclose(ours, disturbed[0], rtol=1e-12, equal_nan=True)
    return bool((undecided | near | settled).all())


def attempt(seed: int) -> str:
    """What became of the program of this seed, in a word; where it went wrong, how, and the program."""
    case = Writer(seed).written()
    try:
        found = mismatch(case)
    except RecordingError as error:
        found = "" if ", line " in str(error) else f"RecordingError without a line: {error}"
        return f"{found}\n{case}" if found else "refused"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    if found in ("", "unstable"):
        return found or "agreed"
    return f"{found}\n{case}\n# arrays: {[(a.dtype.name, a.tolist()) for a in case.arrays]}"


#: What may become of a program.
GOOD = ("agreed", "refused", "unstable")


def main(count: int, start: int = 0) -> int:
    """Try so many programs, print what failed; how many did."""
    answers: Counter[str] = Counter()
    began = time.perf_counter()
    try:
        for seed in range(start, start + count):
            found = attempt(seed)
            answers[found if found in GOOD else "failed"] += 1
            if found not in GOOD:
                print(found, end="\n\n", flush=True)
    finally:  # also where it is interrupted
        print(f"{answers.total()} programs in {time.perf_counter() - began:.0f} s: {dict(answers)}")
    return answers["failed"]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
