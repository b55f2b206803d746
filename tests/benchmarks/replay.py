"""What replay costs, each figure a ratio against a rival taken side by side in one run, one thread each.

    python tests/benchmarks/replay.py [--microgpt PATH] [--only NAME]

The rivals: NumPy by hand (below: the limit), PyTorch eager, micrograd, and for the language model the file of
scalar code whose path you give. The machine may be busy, so each pair is timed in turns and the median of the
ratios is what counts.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from networks import Times, networks
from rich.console import Console
from rich.table import Table
from sequences import Language, sequences
from threadpoolctl import threadpool_limits

from tinygrad_edu import MLP, Value, choose, dot, fsum, logsumexp, record
from tinygrad_edu.optim import Adam

TABLE = Table("work", "ours", "rival", "time of a rival's step", "ratio", "target")


def timed(call: Callable[[], Any], seconds: float = 0.05) -> float:
    """Seconds a call takes, over enough calls to fill so many seconds."""
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return elapsed / calls
        calls = max(calls * 2, int(calls * seconds / max(elapsed, 1e-9)))


def compare(
    work: str,
    ours: Callable[[], Any],
    rival: str,
    theirs: Callable[[], Any],
    target: str,
    rounds: int = 9,
    faster: bool = True,
) -> float:
    """Time the two in turns; the ratio is rival / ours where we should be faster, else ours / rival."""
    ours()
    theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    ratio = statistics.median([t / o if faster else o / t for o, t in pairs])
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    unit = f"{ratio:,.0f} ×" if ratio >= 100 else f"{ratio:.2f} ×"
    TABLE.add_row(
        work,
        f"{mine * 1e6:,.1f} µs",
        rival,
        f"{other * 1e6:,.1f} µs",
        f"{unit} {'faster' if faster else 'its time'}",
        target,
    )
    return ratio


def add_row(work: str, ours: Times, rival: str, theirs: Times, target: str, faster: bool = False) -> None:
    """A row of times that were taken elsewhere: the processor's, and the ratio on the wall's clock beside it."""
    ratios = [t / o if faster else o / t for o, t in zip(ours, theirs, strict=True)]
    processor, wall = (f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2f}" for ratio in ratios)
    TABLE.add_row(
        work,
        f"{ours.processor * 1e6:,.1f} µs",
        rival,
        f"{theirs.processor * 1e6:,.1f} µs",
        f"{processor} × {'faster' if faster else 'its time'} (wall {wall} ×)",
        target,
    )


# 2-16-16-1 ReLU, hinge, batch 100 -------------------------------------------------------------------------


def moons() -> None:
    """The two-moons network, recorded from our MLP and from plain × and +."""
    generator = np.random.default_rng(0)
    inputs, targets = generator.normal(size=(100, 2)), np.where(generator.random(100) > 0.5, 1.0, -1.0)
    model = MLP(2, [16, 16, 1], "relu", seed=0)
    from_model = record(lambda x, y: (1 - y * model(x)[0]).relu(), ((2,), ()), model.parameters())
    layers = [[(n.weights, n.bias) for n in layer.neurons] for layer in model.layers]

    def plain(x: Any, y: Any) -> Value:
        for k, layer in enumerate(layers):
            x = [sum((w * v for w, v in zip(weights, x, strict=True)), bias) for weights, bias in layer]
            x = x if k == 2 else [v.relu() for v in x]
        return (1 - y * x[0]).relu()

    from_scalars = record(plain, ((2,), ()), model.parameters())
    matrices = [
        (np.array([[w.data for w in weights] for weights, _ in layer]), np.array([bias.data for _, bias in layer]))
        for layer in layers
    ]
    (w1, b1), (w2, b2), (w3, b3) = matrices

    def by_hand() -> Any:
        z1 = inputs @ w1.T + b1
        a1 = np.maximum(z1, 0)
        z2 = a1 @ w2.T + b2
        a2 = np.maximum(z2, 0)
        score = (a2 @ w3.T + b3)[:, 0]
        margin = 1 - targets * score
        loss = np.maximum(margin, 0).mean()
        d3 = ((margin > 0) * -targets / len(targets))[:, None]
        d2 = (d3 @ w3) * (z2 > 0)
        d1 = (d2 @ w2) * (z1 > 0)
        return loss, (d1.T @ inputs, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))

    loss, gradients = by_hand()
    flat = [np.concatenate([np.column_stack([gradients[2 * k], gradients[2 * k + 1]]).ravel()]) for k in range(3)]
    for program in (from_model, from_scalars):
        mean, gradient = program.value_and_grad(inputs, targets)
        np.testing.assert_allclose(mean, loss, rtol=1e-12)
        np.testing.assert_allclose(gradient, np.concatenate(flat), rtol=1e-9, atol=1e-14)
    torch_step = torch_moons(inputs, targets, matrices)
    micrograd_step = micrograd_moons(inputs, targets, layers)
    for name, program in (("2-16-16-1 from MLP", from_model), ("2-16-16-1 from × and +", from_scalars)):

        def ours(program: Any = program) -> Any:
            return program.value_and_grad(inputs, targets)

        compare(name, ours, "NumPy by hand", by_hand, "≤ 1.4 × its time", faster=False)
        compare(name, ours, "PyTorch eager", torch_step, "≥ 2 × faster")
        compare(name, ours, "micrograd", micrograd_step, "≥ 5,000 × faster", rounds=1)


def torch_moons(inputs: Any, targets: Any, matrices: Any) -> Callable[[], Any]:
    """The same step in PyTorch, in double precision, on one thread."""
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(inputs), torch.tensor(targets)
    linear = []
    for weight, bias in matrices:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.copy_(torch.tensor(bias))
        linear.append(layer)
    model = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])

    def step() -> Any:
        model.zero_grad()
        loss = torch.relu(1 - y * model(x)[:, 0]).mean()
        loss.backward()
        return loss

    return step


def micrograd_moons(inputs: Any, targets: Any, layers: Any) -> Callable[[], Any]:
    """The same step in micrograd."""
    from micrograd.engine import Value as Rival

    rows, labels = inputs.tolist(), targets.tolist()
    network = [[([Rival(w.data) for w in weights], Rival(bias.data)) for weights, bias in layer] for layer in layers]
    sys.setrecursionlimit(10**6)

    def step() -> Any:
        losses = []
        for row, label in zip(rows, labels, strict=True):
            x: list[Any] = [Rival(v) for v in row]
            for k, layer in enumerate(network):
                x = [sum((w * v for w, v in zip(weights, x, strict=True)), bias) for weights, bias in layer]
                x = x if k == 2 else [v.relu() for v in x]
            losses.append((1 + -label * x[0]).relu())
        loss = sum(losses) * (1.0 / len(losses))
        loss.backward()
        return loss

    return step


# 64-32-10 tanh, cross-entropy, batch 128 ------------------------------------------------------------------


def digits() -> None:
    """The digits network."""
    import torch

    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    inputs, labels = generator.random((128, 64)), generator.integers(0, 10, 128)
    model = MLP(64, [32, 10], "tanh", seed=0)

    def loss_of(x: Any, y: Any) -> Value:
        logits = model(x)
        return logsumexp(logits) - choose(y, logits)

    program = record(loss_of, ((64,), ()), model.parameters())
    w1, w2 = (np.array([[w.data for w in n.weights] for n in layer.neurons]) for layer in model.layers)
    b1, b2 = (np.array([n.bias.data for n in layer.neurons]) for layer in model.layers)
    rows = np.arange(128)

    def by_hand() -> Any:
        hidden = np.tanh(inputs @ w1.T + b1)
        logits = hidden @ w2.T + b2
        shifted = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        totals = exponentials.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) - shifted[rows, labels]).mean()
        d2 = exponentials / totals
        d2[rows, labels] -= 1
        d2 /= 128
        d1 = (d2 @ w2) * (1 - hidden * hidden)
        return loss, (d1.T @ inputs, d1.sum(0), d2.T @ hidden, d2.sum(0))

    loss, (g1, h1, g2, h2) = by_hand()
    mean, gradient = program.value_and_grad(inputs, labels)
    np.testing.assert_allclose(mean, loss, rtol=1e-12)
    expected = np.concatenate([np.column_stack([g1, h1]).ravel(), np.column_stack([g2, h2]).ravel()])
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-14)
    rival = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10)).double()
    x, y, entropy = torch.tensor(inputs), torch.tensor(labels), torch.nn.CrossEntropyLoss()

    def torch_step() -> Any:
        rival.zero_grad()
        result = entropy(rival(x), y)
        result.backward()
        return result

    def ours() -> Any:
        return program.value_and_grad(inputs, labels)

    compare("64-32-10 tanh, cross-entropy", ours, "NumPy by hand", by_hand, "≤ 1.25 × its time", faster=False)
    compare("64-32-10 tanh, cross-entropy", ours, "PyTorch eager", torch_step, "faster")


# The tutorial's XOR experiment ----------------------------------------------------------------------------

XOR_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_TARGETS = np.array([[0.0], [1.0], [1.0], [0.0]])


def xor(epochs: int = 10_000) -> None:
    """2-2-1 sigmoid without biases, 10,000 epochs of gradient descent, to the same weights."""
    generator = np.random.RandomState(42)
    start_hidden, start_out = generator.uniform(size=(2, 2)), generator.uniform(size=(2, 1))

    def by_hand() -> Any:
        hidden_weights, out_weights = start_hidden.copy(), start_out.copy()
        for _ in range(epochs):
            hidden = 1 / (1 + np.exp(-(XOR_INPUTS @ hidden_weights)))
            output = 1 / (1 + np.exp(-(hidden @ out_weights)))
            d_output = (XOR_TARGETS - output) * output * (1 - output)
            d_hidden = (d_output @ out_weights.T) * hidden * (1 - hidden)
            out_weights += hidden.T @ d_output * 0.1
            hidden_weights += XOR_INPUTS.T @ d_hidden * 0.1
        return hidden_weights, out_weights

    hidden = [[Value(w) for w in column] for column in start_hidden.T]
    out = [Value(w) for w in start_out[:, 0]]
    params = [w for row in hidden for w in row] + out

    def loss_of(x: Any, y: Any) -> Value:
        layer = [dot(row, x).sigmoid() for row in hidden]
        return 0.5 * (dot(out, layer).sigmoid() - y) ** 2

    program = record(loss_of, ((2,), ()), params)
    start, targets = program.theta.copy(), XOR_TARGETS[:, 0]

    def ours() -> Any:
        program.theta = start
        theta = program.theta
        for _ in range(epochs):
            _, gradient = program.value_and_grad(XOR_INPUTS, targets)
            theta -= (0.1 * 4) * gradient  # the tutorial adds the four examples up; ours is their mean
        return theta

    weights = by_hand()
    np.testing.assert_allclose(ours(), np.concatenate([weights[0].T.ravel(), weights[1].ravel()]), rtol=0, atol=1e-9)
    compare("XOR, 10,000 epochs with SGD", ours, "NumPy by hand", by_hand, "≤ 1.3 × its time", rounds=5, faster=False)


# microgpt -------------------------------------------------------------------------------------------------


def microgpt(path: str | None, steps: int = 12) -> None:
    """A training step of the language model, Adam included, against the scalar code at `path`."""
    names = name_list()
    letters = sorted(set("".join(names)))
    model = Language(len(letters) + 1)
    random.seed(42)
    random.shuffle(names)
    documents = [[len(letters), *map(letters.index, name), len(letters)][: model.block + 1] for name in names[:steps]]
    theta = np.array([parameter.data for parameter in model.parameters])
    programs = {
        length: record(model.loss, ((length,),), model.parameters, theta=theta) for length in set(map(len, documents))
    }
    adam = Adam(model.parameters, betas=(0.85, 0.99))

    def step(number: int, tokens: list[int]) -> Any:
        loss, gradient = programs[len(tokens)].value_and_grad(np.array([tokens]))
        adam.schedule_lr(0.01 * (1 - number / 1000))
        adam.update(theta, gradient, out=theta)
        return loss

    def ours() -> None:
        for number, tokens in enumerate(documents, start=1):
            step(number, tokens)

    ours()
    mine = statistics.median([timed(ours, 0.2) for _ in range(5)]) / steps
    if path is None:
        TABLE.add_row(
            "microgpt, Adam included",
            f"{mine * 1e6:,.1f} µs",
            "scalar code",
            "give --microgpt PATH",
            "",
            "≥ 100 × faster",
        )
        return
    theirs = rival_steps(path, name_list(), steps)
    TABLE.add_row(
        "microgpt, Adam included", f"{mine * 1e6:,.1f} µs", "its scalar code", f"{theirs * 1e6:,.0f} µs",
        f"{theirs / mine:,.0f} × faster", "≥ 100 × faster",
    )  # fmt: skip


def name_list() -> list[str]:
    """First names of the census, of women and men."""
    folder = Path(__file__).parents[2] / "demos" / "names"
    return sorted({name for file in folder.glob("*.txt") for name in file.read_text(encoding="ascii").split()})


def rival_steps(path: str, documents: list[str], steps: int) -> float:
    """Seconds a step of the rival's file takes: it prints one line for each."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "input.txt").write_text("\n".join(documents))
        command = [sys.executable, "-u", str(Path(path).resolve())]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while not process.stdout.readline().startswith("step"):
                pass
            start = time.perf_counter()
            for _ in range(steps - 1):
                process.stdout.readline()
            elapsed = time.perf_counter() - start
            process.kill()
    return elapsed / (steps - 1)


# Recording, and one example at a time ---------------------------------------------------------------------


def recording() -> None:
    """What it costs to record, and from when it pays."""
    model = MLP(64, [32, 10], "tanh", seed=0)
    x, y = np.random.default_rng(0).random(64), 3

    def loss_of(inputs: Any, label: Any) -> Value:
        logits = model(inputs)
        return logsumexp(logits) - choose(label, logits)

    def eager() -> None:
        loss_of(x, y).backward()

    compare(
        "record 64-32-10", lambda: record(loss_of, ((64,), ()), model.parameters()), "eager step", eager,
        "≤ 30 × its time", rounds=5, faster=False,
    )  # fmt: skip

    def wide(operations: int) -> Callable[[Any], Value]:
        def function(inputs: Any) -> Value:
            values = list(inputs)
            for k in range(operations):
                values.append(values[-1 - k % 50].tanh() * values[-2] if k % 2 else values[-1] + values[-3])
            return fsum(values[-5:])

        return function

    seconds = {}
    for operations in (10_000, 50_000):
        gc.collect()
        start = time.perf_counter()
        record(wide(operations // 3 * 2), ((60,),), [])
        seconds[operations] = time.perf_counter() - start
    TABLE.add_row("record 10,000 Values", f"{seconds[10_000]:.2f} s", "", "", "", "")
    growth = seconds[50_000] / seconds[10_000]
    TABLE.add_row(
        "record 50,000 Values",
        f"{seconds[50_000]:.2f} s",
        "10,000 Values",
        f"{seconds[10_000]:.2f} s",
        f"{growth:.1f} × for 5 ×",
        "linear",
    )
    layered = MLP(100, [300, 200, 100], "relu", seed=0)
    layers = [[(n.weights, n.bias) for n in layer.neurons] for layer in layered.layers]

    def plain(inputs: Any) -> Value:
        values = list(inputs)
        for layer in layers:
            values = [sum((w * v for w, v in zip(ws, values, strict=True)), b).relu() for ws, b in layer]
        return fsum(values)

    start = time.perf_counter()
    program = record(plain, ((100,),), layered.parameters())
    TABLE.add_row(
        f"record {program.recorded:,} Values", f"{time.perf_counter() - start:.2f} s", "", "", "", "100,000 in < 10 s"
    )


OPERATIONS: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
    lambda a, b: a.tanh(),
    lambda a, b: a.sigmoid(),
    lambda a, b: a.relu(),
]


def break_even() -> None:
    """Functions of 100 plain operations on one example: a tangle in which hardly two are alike, and a small network."""
    generator = random.Random(0)
    plan = [(generator.randrange(6), generator.randrange(8), generator.randrange(8)) for _ in range(100)]
    weights = [Value(generator.uniform(-1, 1)) for _ in range(4)]
    first, second = ([[Value(generator.uniform(-1, 1)) for _ in range(4)] for _ in range(n)] for n in (9, 2))

    def tangle(inputs: Any) -> Value:
        values = [*inputs, *weights]
        for kind, a, b in plan:
            values.append(OPERATIONS[kind](values[-1 - a], values[-1 - b]))
        return fsum(values[-8:])

    def network(inputs: Any) -> Value:
        hidden = [sum(w * v for w, v in zip(row, inputs, strict=True)).tanh() for row in first]
        return fsum(sum(w * v for w, v in zip(row, hidden[:4], strict=True)).tanh() for row in second)

    x = np.array([[0.3, -0.2, 0.5, 0.9]])
    parts = [
        ("100 operations at random, batch 1", tangle, weights, "≥ 6 × faster"),
        (
            "100 operations as a network, batch 1",
            network,
            [w for row in (*first, *second) for w in row],
            "≥ 4 × faster",
        ),
    ]
    for name, function, params, target in parts:
        program = record(function, ((4,),), params)
        native = record(function, ((4,),), params, native=True)

        def eager(function: Any = function) -> None:
            function([Value(number) for number in x[0].tolist()]).backward()

        compare(name, partial(program.value_and_grad, x), "eager", eager, target)
        compare(
            f"{name}, native",
            partial(native.value_and_grad, x),
            "eager",
            eager,
            "≥ 50 × faster" if "random" in name else "",
        )


def mixed() -> None:
    """The digits network with a penalty of 100 unlike operations on 8 parameters: in tangles, and on arrays alone."""
    generator = random.Random(0)
    plan = [(generator.randrange(6), generator.randrange(8), generator.randrange(8)) for _ in range(100)]
    model, knobs = MLP(64, [32, 10], "tanh", seed=0), [Value(0.1 * k + 0.3) for k in range(8)]

    def loss_of(x: Any, y: Any) -> Value:
        logits, values = model(x), list(knobs)
        for kind, a, b in plan:
            values.append(OPERATIONS[kind](values[-1 - a], values[-1 - b]))
        return logsumexp(logits) - choose(y, logits) + 0.01 * fsum(values[-8:])

    program = record(loss_of, ((64,), ()), [*model.parameters(), *knobs])
    arrays = program.twin(program.theta)
    arrays.tangles = {}
    for batch in (1, 32, 128):
        x, y = np.random.default_rng(0).random((batch, 64)), np.arange(batch) % 10
        mine, theirs = (partial(way.value_and_grad, x, y) for way in (program, arrays))
        compare(f"64-32-10 and 100 operations, batch {batch}", mine, "arrays alone", theirs, "", rounds=15)


def logistic() -> None:
    """The logistic map, 1,000 steps: a long recurrence, for one example."""
    rate = Value(3.7)

    def iterated(x: Any) -> Any:
        for _ in range(1_000):
            x = rate * x * (1 - x)
        return x

    program, native = (record(iterated, ((),), [rate], native=native) for native in (False, True))
    arrays, one, many = record(iterated, ((),), [rate]), np.array([0.3]), np.linspace(0.1, 0.9, 1_000)
    arrays.by_line = 0

    def eager() -> None:
        iterated(Value(0.3)).backward()

    work = "logistic map, 1,000 steps"
    compare(f"{work}, batch 1", partial(program.value_and_grad, one), "eager", eager, "≥ 8 × faster")
    compare(f"{work}, batch 1, native", partial(native.value_and_grad, one), "eager", eager, "≥ 100 × faster")
    on_arrays = partial(arrays.value_and_grad, many)
    compare(f"{work}, batch 1,000, native", partial(native.value_and_grad, many), "arrays", on_arrays, "≥ 3 × faster")


def rosenbrock(variables: int = 1_000) -> None:
    """Rosenbrock's function, its terms added up by Python's `sum`."""
    x = [Value(1.0 + 0.001 * k) for k in range(variables)]

    def function() -> Value:
        return sum((100 * (x[k + 1] - x[k] ** 2) ** 2 + (1 - x[k]) ** 2 for k in range(variables - 1)), Value(0.0))

    program = record(function, (), x)
    a = program.theta.copy()

    def by_hand() -> Any:
        inner, outer = a[1:] - a[:-1] ** 2, 1 - a[:-1]
        gradient = np.zeros(variables)
        gradient[1:] += 200 * inner
        gradient[:-1] -= 400 * inner * a[:-1] + 2 * outer
        return (100 * inner * inner + outer * outer).sum(), gradient

    value, gradient = program.value_and_grad()
    np.testing.assert_allclose(value, by_hand()[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, by_hand()[1], rtol=1e-9, atol=1e-9)
    work = "Rosenbrock, 1,000 variables, summed by sum"
    compare(work, program.value_and_grad, "NumPy by hand", by_hand, "≤ 40 µs", faster=False)
    compare(work, program.value_and_grad, "eager", lambda: function().backward(), "", rounds=3)


WORKS = {
    "networks": lambda: networks(add_row),
    "sequences": lambda: sequences(add_row),
    "moons": moons,
    "digits": digits,
    "xor": xor,
    "recording": recording,
    "break_even": break_even,
    "mixed": mixed,
    "logistic": logistic,
    "rosenbrock": rosenbrock,
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--microgpt", metavar="PATH", help="the rival's file of scalar code")
    parser.add_argument("--only", choices=[*WORKS, "microgpt"], help="one of the works")
    options = parser.parse_args()
    with threadpool_limits(1):
        for name, work in WORKS.items():
            if options.only in (None, name):
                work()
        if options.only in (None, "microgpt"):
            microgpt(options.microgpt)
    Console(width=150).print(TABLE)


if __name__ == "__main__":
    main()
