"""Our engine against micrograd, side by side in one run: `python tests/benchmarks/engine.py`.

Both train the 2-16-16-1 ReLU network on the same 100 points with the same starting weights and the hinge loss, and
must agree on the loss. "Plain scalars" is one function that both engines run: the same × and + nodes. "MLP" is
each engine's own network class, ours with one `dot` node per neuron. Needs `pip install micrograd`.
"""

from __future__ import annotations

import gc
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import micrograd.engine
import micrograd.nn
import numpy as np
from rich.console import Console
from rich.table import Table

from tinygrad_edu import MLP, Value, fsum

SIZES = [16, 16, 1]
POINTS = 100
CHAIN = """
import gc, sys, time
from tinygrad_edu import Value
length, collector = int(sys.argv[1]), sys.argv[2]
if collector == "off":
    gc.disable()
x, spent, repeats = Value(1.0), 0.0, max(1, 300_000 // length)
for _ in range(repeats):
    start = time.process_time()
    v = x
    for _ in range(length):
        v = v + x
    v.backward()
    assert x.grad == length + 1
    x.grad = 0.0
    del v
    spent += time.process_time() - start
print(spent / repeats / length)
"""


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


def plain_step(make: Callable[[float], Any]) -> Callable[[], float]:
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


def milliseconds(steps: Sequence[Callable[[], float]], repeats: int = 7) -> list[float]:
    """The median time of each step, measured in turns so that a busy machine is busy for all of them."""
    losses = [step() for step in steps]
    assert max(losses) - min(losses) < 1e-9, f"the engines disagree: {losses}"
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(repeats):
        for step, spent in zip(steps, times, strict=True):
            gc.collect()  # micrograd's graphs are cycles, and would be cleared away at our cost
            start = time.process_time()
            step()
            spent.append((time.process_time() - start) * 1e3)
    return [statistics.median(spent) for spent in times]


def bytes_per_operation(make: Callable[[float], Any], count: int = 20_000) -> float:
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
    while v is not x:  # micrograd's nodes would be freed recursively, and overflow the stack
        v = next(iter(getattr(v, "inputs", None) or v._prev))
    return (after - before) / count


def seconds_per_operation(length: int, collector: str) -> float:
    """Forward, backward and freeing of a chain, in a fresh process, with Python's cycle collector on or off."""
    command = [sys.executable, "-c", CHAIN, str(length), collector]
    runs = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3)]
    return min(runs)


def main() -> None:
    """Measure and print the table."""
    table = Table("measured", "micrograd", "ours", "ratio", "target", title="One training step, 2-16-16-1, 100 points")
    theirs, ours = milliseconds([plain_step(micrograd.engine.Value), plain_step(Value)])
    table.add_row("plain scalars", f"{theirs:.0f} ms", f"{ours:.1f} ms", f"{theirs / ours:.1f} x", "at least 4 x")
    theirs, ours = milliseconds([micrograds_mlp_step(), our_mlp_step()])
    table.add_row("MLP", f"{theirs:.0f} ms", f"{ours:.1f} ms", f"{theirs / ours:.1f} x", "at least 20 x")
    theirs, ours = bytes_per_operation(micrograd.engine.Value), bytes_per_operation(Value)
    table.add_row("memory per operation", f"{theirs:.0f} B", f"{ours:.0f} B", f"{ours / theirs:.2f}", "at most 0.5")
    Console().print(table)

    table = Table("chain of v = v + x", "1,000 long", "1,000,000 long", "ratio", "target", title="Cost per operation")
    for collector in ("off", "on"):
        short, long = (seconds_per_operation(length, collector) * 1e9 for length in (1_000, 1_000_000))
        table.add_row(f"cycle collector {collector}", f"{short:.0f} ns", f"{long:.0f} ns", f"{long / short:.2f}", "1.5")
    Console().print(table)


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)  # micrograd walks the graph recursively
    main()
