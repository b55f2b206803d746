"""Plain networks at several batch sizes, against jax.jit(value_and_grad) and NumPy by hand: rows of `replay`.

Each of the three computes the mean loss and all gradients, in float64 and on one thread; JAX takes parameters and data
as arguments, which lie on its device already. They are timed in turns, by the processor's time of all threads and on
the wall's clock, and the best of many turns is what counts, so that a busy machine does not decide. Ours is timed in
float32, too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np

from tinygrad_edu import MLP, Program, Value, choose, logsumexp, record

Step = Callable[[], Any]


class Times(NamedTuple):
    """The seconds of a step: the processor's, of all threads, and those on the wall."""

    processor: float
    wall: float


class AddRow(Protocol):
    """Adds a row: the work, its times, the rival and its times, the target, and whether we should be faster."""

    def __call__(
        self, work: str, ours: Times, rival: str, theirs: Times, target: str, faster: bool = False
    ) -> None: ...


class Network(NamedTuple):
    """One network on one batch: ours, as a program, and the two rivals."""

    program: Program
    data: tuple[Any, Any]
    by_hand: Step
    jitted: Step


def best(steps: Sequence[Step], rounds: int = 30, seconds: float = 0.01) -> list[Times]:
    """What a call of each of them takes, in turns: the best of all rounds."""
    for step in steps:
        step()
    counts = [max(1, int(seconds / max(timed(step, 1).processor, 1e-6))) for step in steps]
    turns = [[timed(step, count) for step, count in zip(steps, counts, strict=True)] for _ in range(rounds)]
    return [Times(*map(min, zip(*times, strict=True))) for times in zip(*turns, strict=True)]


def timed(step: Step, count: int) -> Times:
    """What a call takes, as the mean of so many."""
    processor, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        step()
    return Times((time.process_time() - processor) / count, (time.perf_counter() - wall) / count)


def jitted(loss: Callable[..., Any], matrices: Sequence[tuple[Any, Any]], *data: Any) -> Step:
    """JAX's step: the loss is a function of the parameters, as pairs of a matrix and a vector, and of the data."""
    import jax

    jax.config.update("jax_enable_x64", True)
    step = jax.jit(jax.value_and_grad(loss))
    parameters, arrays = [(jax.numpy.array(w), jax.numpy.array(b)) for w, b in matrices], map(jax.numpy.array, data)
    arguments = (parameters, *arrays)
    return lambda: jax.block_until_ready(step(*arguments))


def matrices_of(model: MLP) -> list[tuple[Any, Any]]:
    """The weights and biases of each layer."""
    return [
        (np.array([[w.data for w in n.weights] for n in layer.neurons]), np.array([n.bias.data for n in layer.neurons]))
        for layer in model.layers
    ]


def classifier(batch: int, n_in: int, hidden: int, dtype: str = "float64") -> Network:
    """Tanh and cross-entropy over ten classes."""
    generator = np.random.default_rng(0)
    x, y, rows = generator.random((batch, n_in)), generator.integers(0, 10, batch), np.arange(batch)
    model = MLP(n_in, [hidden, 10], "tanh", seed=0)

    def loss_of(inputs: Any, label: Any) -> Value:
        logits = model(inputs)
        return logsumexp(logits) - choose(label, logits)

    matrices = matrices_of(model)
    (w1, b1), (w2, b2) = matrices

    def by_hand() -> Any:
        h = np.tanh(x @ w1.T + b1)
        logits = h @ w2.T + b2
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        totals = powers.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) - logits[rows, y]).mean()
        d2 = powers / totals
        d2[rows, y] -= 1
        d2 /= batch
        d1 = (d2 @ w2) * (1 - h * h)
        return loss, (d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0))

    def in_jax(parameters: Any, x: Any, y: Any) -> Any:
        import jax

        (w1, b1), (w2, b2) = parameters
        logits = jax.numpy.tanh(x @ w1.T + b1) @ w2.T + b2
        chosen = jax.numpy.take_along_axis(logits, y[:, None], 1)[:, 0]
        return (jax.scipy.special.logsumexp(logits, axis=1) - chosen).mean()

    program = record(loss_of, ((n_in,), ()), model.parameters(), dtype=dtype)
    return Network(program, (x, y), by_hand, jitted(in_jax, matrices, x, y))


def moons(batch: int, dtype: str = "float64") -> Network:
    """2-16-16-1, ReLU and hinge."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(batch, 2)), np.where(generator.random(batch) > 0.5, 1.0, -1.0)
    model = MLP(2, [16, 16, 1], "relu", seed=0)
    matrices = matrices_of(model)
    (w1, b1), (w2, b2), (w3, b3) = matrices

    def by_hand() -> Any:
        z1 = x @ w1.T + b1
        a1 = np.maximum(z1, 0)
        z2 = a1 @ w2.T + b2
        a2 = np.maximum(z2, 0)
        margin = 1 - y * (a2 @ w3.T + b3)[:, 0]
        loss = np.maximum(margin, 0).mean()
        d3 = ((margin > 0) * -y / batch)[:, None]
        d2 = (d3 @ w3) * (z2 > 0)
        d1 = (d2 @ w2) * (z1 > 0)
        return loss, (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))

    def in_jax(parameters: Any, x: Any, y: Any) -> Any:
        import jax

        (w1, b1), (w2, b2), (w3, b3) = parameters
        h = jax.nn.relu(jax.nn.relu(x @ w1.T + b1) @ w2.T + b2)
        return jax.nn.relu(1 - y * (h @ w3.T + b3)[:, 0]).mean()

    program = record(lambda x, y: (1 - y * model(x)[0]).relu(), ((2,), ()), model.parameters(), dtype=dtype)
    return Network(program, (x, y), by_hand, jitted(in_jax, matrices, x, y))


def checked(network: Network) -> None:
    """All three compute the same."""
    mean, gradient = network.program.value_and_grad(*network.data)
    loss, parts = network.by_hand()
    np.testing.assert_allclose(mean, loss, rtol=1e-12)
    layers = [np.column_stack([w, b]).ravel() for w, b in zip(parts[::2], parts[1::2], strict=True)]
    np.testing.assert_allclose(gradient, np.concatenate(layers), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(network.jitted()[0], loss, rtol=1e-12)


WORKS: list[tuple[str, Callable[..., Network], dict[int, tuple[str, str]]]] = [
    (
        "64-32-10 tanh, cross-entropy",
        lambda batch, **kind: classifier(batch, 64, 32, **kind),
        {1: ("0.85", "1.0"), 128: ("0.9", "1.0"), 1024: ("1.0", "1.0")},
    ),
    (
        "784-128-10 tanh, cross-entropy",
        lambda batch, **kind: classifier(batch, 784, 128, **kind),
        {1: ("1.1", "1.0"), 128: ("1.0", "1.0"), 1024: ("0.9", "1.0")},
    ),
    ("2-16-16-1 ReLU, hinge", moons, {1: ("1.0", "0.8"), 100: ("1.0", "0.8"), 10_000: ("1.0", "0.8")}),
]


def networks(add_row: AddRow) -> None:
    """A row for each network, batch size and rival."""
    for work, network_of, targets in WORKS:
        for batch, (of_jax, of_numpy) in targets.items():
            network, single = network_of(batch), network_of(batch, dtype="float32")
            checked(network)
            gradient, gradient32 = np.empty_like(network.program.theta), np.empty_like(single.program.theta)
            data32 = tuple(array.astype(np.float32) for array in single.data)
            ours, reused, ours32, numpy_, jax_ = best(
                [
                    lambda n=network: n.program.value_and_grad(*n.data),
                    lambda n=network, out=gradient: n.program.value_and_grad(*n.data, out=out),
                    lambda n=single, data=data32, out=gradient32: n.program.value_and_grad(*data, out=out),
                    network.by_hand,
                    network.jitted,
                ]
            )
            name = f"{work}, batch {batch:,}"
            add_row(name, ours, "jax.jit", jax_, f"≤ {of_jax} × its time")
            add_row(name, ours, "NumPy by hand", numpy_, f"≤ {of_numpy} × its time")
            add_row(f"{name}, out=", reused, "ours without out", ours, "")
            add_row(f"{name}, float32", ours32, "ours in float64", reused, "")
