"""The eager engine against others, side by side in one run: `python tests/benchmarks/engine.py [--only PART]`.

The rivals are micrograd (`pip install micrograd`) and the minimal engine of `minimal.py`. They compute the same as
ours, which is asserted, and take turns, so that a busy machine is busy for all of them; a ratio is the median over
those rounds, so it may differ a little from the quotient of the two medians beside it. Python's cycle collector is on
unless a line says otherwise. A ratio in green reaches its target, and one in red does not. All of it takes two to three
minutes.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import math
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import micrograd.engine
import micrograd.nn
import minimal
import numpy as np
from rich.console import Console
from rich.table import Table

from tinygrad_edu import MLP, Value, array, fsum

Make = Callable[[float], Any]  # the class of an engine's numbers


def table_of(title: str, rival: str = "rival", ours: str = "ours") -> Table:
    """An empty table of measurements."""
    return Table("measured", rival, ours, "ratio", "target", title=title, title_justify="left")


def add_row(
    table: Table, measured: str, figures: Sequence[float], unit: str, *, at_most: float = 0.0, at_least: float = 0.0
) -> None:
    """A row of the rival's figure, ours, and ours / theirs, which is turned round if it should be large."""
    theirs, ours, ratio = figures
    ratio = 1.0 / ratio if at_least else ratio
    target = f"at least {at_least:g} x" if at_least else f"at most {at_most:g} x" if at_most else ""
    reached = ratio >= at_least if at_least else ratio <= at_most
    color = "green" if reached else "red" if target else "white"
    table.add_row(measured, in_unit(theirs, unit), in_unit(ours, unit), f"[{color}]{ratio:.2f} x[/]", target)


def in_unit(number: float, unit: str) -> str:
    """The number to three digits or more, and its unit."""
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def in_turns(theirs: Callable[[], float], ours: Callable[[], float], rounds: int) -> list[float]:
    """The medians of what the two return, and of ours / theirs in each round: a machine changes its speed meanwhile."""
    figures = [(theirs(), ours()) for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*((t, o, o / t) for t, o in figures), strict=True)]


# Single operations, against the minimal engine ------------------------------------------------------------

#: What is measured, our statement, the minimal engine's, and the target; "" for the same statement.
STATEMENTS = [
    ("a * b", "a * b", "", 1.1),
    ("a + b", "a + b", "", 1.1),
    ("a - b", "a - b", "", 1.1),
    ("a - b, against its a + b", "a - b", "a + b", 1.1),
    ("a * 2.0", "a * 2.0", "", 1.1),
    ("2.0 * a", "2.0 * a", "", 1.1),
    ("a + 1", "a + 1", "", 1.1),
    ("0 + a", "0 + a", "", 1.1),
    ("a ** 2", "a ** 2", "", 1.5),
    ("(y - t) ** 2", "(y - t) ** 2", "", 1.5),
    ("(y - t) ** 2, t a float", "(y - f) ** 2", "", 1.5),
    ("a leaf, Value(1.3)", "Value(1.3)", "", 1.2),
]
LOOP = """
def loop(Value, a, b, y, t, f):
    start = clock()
    for _ in range(50):
        {statements}
    return (clock() - start) * 1e9 / 1000
"""


def operands(make: Make) -> dict[str, Any]:
    """What the statements speak of, in one engine's numbers."""
    return {"Value": make, "a": make(1.7), "b": make(-0.6), "y": make(0.8), "t": make(0.3), "f": 0.3}


def loop_of(statement: str, make: Make) -> Callable[[], float]:
    """A function that runs the statement a thousand times, and returns the nanoseconds that one took."""
    scope: dict[str, Any] = {"clock": time.perf_counter}
    exec(LOOP.format(statements="\n        ".join([statement] * 20)), scope)
    given = operands(make)
    return lambda: scope["loop"](**given)


def result_of(statement: str, make: Make) -> list[float]:
    """The number that a statement makes, and its gradients."""
    given = operands(make)
    result = eval(statement, given)
    result.backward()
    return [result.data, *[given[name].grad for name in "abyt"]]


def operations() -> Table:
    """Every operation that scalar code is made of, one at a time."""
    table = table_of("One operation, made and freed", "minimal")
    for measured, statement, other, at_most in STATEMENTS:
        if not other:
            np.testing.assert_allclose(result_of(statement, Value), result_of(statement, minimal.Value), rtol=1e-9)
        figures = in_turns(loop_of(other or statement, minimal.Value), loop_of(statement, Value), rounds=300)
        add_row(table, measured, figures, "ns", at_most=at_most)
    return table


# A language model in plain scalars, against the minimal engine --------------------------------------------

WIDTH, HEADS, BLOCK, LETTERS = 16, 4, 16, 26
NAME = [LETTERS, *(ord(letter) - ord("a") for letter in "isabella"), LETTERS]


class Language:
    """A Transformer of the size of microgpt's, one layer without biases, out of single numbers of either engine."""

    def __init__(self, make: Make) -> None:
        source = random.Random(42)
        shapes = {
            "token": (LETTERS + 1, WIDTH), "position": (BLOCK, WIDTH), "query": (WIDTH, WIDTH), "key": (WIDTH, WIDTH),
            "value": (WIDTH, WIDTH), "out": (WIDTH, WIDTH), "up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH),
            "head": (LETTERS + 1, WIDTH),
        }  # fmt: skip
        self.matrices = {
            name: [[make(source.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]
            for name, (rows, columns) in shapes.items()
        }
        self.parameters = [number for rows in self.matrices.values() for row in rows for number in row]

    def times(self, name: str, x: list[Any]) -> list[Any]:
        """The matrix of that name times x."""
        return [sum(w * v for w, v in zip(row, x, strict=True)) for row in self.matrices[name]]

    def loss(self, tokens: Sequence[int]) -> Any:
        """The mean cross-entropy of each token, given those before it."""
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        losses = []
        for position, (token, following) in enumerate(itertools.pairwise(tokens)):
            x = normed(added(self.matrices["token"][token], self.matrices["position"][position]))
            x = added(self.times("out", self.attended(normed(x), keys, values)), x)
            raised = [number.relu() for number in self.times("up", normed(x))]
            x = added(self.times("down", raised), x)
            losses.append(-softmaxed(self.times("head", x))[following].log())
        return (1 / len(losses)) * sum(losses)

    def attended(self, x: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        """What each head reads from this position and those before it; `keys` and `values` grow by this one."""
        query = self.times("query", x)
        keys.append(self.times("key", x))
        values.append(self.times("value", x))
        size = WIDTH // HEADS
        result = []
        for first in range(0, WIDTH, size):
            part = range(first, first + size)
            shares = softmaxed([sum(query[j] * key[j] for j in part) / size**0.5 for key in keys])
            result += [sum(share * value[j] for share, value in zip(shares, values, strict=True)) for j in part]
        return result


def added(x: Sequence[Any], y: Sequence[Any]) -> list[Any]:
    """x + y, number by number."""
    return [a + b for a, b in zip(x, y, strict=True)]


def normed(x: list[Any]) -> list[Any]:
    """x / root mean square of x."""
    scale = (sum(number * number for number in x) / len(x) + 1e-5) ** -0.5
    return [number * scale for number in x]


def softmaxed(x: list[Any]) -> list[Any]:
    """Shares of 1, by the exponentials."""
    largest = max(number.data for number in x)
    exponentials = [(number - largest).exp() for number in x]
    total = sum(exponentials)
    return [number / total for number in exponentials]


def language_step(model: Language) -> Callable[[], float]:
    """A forward and a backward pass of the language model."""

    def step() -> float:
        loss = model.loss(NAME)
        loss.backward()
        return float(loss.data)

    return step


def language() -> Table:
    """microgpt's model: the gradients must agree, and ours must not take longer."""
    table = table_of(f"A language model, forward and backward, {len(NAME) - 1} letters", "minimal")
    models = [Language(minimal.Value), Language(Value)]
    steps = [language_step(model) for model in models]
    for step in steps:
        step()
    gradients = [[parameter.grad for parameter in model.parameters] for model in models]
    np.testing.assert_allclose(*gradients, rtol=1e-9, atol=1e-15)
    add_row(table, "microgpt's model in plain scalars", milliseconds(*steps, rounds=15), "ms", at_most=1.0)
    return table


# A training step, against micrograd -----------------------------------------------------------------------

SIZES = [16, 16, 1]
POINTS = 100


def points() -> tuple[list[list[float]], list[float]]:
    """Two interleaved half circles, the demonstration data of micrograd, with labels -1 and +1."""
    generator = np.random.default_rng(0)
    angle = generator.uniform(0.0, np.pi, POINTS)
    label = np.where(np.arange(POINTS) % 2 == 0, 1.0, -1.0)
    X = np.stack([np.cos(angle) * label + (label < 0), np.sin(angle) * label + 0.5 * (label < 0)], axis=1)
    return (X + generator.normal(0.0, 0.1, X.shape)).tolist(), label.tolist()


def weights() -> list[float]:
    """The starting weights, neuron by neuron: the weights, then the bias."""
    source = random.Random(0)
    counts = [(2, 16), (16, 16), (16, 1)]
    return [source.uniform(-1.0, 1.0) for n_in, n_out in counts for _ in range(n_out * (n_in + 1))]


def plain_step(make: Make) -> Callable[[], float]:
    """A training step out of single × and + nodes, for the engine whose numbers `make` makes."""
    X, y = points()
    numbers = iter([make(number) for number in weights()])
    layers = []
    for n_in, n_out in zip([2, *SIZES], SIZES, strict=False):
        layers.append([([next(numbers) for _ in range(n_in)], next(numbers)) for _ in range(n_out)])

    def step() -> float:
        losses = []
        for inputs, target in zip(X, y, strict=True):
            outputs: list[Any] = [make(number) for number in inputs]
            for depth, layer in enumerate(layers):
                outputs = [sum((w * x for w, x in zip(ws, outputs, strict=True)), b) for ws, b in layer]
                if depth < len(SIZES) - 1:
                    outputs = [output.relu() for output in outputs]
            losses.append((1.0 + -target * outputs[0]).relu())
        loss = sum(losses) * (1.0 / len(losses))
        loss.backward()
        return float(loss.data)

    return step


def our_mlp_step() -> Callable[[], float]:
    """A training step with our `MLP`."""
    X, y = points()
    model = MLP(2, SIZES, "relu")
    for parameter, number in zip(model.parameters(), weights(), strict=True):
        parameter.data = number

    def step() -> float:
        loss = fsum((1.0 - target * model(inputs)[0]).relu() for inputs, target in zip(X, y, strict=True)) / len(y)
        model.zero_grad()
        loss.backward()
        return loss.data

    return step


def micrograds_mlp_step() -> Callable[[], float]:
    """A training step with micrograd's `MLP`, as its own demonstration writes it."""
    X, y = points()
    model = micrograd.nn.MLP(2, SIZES)
    for parameter, number in zip(model.parameters(), weights(), strict=True):
        parameter.data = number

    def step() -> float:
        scores = [model(list(map(micrograd.engine.Value, inputs))) for inputs in X]
        losses = [(1.0 + -target * score).relu() for target, score in zip(y, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses))
        model.zero_grad()
        loss.backward()
        return float(loss.data)

    return step


IN_A_ROW = 4


def milliseconds(theirs: Callable[[], float], ours: Callable[[], float], rounds: int = 7) -> list[float]:
    """What one of several steps in a row costs, as in training, and the ratio; the two must agree on the loss.

    In a row, because the graphs of the rivals are cycles: a step clears away what the one before it has left.
    """
    losses = theirs(), ours()
    assert math.isclose(*losses, rel_tol=1e-9), f"the engines disagree: {losses}"

    def timed(step: Callable[[], float]) -> float:
        gc.collect()  # what the other engine has left is not cleared away at the cost of this one
        start = time.process_time()
        for _ in range(IN_A_ROW):
            step()
        return (time.process_time() - start) / IN_A_ROW * 1e3

    return in_turns(lambda: timed(theirs), lambda: timed(ours), rounds)


def bytes_per_operation(make: Make, count: int = 20_000) -> float:
    """Memory that one recorded operation takes, half of them × and half +."""
    x = make(1.5)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    v = x
    for _ in range(count // 2):
        v = v * x + x
        v.data = 1.0  # or it would overflow
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / count


def training() -> Table:
    """A network by plain scalars and by each engine's own class, and the memory of an operation."""
    table = table_of("One training step, 2-16-16-1, 100 points", "micrograd")
    plain = milliseconds(plain_step(micrograd.engine.Value), plain_step(Value))
    add_row(table, "plain scalars", plain, "ms", at_least=5)
    add_row(table, "MLP", milliseconds(micrograds_mlp_step(), our_mlp_step()), "ms", at_least=20)
    theirs, ours = bytes_per_operation(micrograd.engine.Value), bytes_per_operation(Value)
    add_row(table, "memory per operation", (theirs, ours, ours / theirs), "B", at_most=0.33)
    return table


# Long chains ----------------------------------------------------------------------------------------------

CHAIN = """
import gc, sys, time
engine, length, collector = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if engine == "ours":
    from tinygrad_edu import Value
    backward = Value.backward
else:
    from minimal import Value, backward_in_a_loop as backward
if collector == "off":
    gc.disable()
x, spent, repeats = Value(1.0), 0.0, max(1, 300_000 // length)
for _ in range(repeats):
    start = time.process_time()
    v = x
    for _ in range(length):
        v = v + x
    backward(v)
    assert x.grad == length + 1
    x.grad = 0.0
    del v
    spent += time.process_time() - start
print(spent / repeats / length)
"""


def in_fresh_process(code: str, *arguments: str) -> float:
    """The number that Python prints for this code, which may import what lies beside this file."""
    code = f"import sys\nsys.path.append({str(Path(__file__).parent)!r})\n{code}"
    command = [sys.executable, "-P", "-c", code, *arguments]  # -P: not from the folder it runs in
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def chain(engine: str, length: int, collector: str) -> Callable[[], float]:
    """A function that returns the nanoseconds of an operation in a chain, in a fresh process."""
    return lambda: in_fresh_process(CHAIN, engine, str(length), collector) * 1e9


def chains() -> Table:
    """What an operation costs in a long chain; the minimal engine shows what no engine of this kind is spared."""
    title = "An operation in a chain of v = v + x, forward, backward and freed"
    table = table_of(title, "1,000 long", "1,000,000 long")
    for engine, collector in itertools.product(("ours", "minimal"), ("off", "on")):
        figures = in_turns(chain(engine, 1_000, collector), chain(engine, 1_000_000, collector), rounds=5)
        at_most = 1.8 if (engine, collector) == ("ours", "on") else 0.0
        add_row(table, f"{engine}, collector {collector}", figures, "ns", at_most=at_most)
    return table


# Importing ------------------------------------------------------------------------------------------------

IMPORT = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
if len(sys.argv) > 1:
    import tinygrad_edu
    start, middle = middle, time.perf_counter()
print((middle - start) * 1e3)
"""


def importing(runs: int = 7) -> Table:
    """What `import tinygrad_edu` costs, once NumPy is there."""
    table = table_of("Importing, the least of several fresh processes", "NumPy alone", "ours after it")
    times = [(in_fresh_process(IMPORT), in_fresh_process(IMPORT, "ours")) for _ in range(runs)]
    numpy, ours = (min(column) for column in zip(*times, strict=True))
    table.add_row("import", f"{numpy:.0f} ms", f"{ours:.0f} ms", f"{ours / numpy:.2f} x", "ours at most 60 ms")
    return table


# NumPy's notation, against our MLP -------------------------------------------------------------------------


def mlp_step(activation: str, output_activation: str) -> Callable[[], float]:
    """A forward and a backward pass of our `MLP` on all points."""
    X, y = points()
    model = MLP(2, SIZES, activation, output_activation=output_activation)
    for parameter, number in zip(model.parameters(), weights(), strict=True):
        parameter.data = number

    def step() -> float:
        loss = fsum((model(inputs)[0] - target) ** 2 for inputs, target in zip(X, y, strict=True)) / len(y)
        model.zero_grad()
        loss.backward()
        return loss.data

    return step


def array_step(activations: Sequence[Callable[[Any], Any]]) -> Callable[[], float]:
    """The same, as NumPy code writes it: matrices of weights times all points at once."""
    X, y = (np.array(numbers) for numbers in points())
    numbers = iter(weights())
    layers = []
    for n_in, n_out in zip([2, *SIZES], SIZES, strict=False):
        rows = [[next(numbers) for _ in range(n_in + 1)] for _ in range(n_out)]
        layers.append((array([row[:-1] for row in rows]).T, array([row[-1] for row in rows])))

    def step() -> float:
        outputs: Any = X
        for (W, b), activation in zip(layers, activations, strict=True):
            outputs = activation(outputs @ W + b)
        loss = np.mean((outputs[:, 0] - y) ** 2)
        for W, b in layers:
            W.grad = b.grad = 0.0
        loss.backward()
        return float(loss.data)

    return step


def sigmoid_in_full(z: Any) -> Any:
    """As the tutorial writes it."""
    return 1 / (1 + np.exp(-z))


def notation() -> Table:
    """The tutorial's forward pass with arrays, and the backward pass, must cost hardly more than the MLP."""
    table = table_of("A forward and a backward pass with arrays, 2-16-16-1, 100 points", "our MLP", "arrays")
    tanh_first = array_step([np.tanh, np.tanh, sigmoid_in_full])
    add_row(table, "tanh, tanh, sigmoid", milliseconds(mlp_step("tanh", "sigmoid"), tanh_first), "ms", at_most=1.5)
    throughout = array_step([sigmoid_in_full] * 3)
    add_row(table, "sigmoid written out", milliseconds(mlp_step("sigmoid", "sigmoid"), throughout), "ms", at_most=1.5)
    return table


PARTS = {
    "operations": operations, "language": language, "training": training, "notation": notation, "chains": chains,
    "importing": importing,
}  # fmt: skip


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one of the tables")
    options = parser.parse_args()
    sys.setrecursionlimit(100_000)  # the rivals walk the graph recursively
    console = Console(width=max(Console().width, 100))
    for name, part in PARTS.items():
        if options.only in (None, name):
            console.print(part())


if __name__ == "__main__":
    main()
