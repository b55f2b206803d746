"""What is asked in chapters 6 to 10: the backward pass, an optimizer, the training loop, predictions, clipping.

May import: `exercise`, `learner` and `comparing` of this folder; `value`, `backprop`, `nn`, `optim`; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.exercises.comparing import Function, Question
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.learner import Learner, NotYet
from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.nn.losses import half_squared_error
from tinygrad_edu.optim.clipping import clipped_by_norm
from tinygrad_edu.optim.optimizers import SGD, Adam
from tinygrad_edu.value import Value

__all__ = ["SECOND"]

#: Graphs on which mistakes of a sweep show, and the numbers of their leaves.
_GRAPHS: dict[str, tuple[Callable[..., Value], tuple[float, ...]]] = {
    "a * b": (lambda a, b: a * b, (2.0, -3.0)),
    "tanh(w * x + b)": (lambda w, x, b: (w * x + b).tanh(), (0.5, 2.0, -0.25)),
    "a * a": (lambda a: a * a, (3.0,)),
    "exp(a) * a + a": (lambda a: a.exp() * a + a, (0.5,)),
    "c * c, where c = sin(a) + b": (lambda a, b: _squared(a.sin() + b), (0.5, 0.25)),
    "(c + c) + c * a, where c = a + a": (lambda a: _thrice(a + a, a), (1.5,)),
}


def _squared(c: Value) -> Value:
    return c * c


def _thrice(c: Value, a: Value) -> Value:
    return (c + c) + c * a


def _gradients(sweep: Function, graph: str) -> list[float]:
    """The gradients of the leaves after a sweep, which is given the operations, outputs first."""
    build, numbers = _GRAPHS[graph]
    leaves = [Value(number) for number in numbers]
    root = build(*leaves)
    root.grad = 1.0
    sweep(topological_order(root, leaves=False)[::-1])
    return [leaf.grad for leaf in leaves]


def _by_differences(graph: str) -> list[float]:
    build, numbers = _GRAPHS[graph]
    slopes, step = [], 1e-6
    for k in range(len(numbers)):
        up, down = (
            build(*[Value(number + move * (k == i)) for i, number in enumerate(numbers)]).data for move in (step, -step)
        )
        slopes.append((up - down) / (2 * step))
    return slopes


def _like_sweep(
    share: Callable[[float, float], float] = lambda upstream, local: upstream * local,
    update: Callable[[float, float], float] = lambda before, share: before + share,
    which: slice = slice(None),
) -> Function:
    """A sweep over some of the nodes, with a share and an update of one's own."""

    def sweep(nodes: Sequence[Value]) -> None:
        for node in nodes[which]:
            for value, local in zip(node.inputs, node.local_derivatives, strict=True):
                value.grad = update(value.grad, share(node.grad, local))

    return sweep


def _backward(code: Learner) -> None:
    if "backward" in code.names_in("hand_back"):
        raise NotYet("hand_back calls `backward`, which is the very thing to be written here: two loops do it.")
    Question(
        "hand_back",
        expected=_by_differences,
        says="finite differences say",
        run=_gradients,
        told=lambda name, graph: f"{name} on the graph of {graph}, gradients of its leaves,",
        mistakes={
            "That is what = gives in place of +=: a number that is used twice gets two shares, and keeps one.": (
                _like_sweep(update=lambda before, share: share)
            ),
            "Upstream is missing: a share is node.grad times the local derivative, not the local derivative alone.": (
                _like_sweep(share=lambda upstream, local: local)
            ),
            "The local derivatives are missing: a share is node.grad times one of them.": (
                _like_sweep(share=lambda upstream, local: upstream)
            ),
            "Only the inputs of the output get something: does the loop end early, or begin at the wrong end?": (
                _like_sweep(which=slice(1))
            ),
            "Nothing has arrived at the leaves: it is their `grad` that has to change.": _like_sweep(which=slice(0)),
            "The shares are subtracted; the chain rule adds them, and only the optimizer goes downhill.": (
                _like_sweep(update=lambda before, share: before - share)
            ),
        },
    ).ask(code, [(graph,) for graph in _GRAPHS])


def _adam(theta: Any, gradient: Any, mean: Any, square: Any, t: int, lr: float) -> Any:
    """One step of our own Adam, from its state."""
    optimizer = Adam([Value(number) for number in theta], lr)
    optimizer.iteration = t - 1
    optimizer.buffers["mean"], optimizer.buffers["square"] = np.array(mean), np.array(square)
    moved = optimizer.update(np.array(theta), np.array(gradient))
    return moved, optimizer.buffers["mean"], optimizer.buffers["square"]


def _like_adam(
    correct: bool = True,
    sign: float = -1.0,
    inside: bool = False,
    swapped: bool = False,
    kept: bool = False,
    power: int = 2,
) -> Function:
    """A step of Adam with mistakes: no correction, uphill, ε inside the root, β₁ for β₂, corrected averages kept, g."""

    def step(theta: Any, gradient: Any, mean: Any, square: Any, t: int, lr: float) -> Any:
        beta1, beta2 = (0.999, 0.9) if swapped else (0.9, 0.999)
        mean, square = beta1 * mean + (1 - beta1) * gradient, beta2 * square + (1 - beta2) * gradient**power
        m, s = (mean / (1 - beta1**t), square / (1 - beta2**t)) if correct else (mean, square)
        below = np.sqrt(s + 1e-8) if inside else np.sqrt(s) + 1e-8
        moved = theta + sign * lr * m / below
        return (moved, m, s) if kept else (moved, mean, square)

    return step


def _optimizer(code: Learner) -> None:
    theta, zero = np.array([1.0, -2.0]), np.zeros(2)
    Question(
        "adam_step",
        expected=_adam,
        says="our Adam has",
        parts=("the parameters", "the mean", "the square"),
        mistakes={
            "The averages began at 0 and are not corrected: divide by 1 - β₁ᵗ and 1 - β₂ᵗ before you use them.": (
                _like_adam(correct=False)
            ),
            "It climbs: a step goes against the gradient.": _like_adam(sign=1.0),
            "ε stands beside the root, not inside it.": _like_adam(inside=True),
            "β₁ belongs to the mean, β₂ to the square; here they are exchanged.": _like_adam(swapped=True),
            "The second average is one of g, and should be one of g².": _like_adam(power=1),
            "What is returned are the corrected averages; they are for this one step only.": _like_adam(kept=True),
        },
    ).ask(
        code,
        [
            (theta, np.array([0.5, -0.1]), zero, zero, 1, 0.1),
            (theta, np.array([0.2, 3.0]), np.array([0.05, -0.01]), np.array([2.5e-4, 1e-5]), 2, 0.01),
            (theta, np.array([1e-8, -1e-4]), zero, zero, 1, 0.1),
            (theta, np.array([-1.0, 0.0]), np.array([0.3, 0.2]), np.array([0.4, 0.1]), 50, 0.001),
        ],
    )


def _trained(loop: Function, seed: int, epochs: int) -> tuple[Any, Any]:
    """What a training loop returns for XOR, and the parameters that it leaves."""
    model = MLP(2, [3, 1], "tanh", seed=seed)
    corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    optimizer = SGD(model.parameters(), lr=0.2)

    def loss_of() -> Value:
        return half_squared_error([model(corner)[0] for corner in corners], [0.0, 1.0, 1.0, 0.0])

    return loop(loss_of, optimizer, epochs), [parameter.data for parameter in model.parameters()]


def _like_training(*words: str) -> Function:
    """A loop that does these things in this order, once an epoch."""

    def loop(loss_of: Callable[[], Value], optimizer: SGD, epochs: int) -> list[float]:
        losses, loss = [], loss_of()
        doing: dict[str, Callable[[], Any]] = {
            "backward": lambda: loss.backward(),
            "zero": optimizer.zero_grad,
            "step": optimizer.step,
            "note": lambda: losses.append(loss.data),
        }
        for _ in range(epochs):
            for word in words:
                if word == "loss":
                    loss = loss_of()
                else:
                    doing[word]()
        return losses

    return loop


def _training(code: Learner) -> None:
    right = _like_training("loss", "zero", "backward", "step", "note")
    Question(
        "train",
        expected=lambda seed, epochs: _trained(right, seed, epochs),
        says="the right loop gives",
        parts=("the losses", "the parameters after it"),
        run=_trained,
        told=lambda name, seed, epochs: f"{name} on XOR for {epochs} epochs, start {seed}",
        mistakes={
            "The gradients are never put back to 0, so that each epoch adds its own to all before: zero_grad().": (
                _like_training("loss", "backward", "step", "note")
            ),
            "The parameters never move: step() has to come after backward(), and zero_grad() not between them.": (
                _like_training("loss", "note")
            ),
            "The step is taken before backward(), with the gradients of the epoch before.": (
                _like_training("loss", "step", "zero", "backward", "note")
            ),
            "The loss is computed once, before the loop; it is a graph of old numbers then: loss_of() each epoch.": (
                _like_training("zero", "backward", "step", "note")
            ),
            "The loss is noted after the step, computed anew; asked for is the one from before it.": (
                _like_training("loss", "zero", "backward", "step", "loss", "note")
            ),
        },
    ).ask(code, [(0, 4), (1, 6), (2, 1)])


def _shares(targets: list[int], probabilities: list[float], threshold: float) -> tuple[float, float]:
    calls = [p > threshold for p in probabilities]
    found = sum(t for t, c in zip(targets, calls, strict=True) if c)
    return _share(found, sum(calls)), _share(found, sum(targets))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _at_or_above(targets: list[int], probabilities: list[float], threshold: float) -> tuple[float, float]:
    return _shares(targets, probabilities, math.nextafter(threshold, -math.inf))


def _of_all(targets: list[int], probabilities: list[float], threshold: float) -> tuple[float, float]:
    precision, recall = _shares(targets, probabilities, threshold)
    return precision, recall * sum(targets) / len(targets)


def _predictions(code: Learner) -> None:
    Question(
        "precision_and_recall",
        expected=_shares,
        says="counting gives",
        parts=("the precision", "the recall"),
        mistakes={
            "They are exchanged: precision is a share of the called cases, recall a share of the positive ones.": (
                lambda *case: _shares(*case)[::-1]
            ),
            "A case that lies on the threshold is not called: only those above are.": _at_or_above,
            "The recall is taken of all cases; it is a share of the positive ones.": _of_all,
        },
    ).ask(
        code,
        [
            ([1, 0, 1, 1, 0], [0.9, 0.8, 0.3, 0.6, 0.1], 0.5),
            ([1, 0, 1, 1, 0], [0.9, 0.8, 0.3, 0.6, 0.1], 0.6),
            ([1, 0, 0, 0], [0.4, 0.3, 0.9, 0.2], 0.25),
            ([1, 1, 0], [0.1, 0.2, 0.3], 0.5),
            ([0, 0], [0.7, 0.2], 0.5),
        ],
    )


def _shortened(gradient: list[float], length: float, max_norm: float) -> list[float]:
    return [g * max_norm / length for g in gradient] if length > max_norm else gradient


def _clipping(code: Learner) -> None:
    Question(
        "clipped",
        expected=lambda gradient, max_norm: clipped_by_norm(np.array(gradient), max_norm),
        says="our clip_grad_norm gives",
        mistakes={
            "Each number is cut off by itself, which turns the arrow; its direction has to stay.": lambda g, m: np.clip(
                g, -m, m
            ),
            "A gradient that is short enough is made longer; it has to stay as it is.": lambda g, m: (
                [x * m / math.hypot(*g) if any(g) else x for x in g]
            ),
            "The length is taken as the sum of the sizes; it is the root of the sum of the squares.": lambda g, m: (
                _shortened(g, sum(map(abs, g)), m)
            ),
            "The length is taken as the largest size; it is the root of the sum of the squares.": lambda g, m: (
                _shortened(g, max(map(abs, g)), m)
            ),
            "The length is taken without the root: that is the sum of the squares.": lambda g, m: _shortened(
                g, sum(x * x for x in g), m
            ),
            "It gets the length 1, whatever max_norm is.": lambda g, m: (
                [x / math.hypot(*g) for x in g] if math.hypot(*g) > m else g
            ),
        },
    ).ask(
        code,
        [([3.0, -4.0], 1.0), ([0.3, 0.4], 1.0), ([0.0, 0.0], 1.0), ([3.0, 4.0, 12.0], 6.5), ([-0.9, 0.8], 1.0)],
    )


SECOND = (
    Exercise(
        "06_backpropagation",
        "the backward pass",
        _backward,
        (
            "Two loops: over the nodes, and for each over its inputs with their local derivatives; zip makes pairs.",
            "A share is what has arrived at the node, times the local derivative of that edge.",
            "The gradient of a number that is used twice is the sum of two shares.",
        ),
    ),
    Exercise(
        "07_gradient_descent",
        "a step of Adam",
        _optimizer,
        (
            "Write the new mean and the new square first, word for word as in the text.",
            "Then two corrected ones, under other names: the mean over 1 - β₁ᵗ, the square over 1 - β₂ᵗ.",
            "theta minus lr · corrected mean / (√corrected square + ε); returned are the averages before correction.",
        ),
    ),
    Exercise(
        "08_training_loop",
        "the training loop",
        _training,
        (
            "Four things happen in each epoch: the loss, its gradients, a step, and zero_grad(). Which order?",
            "backward() adds to the gradients that are there. What has to be there when it is called?",
            "loss, zero_grad, backward, step; and the number of the loss is loss.data.",
        ),
    ),
    Exercise(
        "09_predictions",
        "precision and recall",
        _predictions,
        (
            "Count three things: the cases that are called, those that are positive, and those that are both.",
            "Both shares have the same number on top.",
            "Before you divide, ask whether there is anything below.",
        ),
    ),
    Exercise(
        "10_pitfalls",
        "clipping by the norm",
        _clipping,
        (
            "Compute the length first. Is there anything to do?",
            "To keep the direction, multiply every number by the same factor.",
            "Which factor makes the length max_norm?",
        ),
    ),
)
