"""What it costs to record a function of about 500,000 Values: `python tests/benchmarks/recording.py [SHAPE ...]`.

Each shape is recorded, and compared with its function, in a process of its own, whose processor time and largest memory
are shown, beside those of an eager pass through the same function, forward and backward. One thread each. The targets
are those of an idle machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tinygrad_edu import MLP, Value, array, fsum, record

#: A function of one example, the shape of that, and the parameters.
Work = tuple[Callable[[Any], Any], tuple[int, ...], list[Value]]


def _plain(model: MLP) -> Callable[[Any], list[Value]]:
    """The network of a model, written with × and +."""
    layers = [[(n.weights, n.bias) for n in layer.neurons] for layer in model.layers]

    def network(x: Any) -> list[Value]:
        values = list(x)
        for neurons in layers:
            values = [sum((w * v for w, v in zip(ws, values, strict=True)), b).tanh() for ws, b in neurons]
        return values

    return network


def wide() -> Work:
    """A network of three wide layers, on one example."""
    model = MLP(100, [440, 320, 200, 10], seed=0)
    network = _plain(model)
    return lambda x: fsum(network(x)), (100,), model.parameters()


def batch() -> Work:
    """A small network on 620 examples, all in one function."""
    model = MLP(16, [16, 8, 1], seed=0)
    network = _plain(model)
    return lambda xs: fsum(v for x in xs for v in network(x)), (620, 16), model.parameters()


def recurrent() -> Work:
    """A network of 16 units that reads 920 numbers, one after the other."""
    weights = [[Value(0.1 * (i * j % 5 - 2)) for i in range(16)] for j in range(16)]
    inwards = [Value(0.1) for _ in range(16)]

    def function(x: Any) -> Value:
        state: list[Any] = [0.0] * 16
        for number in x:
            state = [
                sum((w * h for w, h in zip(row, state, strict=True)), u * number).tanh()
                for row, u in zip(weights, inwards, strict=True)
            ]
        return fsum(state)

    return function, (920,), [*inwards, *[w for row in weights for w in row]]


SHAPES = {work.__name__: work for work in (wide, batch, recurrent)}


def measured(shape: str) -> dict[str, float]:
    """The figures of one shape, in this process."""
    function, size, params = SHAPES[shape]()
    start = time.process_time()
    program = record(function, (size,), params)
    recorded = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    start = time.process_time()
    function(array(np.full(size, 0.5))).backward()
    eager = time.process_time() - start
    calls = len(program.instructions.forward) + len(program.instructions.backward)
    return {"values": program.recorded, "seconds": recorded, "peak": peak, "eager": eager, "operations": calls}


def main() -> None:
    """Print a row for each shape."""
    if sys.argv[1:2] == ["--in-this-process"]:
        print(json.dumps(measured(sys.argv[2])))
        return
    table = Table("shape", "Values", "array operations", "recorded in", "target", "peak memory", "target", "eager pass")
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for shape in sys.argv[1:] or SHAPES:
        command = [sys.executable, __file__, "--in-this-process", shape]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | one_thread)
        row = json.loads(done.stdout)
        table.add_row(
            shape, f"{row['values']:,}", f"{row['operations']:,}", f"{row['seconds']:.1f} s", "6 s",
            f"{row['peak'] / 1e9:.2f} GB", "1.5 GB", f"{row['eager']:.1f} s",
        )  # fmt: skip
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
