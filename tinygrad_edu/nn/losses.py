"""Losses: how wrong a prediction is, as one number to make small.

Every loss is called as `loss(predictions, targets)` and returns one `Value`. Both may be single numbers, sequences
(the outputs for one example, or one output for each example of a batch) or the rows of a batch. `Value`s and plain
numbers mix freely.

* The losses that compare number by number want predictions and targets of the same shape, except that axes of
  length 1 do not count: `model(x)`, a list of one, may be compared with a plain number, and rows of one with a flat
  list of targets. Nothing else is broadcast. They average over all numbers (`half_squared_error` sums them).
* `cross_entropy` compares the outputs of K classes with one target class; rows of outputs with a list of targets.
  It averages over the rows.

No loss looks at the data of a `Value`, so all of them can be recorded.

    Bishop, C. (2006). Pattern Recognition and Machine Learning, chapters 4 and 5.

May import: `arguments`, `elsewhere`, `modes`, `value`, `functions`; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np

from tinygrad_edu.arguments import above_zero
from tinygrad_edu.elsewhere import LOSS_KEYWORDS, not_here, says_ours
from tinygrad_edu.functions import choose, dot, fsum, logsumexp
from tinygrad_edu.modes import is_hidden
from tinygrad_edu.value import Number, Value, as_value

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_squared_error",
    "hinge",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "root_mean_squared_error",
]

#: One number, a sequence of them, or a sequence of rows; an array will do for a sequence.
Numbers: TypeAlias = Number | Sequence[Any] | np.ndarray[Any, Any]
#: One prediction with its target, which stays a plain number where it was one.
PredictionAndTarget: TypeAlias = tuple[Value, Number]


# Regression -----------------------------------------------------------------------------------------------


@says_ours(LOSS_KEYWORDS)
def mean_squared_error(predictions: Numbers, targets: Numbers) -> Value:
    """The mean of the squared errors: Σ (predictionᵢ - targetᵢ)² / n.

    Raises ValueError when the shapes differ.

    >>> mean_squared_error([1.0, 4.0], [2.0, 2.0]).data
    2.5
    """
    return _mean_of_terms([error.square() for error in _errors(predictions, targets)])


@says_ours(LOSS_KEYWORDS)
def half_squared_error(predictions: Numbers, targets: Numbers) -> Value:
    """Half the sum of the squared errors, ½ Σ (predictionᵢ - targetᵢ)², whose derivative is the error itself.

    Raises ValueError when the shapes differ.

    >>> half_squared_error([1.0, 4.0], [2.0, 2.0]).data
    2.5
    """
    return 0.5 * _sum_of_terms([error.square() for error in _errors(predictions, targets)])


@says_ours(LOSS_KEYWORDS)
def mean_absolute_error(predictions: Numbers, targets: Numbers) -> Value:
    """The mean of the absolute errors: Σ |predictionᵢ - targetᵢ| / n, with slope 0 where an error is 0.

    Raises ValueError when the shapes differ.

    >>> mean_absolute_error([1.0, 4.0], [2.0, 2.0]).data
    1.5
    """
    return _mean_of_terms([abs(error) for error in _errors(predictions, targets)])


@says_ours(LOSS_KEYWORDS)
def root_mean_squared_error(predictions: Numbers, targets: Numbers) -> Value:
    """√(mean squared error), in the unit of the targets.

    It has no derivative where all errors are 0: the gradient there is nan, so train on `mean_squared_error`.

    Raises ValueError when the shapes differ.

    >>> root_mean_squared_error([1.0, 6.0], [6.0, 1.0]).data
    5.0
    """
    return mean_squared_error(predictions, targets).sqrt()


@says_ours(LOSS_KEYWORDS)
def huber(predictions: Numbers, targets: Numbers, delta: float = 1.0) -> Value:
    """The mean of ½ error² where |error| <= delta, and of delta · (|error| - ½ delta) beyond it.

    Outliers pull with the constant force delta instead of ever harder (Huber, 1964, eq. 1.2).

    Raises ValueError when the shapes differ, or delta is not above 0.

    >>> huber([0.5, 3.0], [0.0, 0.0]).data
    1.3125
    """
    delta = above_zero(delta, "huber's delta")
    errors = _errors(predictions, targets)
    # The parabola up to delta, and the straight line from there on; an infinite error still pulls with delta.
    return _mean_of_terms(
        [0.5 * error.clip(-delta, delta).square() + delta * (abs(error) - delta).relu() for error in errors]
    )


# Two classes ----------------------------------------------------------------------------------------------


@says_ours(LOSS_KEYWORDS)
def hinge(predictions: Numbers, targets: Numbers) -> Value:
    """The mean of max(0, 1 - targetᵢ · predictionᵢ), for targets of -1 and +1 (Cortes & Vapnik, 1995).

    Raises ValueError when the shapes differ, or a target is neither -1 nor +1.

    >>> hinge([0.25, -2.0], [1, -1]).data
    0.375
    """
    pairs = _pairs(predictions, targets)
    for _, target in pairs:
        if not isinstance(target, Value) and abs(target) != 1:
            raise ValueError(f"hinge needs targets of -1 and +1, not {target!r}; for targets of 0 and 1 use 2 * y - 1")
    return _mean_of_terms([(1.0 - target * prediction).relu() for prediction, target in pairs])


@says_ours(LOSS_KEYWORDS)
def binary_cross_entropy(predictions: Numbers, targets: Numbers) -> Value:
    """The mean of -(t · ln p + (1 - t) · ln(1 - p)) for probabilities p of class 1 and targets t from 0 to 1.

    A prediction that is certain and wrong (p = 0 for t = 1) costs inf, and its gradient is infinite; one that is
    certain and right costs 0. Where t is a `Value`, both logarithms are taken, and p = 0 or p = 1 gives nan.
    `binary_cross_entropy_with_logits` has none of these troubles.

    Raises ValueError when the shapes differ, or a prediction or a target is not from 0 to 1.

    >>> round(binary_cross_entropy([0.5, 0.9], [0, 1]).data, 4)
    0.3993
    """
    pairs = _pairs(predictions, targets)
    for p, _ in pairs:
        if not is_hidden(p) and (p.data < 0.0 or p.data > 1.0):
            raise ValueError(
                f"binary_cross_entropy takes probabilities from 0 to 1, not {p.data:.6g}: let the last layer be "
                '"sigmoid", or let it be linear and take binary_cross_entropy_with_logits'
            )
    return _mean_of_terms([_blend(-p.log(), t, -(-p).log1p()) for p, t in pairs])


@says_ours(LOSS_KEYWORDS)
def binary_cross_entropy_with_logits(predictions: Numbers, targets: Numbers) -> Value:
    """`binary_cross_entropy` of sigmoid(z), from the logits z themselves.

    It is the mean of t · ln(1 + e⁻ᶻ) + (1 - t) · ln(1 + eᶻ). Exact for logits of any size, where the
    logarithm of a rounded sigmoid would be inf or lose its digits.

    Raises ValueError when the shapes differ, or a target is not from 0 to 1.

    >>> binary_cross_entropy_with_logits([-1000.0, 1000.0], [1, 1]).data
    500.0
    """
    pairs = _pairs(predictions, targets)
    return _mean_of_terms([_blend((-z).softplus(), t, z.softplus()) for z, t in pairs])


def _blend(if_one: Value, target: Number, if_zero: Value) -> Value:
    """t · if_one + (1 - t) · if_zero; a cost whose weight is plainly 0 is left out, because 0 · inf would be nan."""
    if not isinstance(target, Value):
        if not 0 <= target <= 1:
            raise ValueError(f"binary cross-entropy needs targets from 0 to 1, not {target!r}")
        if target in (0, 1):
            return if_one if target else if_zero
    return target * if_one + (1.0 - target) * if_zero


# Several classes ------------------------------------------------------------------------------------------


@says_ours(LOSS_KEYWORDS)
def cross_entropy(
    logits: Sequence[Any] | np.ndarray[Any, Any],
    target: Any,
    *,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
) -> Value:
    """-ln softmax(logits)[target] = logsumexp(logits) - logits[target], without overflow.

    `logits` are the K outputs of one example. `target` is its class, a whole number from 0 to K - 1, or one
    probability per class (one-hot, or soft): -Σₖ targetₖ · ln softmax(logits)ₖ. Rows of logits, of shape (n, K), want
    n targets of either kind, and the result is the mean over the rows.

    `class_weights`, one per class, multiply the terms of the sum. The mean stays one over n: weights that average
    to 1 over the examples, such as scikit-learn's "balanced" ones, leave its scale alone. `label_smoothing` ε
    replaces the target by (1 - ε) · target + ε / K (Szegedy et al., 2016, section 7).

    Raises ValueError for a target out of range, lengths that differ, and options out of range; TypeError for a
    target that is not a number.

    >>> round(cross_entropy([1.0, 2.0, 3.0], 2).data, 4), round(cross_entropy([1.0, 2.0, 3.0], [0, 0, 1]).data, 4)
    (0.4076, 0.4076)
    """
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing should be at least 0 and below 1, not {label_smoothing!r}")
    outputs = _number_array(logits, "logits")
    if outputs.ndim not in (1, 2):
        raise ValueError(f"cross_entropy needs the logits of one example, or rows of them, not shape {outputs.shape}")
    weights = _class_weights(class_weights, outputs.shape[-1])
    if outputs.ndim == 1:
        return _one_cross_entropy(outputs.tolist(), target, weights, label_smoothing)
    if np.ndim(target) == 0 or len(target) != len(outputs):
        raise ValueError(
            f"cross_entropy needs one target for each of the {len(outputs)} rows of logits, not {target!r}"
        )
    rows = zip(outputs.tolist(), target, strict=True)
    return _mean_of_terms([_one_cross_entropy(row, one, weights, label_smoothing) for row, one in rows])


def _one_cross_entropy(logits: list[Number], target: Any, weights: list[float] | None, label_smoothing: float) -> Value:
    total = logsumexp(logits)
    costs = [total - logit for logit in logits]  # -ln of the probability of each class
    if weights is not None:
        costs = [weight * cost for weight, cost in zip(weights, costs, strict=True)]
    loss = _expected_cost(costs, target)
    if label_smoothing:
        loss = (1.0 - label_smoothing) * loss + label_smoothing * (fsum(costs) / len(costs))
    return loss


def _expected_cost(costs: list[Value], target: Any) -> Value:
    """The cost of the target class, or the mean cost when each class has a target probability."""
    if np.ndim(target) == 1:
        chances = _probabilities(target, len(costs))
        # A class whose probability is plainly 0 is left out, because 0 · inf would be nan.
        counting = [pair for pair in zip(chances, costs, strict=True) if isinstance(pair[0], Value) or pair[0] != 0]
        return dot([chance for chance, _ in counting], [cost for _, cost in counting])
    what = f"a target of cross_entropy should be a class from 0 to {len(costs) - 1}, or one probability per class"
    try:
        return choose(target if isinstance(target, Value) else Value(target).data, costs)
    except TypeError:
        raise TypeError(f"{what}, not {target!r}") from None
    except IndexError:
        raise ValueError(f"{what}, not {target!r}") from None


def _probabilities(target: Sequence[Number], n_classes: int) -> list[Number]:
    """One target probability per class, checked where they are plain numbers."""
    if len(target) != n_classes:
        raise ValueError(f"there are {len(target)} target probabilities for {n_classes} logits; give one per class")
    plain = [number for number in target if not isinstance(number, Value)]
    # Within 1e-6, because probabilities may come from arrays in single precision.
    if len(plain) == n_classes and not (min(plain) >= 0 and abs(sum(plain) - 1.0) < 1e-6):
        raise ValueError(f"target probabilities should be at least 0 and sum to 1, not {target!r}")
    return list(target)


def _class_weights(weights: Sequence[float] | None, n_classes: int) -> list[float] | None:
    if weights is None:
        return None
    if np.ndim(weights) != 1 or len(weights) != n_classes or not min(weights) >= 0:
        raise ValueError(f"class_weights should be {n_classes} numbers of at least 0, one per class, not {weights!r}")
    return [float(weight) for weight in weights]


# Shapes ---------------------------------------------------------------------------------------------------


def _number_array(numbers: Any, what: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    """The numbers as an array of `Value`s and plain numbers."""
    array = np.array(numbers, dtype=object)
    if array.size == 0:
        raise ValueError(f"a loss needs at least one number, but {what} is empty")
    if any(isinstance(element, (list, tuple)) for element in array.flat):
        raise ValueError(f"the rows of {what} have different lengths")
    return array


def _pairs(predictions: Numbers, targets: Numbers) -> list[PredictionAndTarget]:
    """Each prediction with its target."""
    ours, theirs = _number_array(predictions, "predictions"), _number_array(targets, "targets")
    if _squeezed(ours.shape) != _squeezed(theirs.shape):
        raise ValueError(
            f"predictions and targets should have the same shape, and have {ours.shape} and {theirs.shape}: give one "
            "target for each prediction, and let the last layer have one neuron for each number of a target"
        )
    return [
        (as_value(prediction), target if isinstance(target, Value) else Value(target).data)
        for prediction, target in zip(ours.flat, theirs.flat, strict=True)
    ]


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _errors(predictions: Numbers, targets: Numbers) -> list[Value]:
    return [prediction - target for prediction, target in _pairs(predictions, targets)]


def _sum_of_terms(terms: list[Value]) -> Value:
    return terms[0] if len(terms) == 1 else fsum(terms)


def _mean_of_terms(terms: list[Value]) -> Value:
    return terms[0] if len(terms) == 1 else fsum(terms) / len(terms)


if not TYPE_CHECKING:  # for type checkers, a name that is not here is a mistake

    def __getattr__(name: str) -> NoReturn:
        raise not_here(__name__, name)
