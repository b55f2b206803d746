"""Training on the digits, side by side in one run: `python tests/benchmarks/training.py [EPOCHS]`.

First `fit`, eagerly and replayed: 64-32-10, relu, cross-entropy, Adam, 1,437 examples in batches of 32, from the same
starting weights; both must agree on every loss to 1e-9. Then `fit` and a loop of PyTorch with the same settings, from
the same weights and one thread each, in turns: both must answer the test images about equally well. Then our
`MLPClassifier` and scikit-learn's, with the same settings, in turns and each in a process of its own, so that ours
records its network each time; both must agree on the loss to 1e-6, in float32 to 1e-4. (L-BFGS goes on until the
probabilities of wrong classes are too small for float32 to hold all their digits, with which processors are slow.) Last
a step in single and in double precision, program and Adam, in turns, and the memory of all that it makes. Processor
time of one thread is what counts on a machine that has other things to do.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from tinygrad_edu import MLP, Adam, History, fit
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.training import predict

EXAMPLES = 1437


def measure(engine: str, epochs: int) -> tuple[History, float, float]:
    """The history of a run, and its seconds by the clock and by the processor."""
    X, y = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], "relu", seed=0)
    clock, processor = time.perf_counter(), time.process_time()
    optimizer = Adam(model.parameters(), 0.003)
    history = fit(
        model, X[:EXAMPLES] / 16, y[:EXAMPLES], cross_entropy, optimizer, epochs, engine=engine, progress=False
    )
    return history, time.perf_counter() - clock, time.process_time() - processor


SETTINGS = {
    "the defaults": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "the defaults, float32": {"dtype": "float32"},
    "sgd, float32": {"solver": "sgd", "learning_rate_init": 0.1, "dtype": "float32"},
    "lbfgs, float32": {"solver": "lbfgs", "dtype": "float32"},
}
ESTIMATOR = """
import json, sys, time, warnings
from sklearn.datasets import load_digits
warnings.simplefilter("ignore")
if sys.argv[1] == "ours":
    from tinygrad_edu.training import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier
X, y = load_digits(return_X_y=True)
settings = json.loads(sys.argv[2])
X = (X / 16).astype(settings.pop("dtype", "float64"))
start = time.process_time()
fitted = MLPClassifier(random_state=0, **settings).fit(X, y)
print(json.dumps([time.process_time() - start, float(fitted.loss_)]))
"""
ROUNDS = 5


def fitted(whose: str, settings: dict[str, object]) -> tuple[float, float]:
    """Processor seconds of one thread, and the loss, of an estimator in a fresh process."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ESTIMATOR, whose, json.dumps(settings)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | one_thread).stdout
    seconds, loss = json.loads(printed)
    return seconds, loss


def estimators() -> Table:
    """Our estimator must not take longer than scikit-learn's."""
    table = Table("settings", "scikit-learn", "ours", "ratio", "target", title="MLPClassifier on the digits")
    for name, settings in SETTINGS.items():
        pairs = [(fitted("theirs", settings), fitted("ours", settings)) for _ in range(ROUNDS)]
        apart = 1e-4 if "dtype" in settings else 1e-6  # hundreds of steps, each of which adds to the rounding
        assert all(abs(theirs[1] - ours[1]) < apart for theirs, ours in pairs), pairs
        least = [min(pair[k][0] for pair in pairs) for k in (0, 1)]
        ratio = statistics.median(ours[0] / theirs[0] for theirs, ours in pairs)
        color = "green" if ratio <= 1.0 else "red"
        table.add_row(name, f"{least[0]:.2f} s", f"{least[1]:.2f} s", f"[{color}]{ratio:.2f} x", "at most 1 x")
    return table


def rivals(epochs: int) -> Table:
    """`fit`, recording and comparing included, against a loop of PyTorch in double precision, which only trains."""
    table = Table("run", "processor s", "test accuracy", "ratio", "target", title=f"digits, {epochs} epochs")
    pairs = [(by_fit(epochs), by_torch(epochs)) for _ in range(ROUNDS)]
    ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
    rows = [(min(pair[k][0] for pair in pairs), pairs[0][k][1]) for k in (0, 1)]
    assert abs(rows[0][1] - rows[1][1]) < 0.015, rows
    table.add_row("PyTorch", f"{rows[1][0]:.3f}", f"{rows[1][1]:.1%}", "", "")
    color = "green" if ratio >= 3.0 else "red"
    table.add_row("fit", f"{rows[0][0]:.3f}", f"{rows[0][1]:.1%}", f"[{color}]{ratio:.2f} x faster", "at least 3 x")
    return table


def by_fit(epochs: int) -> tuple[float, float]:
    """Processor seconds of `fit`, and the accuracy on the images that it has not seen."""
    X, y = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], "relu", seed=0)
    start = time.process_time()
    fit(model, X[:EXAMPLES] / 16, y[:EXAMPLES], cross_entropy, Adam(model.parameters(), 0.003), epochs, progress=False)
    seconds = time.process_time() - start
    return seconds, float(np.mean(predict(model, X[EXAMPLES:] / 16).argmax(axis=1) == y[EXAMPLES:]))


def by_torch(epochs: int) -> tuple[float, float]:
    """The same, by PyTorch: shuffled batches as slices of a permutation, which costs less than its DataLoader."""
    import torch

    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    x, labels = torch.tensor(X / 16), torch.tensor(y)
    layers = torch.nn.Linear(64, 32), torch.nn.Linear(32, 10)
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1]).double()
    with torch.no_grad():
        for ours, theirs in zip(MLP(64, [32, 10], "relu", seed=0).layers, layers, strict=True):
            theirs.weight.copy_(torch.tensor([[w.data for w in neuron.weights] for neuron in ours.neurons]))
            theirs.bias.copy_(torch.tensor([neuron.bias.data for neuron in ours.neurons]))
    optimizer, loss_of = torch.optim.Adam(network.parameters(), lr=0.003), torch.nn.CrossEntropyLoss()
    generator = torch.Generator().manual_seed(0)
    start = time.process_time()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(EXAMPLES, generator=generator).split(32):
            optimizer.zero_grad()
            loss = loss_of(network(x[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
    seconds = time.process_time() - start
    with torch.no_grad():
        answers = network(x[EXAMPLES:]).argmax(dim=1)
    return seconds, float((answers == labels[EXAMPLES:]).double().mean())


def precisions() -> Table:
    """A step of Adam in float32 must be quicker than in float64, in half the memory, with the same gradient."""
    table = Table(
        "network", "batch", "float64", "float32", "its time", "float64", "float32", title="a step by precision"
    )
    for inputs, hidden in ((64, 32), (784, 128)):
        for batch in (128, 1024):
            steps, sizes, gradients = zip(*[step(inputs, hidden, batch, dtype) for dtype in DTYPES], strict=True)
            np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-6)
            seconds = in_turns(steps)
            ratio = statistics.median(single / double for double, single in seconds)
            least = [f"{1e6 * min(pair[k] for pair in seconds):,.0f} µs" for k in (0, 1)]
            table.add_row(
                f"{inputs}-{hidden}-10", f"{batch:,}", *least, f"{ratio:.2f} x", *[f"{s / 1e6:.2f} MB" for s in sizes]
            )
    return table


DTYPES = ("float64", "float32")


def step(inputs: int, hidden: int, batch: int, dtype: str) -> tuple[Callable[[], None], int, Any]:
    """A step on one batch, the memory of its arrays, and the gradient of the first one."""
    generator = np.random.default_rng(0)
    model = MLP(inputs, [hidden, 10], "tanh", seed=0)
    X = generator.normal(size=(batch, inputs)).astype(dtype)
    y = generator.integers(0, 10, batch).astype(dtype)
    program = recorded(lambda x, y: cross_entropy(model(x), y), ((inputs,), ()), model.parameters())
    tracemalloc.start()
    program, optimizer = program.twin(program.theta.astype(dtype)), Adam(model.parameters())
    gradient = np.empty_like(program.theta)

    def once() -> None:
        program.value_and_grad(X, y, out=gradient)
        optimizer.update(program.theta, gradient, out=program.theta)

    once()
    size, first = tracemalloc.get_traced_memory()[0] + X.nbytes + y.nbytes, gradient.copy()
    tracemalloc.stop()
    return once, size, first


def in_turns(steps: Sequence[Callable[[], None]]) -> list[list[float]]:
    """Processor seconds of each, in so many rounds."""
    rounds = []
    for _ in range(7 * ROUNDS):
        seconds = []
        for once in steps:
            start = time.process_time()
            for _ in range(10):
                once()
            seconds.append((time.process_time() - start) / 10)
        rounds.append(seconds)
    return rounds


def main() -> None:
    """Print one line per engine, and one per setting of the estimators."""
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    results = {engine: measure(engine, epochs) for engine in ("replay", "eager")}
    table = Table("engine", "clock s", "processor s", "last loss", title=f"digits, {epochs} epochs")
    for engine, (history, clock, processor) in results.items():
        table.add_row(engine, f"{clock:.2f}", f"{processor:.2f}", f"{history.loss[-1]:.6f}")
    Console().print(table)
    eager, replay = (np.array(results[engine][0].batch_loss) for engine in ("eager", "replay"))
    apart = np.abs(eager - replay).max()
    print(f"largest difference of {len(eager)} batch losses: {apart:.1e}")
    assert apart < 1e-9
    with threadpool_limits(1):
        Console().print(rivals(epochs))
    Console().print(estimators())
    with threadpool_limits(1):
        Console().print(precisions())


if __name__ == "__main__":
    main()
