"""What is asked in chapters 1 to 5: a neuron, layers, their first weights, activations, losses.

May import: `exercise`, `learner` and `comparing` of this folder; `nn`; NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.exercises.comparing import Question
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.learner import Learner
from tinygrad_edu.nn.layers import MLP
from tinygrad_edu.nn.losses import cross_entropy

__all__ = ["FIRST"]


def _rosenblatt(
    weights: Any, bias: float, inputs: Any, target: int, *, sign: float = 1.0, answer: float | None = None
) -> Any:
    if answer is None:
        answer = float(sum(w * x for w, x in zip(weights, inputs, strict=True)) + bias > 0)
    error = sign * (target - answer)
    return [w + error * x for w, x in zip(weights, inputs, strict=True)], bias + error


def _perceptron(code: Learner) -> None:
    Question(
        "updated",
        expected=_rosenblatt,
        says="Rosenblatt's rule gives",
        parts=("the weights", "the bias"),
        mistakes={
            "It walks the wrong way: the error is target - answer, not answer - target.": lambda w, b, x, t: (
                _rosenblatt(w, b, x, t, sign=-1.0)
            ),
            "The bias stays where it is; it moves too, as a weight whose input is always 1.": lambda w, b, x, t: (
                _rosenblatt(w, b, x, t)[0],
                b,
            ),
            "It moves where the answer was right, too; nothing is to be learned from such an example.": (
                lambda w, b, x, t: _rosenblatt(w, b, x, t, answer=1 - t)
            ),
            "The bias is not part of its answer; it has to be added to w·x.": lambda w, b, x, t: _rosenblatt(
                w, b, x, t, answer=float(np.dot(w, x) > 0)
            ),
            "Where w·x + b is exactly 0 the answer is 0, since it is 1 only above.": lambda w, b, x, t: _rosenblatt(
                w, b, x, t, answer=float(np.dot(w, x) + b >= 0)
            ),
            "Each weight moves by the error times its own input; you leave the input out.": lambda w, b, x, t: (
                [one + _rosenblatt(w, b, x, t)[1] - b for one in w],
                _rosenblatt(w, b, x, t)[1],
            ),
        },
    ).ask(
        code,
        [
            ([0.5, -1.0], 0.25, [1.0, 2.0], 1),
            ([0.5, -1.0], 0.25, [1.0, 2.0], 0),
            ([1.0, 1.0], 0.5, [2.0, 3.0], 0),
            ([0.0, 0.0], 0.0, [1.0, 1.0], 0),
            ([1.0, 0.0, 2.0], -2.5, [0.5, 1.0, 0.5], 1),
            ([1.0, -2.0], 1.5, [1.0, 1.0], 0),
        ],
    )


def _squashed(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def _network(X: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """The same by our neurons, one number at a time."""
    model = MLP(len(W1), [len(b1), len(b2)], "sigmoid", output_activation="sigmoid")
    for layer, weights, biases in zip(model.layers, (W1, W2), (b1, b2), strict=True):
        for neuron, column, bias in zip(layer.neurons, weights.T, biases, strict=True):
            neuron.bias.data = bias
            for value, number in zip(neuron.weights, column, strict=True):
                value.data = number
    return [[y.data for y in model(x)] for x in X]


def _forward(code: Learner) -> None:
    generator = np.random.default_rng(0)
    sizes = [(4, 2, 3, 1), (1, 3, 3, 2), (5, 1, 2, 2)]
    cases = [
        tuple(np.round(generator.normal(size=shape), 2) for shape in ((m, n), (n, h), (h,), (h, k), (k,)))
        for m, n, h, k in sizes
    ]
    Question(
        "forward",
        expected=_network,
        says="a network of our neurons answers",
        mistakes={
            "The output has no sigmoid yet.": lambda X, W1, b1, W2, b2: _squashed(X @ W1 + b1) @ W2 + b2,
            "The hidden layer has no sigmoid; without one, two layers are one.": lambda X, W1, b1, W2, b2: _squashed(
                (X @ W1 + b1) @ W2 + b2
            ),
            "The biases are missing.": lambda X, W1, b1, W2, b2: _squashed(_squashed(X @ W1) @ W2),
            "σ(z) has a minus in its exponent, e⁻ᶻ; yours falls where it should rise.": lambda X, W1, b1, W2, b2: (
                _squashed(-(_squashed(-(X @ W1 + b1)) @ W2 + b2))
            ),
        },
        told=lambda name, X, W1, *_: f"{name} for {len(X)} examples and {W1.shape[0]}-{W1.shape[1]} neurons",
    ).ask(code, cases)


def _limit(code: Learner) -> None:
    Question(
        "xavier_limit",
        expected=lambda n_in, n_out: math.sqrt(3.0 * 2.0 / (n_in + n_out)),
        says="limit² / 3 = 2 / (n_in + n_out) asks for",
        mistakes={
            "That is √(6/n_in), which some tables have: it forgets that the layer after counts, too.": (
                lambda n_in, n_out: math.sqrt(6 / n_in)
            ),
            "That is the standard deviation of the weights; a uniform draw reaches √3 times as far.": (
                lambda n_in, n_out: math.sqrt(2 / (n_in + n_out))
            ),
            "That is the square of the limit: the root is missing.": lambda n_in, n_out: 6 / (n_in + n_out),
            "That has √n_in + √n_out below; the sum comes before the root.": (
                lambda n_in, n_out: math.sqrt(6) / (math.sqrt(n_in) + math.sqrt(n_out))
            ),
        },
    ).ask(code, [(2, 4), (64, 32), (1, 1), (100, 10)])


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _difference(function: Any, x: float, step: float = 1e-5) -> float:
    """The slope of a function, by its definition."""
    return float(function(x + step) - function(x - step)) / (2.0 * step)


def _slope(code: Learner) -> None:
    Question(
        "slope_of_silu",
        expected=lambda x: _difference(lambda moved: moved * _sigmoid(moved), x),
        says="finite differences say",
        mistakes={
            "That is σ(x), as if only the first factor depended on x: the product rule has two terms.": _sigmoid,
            "That is x·σ′(x), as if only the second factor depended on x: the product rule has two terms.": (
                lambda x: x * _sigmoid(x) * (1 - _sigmoid(x))
            ),
            "That is σ′(x): the derivative of a product is not the product of the derivatives.": (
                lambda x: _sigmoid(x) * (1 - _sigmoid(x))
            ),
            "That is silu itself, and not its slope.": lambda x: x * _sigmoid(x),
            "σ′ is σ(1 - σ), from what σ returned; x(1 - x) takes it from what σ was given.": (
                lambda x: _sigmoid(x) + x * x * (1 - x)
            ),
            "The two terms of the product rule are added, not subtracted.": (
                lambda x: _sigmoid(x) - x * _sigmoid(x) * (1 - _sigmoid(x))
            ),
        },
    ).ask(code, [(0.0,), (1.0,), (-1.0,), (0.5,), (3.0,), (-4.0,)])


def _softmax(logits: list[float]) -> Any:
    exponentials = np.exp(np.array(logits) - max(logits))
    return exponentials / exponentials.sum()


def _one_hot(logits: list[float], target: int) -> Any:
    return np.eye(len(logits))[target]


def _by_logits(logits: list[float], target: int) -> list[float]:
    """The gradient of our cross-entropy by its definition."""
    return [
        _difference(lambda z, k=k: cross_entropy([*logits[:k], z, *logits[k + 1 :]], target).data, logit)
        for k, logit in enumerate(logits)
    ]


def _losses(code: Learner) -> None:
    Question(
        "gradient_by_logits",
        expected=_by_logits,
        says="finite differences say",
        mistakes={
            "These are the probabilities; the target's logit gets 1 less.": lambda z, t: _softmax(z),
            "The sign is the wrong one: raising the target's logit lowers the loss, so its slope is below 0.": (
                lambda z, t: _one_hot(z, t) - _softmax(z)
            ),
            "Only the target's logit has a slope here; but raising any other takes probability from it.": (
                lambda z, t: _one_hot(z, t) * (_softmax(z) - 1)
            ),
            "That is the derivative by the probability, -1/p; the softmax comes before it, with its own.": (
                lambda z, t: -_one_hot(z, t) / np.maximum(_softmax(z), 1e-300)
            ),
        },
    ).ask(code, [([2.0, -1.0, 0.5], 0), ([2.0, -1.0, 0.5], 2), ([0.0, 0.0], 1), ([1000.0, 999.0, 0.0], 1)])


FIRST = (
    Exercise(
        "01_neuron",
        "Rosenblatt's rule",
        _perceptron,
        (
            "First compute the answer: is the sum of all w·x, and the bias, above 0? Then the error, target - answer.",
            "The error is 1, 0 or -1. Where it is 0, nothing moves, without any `if`.",
            "Each new weight is its old one plus error · its input; the bias is a weight whose input is 1.",
        ),
    ),
    Exercise(
        "02_forward",
        "two layers as matrices",
        _forward,
        (
            "Write a line for the hidden layer and a line for the output; both do the same thing.",
            "`X @ W1` has a row per example; `+ b1` adds to each row; np.exp takes all entries at once.",
            "What the hidden layer returned, after its sigmoid, is to the second layer what X is to the first.",
        ),
    ),
    Exercise(
        "03_initialization",
        "how far Xavier's weights may reach",
        _limit,
        (
            "Two formulas for the same variance: limit² / 3, and 2 / (n_in + n_out).",
            "Set them equal, and solve for the limit.",
        ),
    ),
    Exercise(
        "04_activations",
        "the slope of silu",
        _slope,
        (
            "silu is a product u · v, with u = x and v = σ(x). What does the product rule say?",
            "u′v + uv′: here u′ is 1, and v′ is the slope of the sigmoid.",
            "The slope of the sigmoid, from what it returned: σ(x) · (1 - σ(x)).",
        ),
    ),
    Exercise(
        "05_losses",
        "the gradient of the cross-entropy",
        _losses,
        (
            "Write the loss as log(Σ e^z) - z[target], and differentiate each of the two.",
            "The first gives e^z / Σ e^z, which is a probability; the second gives something at the target alone.",
            "Subtract the largest logit from all of them before you take exponentials.",
        ),
    ),
)
