"""Drawing against Graphviz alone, on the same sources in one run: `python tests/benchmarks/pictures.py`.

What is ours is the making of the source, the reading of the SVG and the placing of its labels. A graph of 300 nodes
should be drawn in less than a second. Each picture is drawn five times, in turns with Graphviz; medians count. Takes
about a minute.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from tinygrad_edu import MLP, Module, Value, draw, topological_order
from tinygrad_edu.drawing.layout import laid_out
from tinygrad_edu.nn import RNN, Conv2d, MultiheadAttention

ROUNDS = 5
#: In seconds, for a graph of 300 nodes.
TARGET = 1.0


def products(count: int) -> Value:
    """The sum of all products of so many numbers: a graph as dense as formulas get."""
    numbers = [Value(0.1 * k, f"x{k}") for k in range(count)]
    return sum((a * b for k, a in enumerate(numbers) for b in numbers[:k]), Value(0.0))


def pictures() -> Iterator[tuple[str, Value | Module]]:
    """Graphs and models, each with what it is called."""
    yield "MLP 2-4-4-1", MLP(2, [4, 4, 1], seed=0)([0.5, -1.0])[0]
    yield "MLP 4-12-12-1", MLP(4, [12, 12, 1], seed=0)([0.5, -1.0, 0.2, 0.3])[0]
    yield "MLP 784-8-2", MLP(784, [8, 2], seed=0)([0.5] * 784).sum()
    yield "RNN, 10 steps", RNN(1, 2, seed=0)([[0.1]] * 10)[0][-1].sum()
    yield "attention", MultiheadAttention(2, 1, seed=0)([[0.1, 0.2], [0.3, -0.4], [0.3, 0.2]])[0].sum()
    yield "convolution, 7 × 7", Conv2d(1, 2, 3, seed=0)(np.ones((1, 7, 7))).sum()
    yield "products of 16 numbers", products(16)
    yield "model 64-64-64-8", MLP(64, [64, 64, 8], seed=0)


def seconds(run: Callable[[], object]) -> float:
    """How long it takes, once."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measured(root: Value | Module) -> list[tuple[float, float]]:
    """What Graphviz alone takes for the source of a picture, and what drawing it takes, in turns."""
    source = draw(root).source
    return [(seconds(lambda: laid_out(source, "svg")), seconds(lambda: draw(root).pipe("svg"))) for _ in range(ROUNDS)]


def main() -> None:
    """Print a row for each picture."""
    table = Table("picture", "nodes", "Graphviz alone", "ours", "ratio", title=f"target: {TARGET:g} s for 300 nodes")
    for name, root in pictures():
        if isinstance(root, Value):
            root.backward()
        rounds = measured(root)
        theirs, ours = map(statistics.median, zip(*rounds, strict=True))
        ratio = statistics.median(own / other for other, own in rounds)
        nodes = f"{len(topological_order(root)):,}" if isinstance(root, Value) else ""
        color = "green" if ours < TARGET else "red"
        table.add_row(name, nodes, f"{theirs:.3f} s", f"[{color}]{ours:.3f} s[/]", f"{ratio:.2f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
