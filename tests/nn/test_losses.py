"""The losses against formulas in NumPy and SciPy, and their gradients against finite differences."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import central_difference
from scipy.special import expit, log_expit, log_softmax

from tinygrad_edu import Value, record
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    mean_absolute_error,
    mean_squared_error,
    root_mean_squared_error,
)

# loss, formula, predictions, targets
PAIRWISE = {
    "mean_squared_error": (mean_squared_error, lambda p, t: np.mean((p - t) ** 2), st.floats(-9, 9), st.floats(-9, 9)),
    "half_squared_error": (
        half_squared_error,
        lambda p, t: np.sum((p - t) ** 2) / 2,
        st.floats(-9, 9),
        st.floats(-9, 9),
    ),
    "mean_absolute_error": (
        mean_absolute_error,
        lambda p, t: np.mean(np.abs(p - t)),
        st.floats(2, 9),
        st.floats(-9, 1),
    ),
    "root_mean_squared_error": (
        root_mean_squared_error,
        lambda p, t: np.linalg.norm(p - t) / np.sqrt(len(p)),
        st.floats(2, 9),
        st.floats(-9, 1),
    ),
    "huber": (
        partial(huber, delta=1.5),
        lambda p, t: np.mean(np.where(abs(p - t) <= 1.5, (p - t) ** 2 / 2, 1.5 * (abs(p - t) - 0.75))),
        st.floats(-9, 9),
        st.floats(-9, 9),
    ),
    "hinge": (
        hinge,
        lambda p, t: np.mean(np.where(t * p < 1, 1 - t * p, 0)),
        st.floats(-5, 5).filter(lambda p: abs(abs(p) - 1) > 1e-3),  # the kink is a case of its own below
        st.sampled_from([-1, 1]),
    ),
    "binary_cross_entropy": (
        binary_cross_entropy,
        lambda p, t: np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p)),
        st.floats(0.05, 0.95),
        st.floats(0, 1) | st.sampled_from([0, 1]),
    ),
    "binary_cross_entropy_with_logits": (
        binary_cross_entropy_with_logits,
        lambda p, t: np.mean(-t * log_expit(p) - (1 - t) * log_expit(-p)),
        st.floats(-30, 30),
        st.floats(0, 1) | st.sampled_from([0, 1]),
    ),
}


def gradient(loss):
    """The value of a loss of plain predictions, and its gradient by the sweep."""

    def run(predictions, *rest):
        values = [Value(p) for p in predictions]
        result = loss(values, *rest)
        result.backward()
        return result.data, [v.grad for v in values]

    return run


def differences(loss, predictions, *rest):
    return [central_difference(lambda *p: loss(list(p), *rest).data, predictions, k) for k in range(len(predictions))]


@pytest.mark.parametrize("name", PAIRWISE)
@given(data=st.data())
def test_a_loss_is_its_formula_and_so_is_its_gradient(name, data):
    loss, formula, predictions, targets = PAIRWISE[name]
    pairs = data.draw(st.lists(st.tuples(predictions, targets), min_size=1, max_size=4))
    p, t = [p for p, _ in pairs], [t for _, t in pairs]
    value, grads = gradient(loss)(p, t)
    assert value == pytest.approx(formula(np.array(p), np.array(t)), rel=1e-12, abs=1e-15)
    assert grads == pytest.approx(differences(loss, p, t), rel=1e-5, abs=1e-6)
    assert loss(p, [Value(y) for y in t]).data == pytest.approx(value, rel=1e-12, abs=1e-15), "targets may be Values"


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_loss_can_be_recorded_and_replayed_on_a_batch(name):
    loss, formula, _, _ = PAIRWISE[name]
    p, t = np.array([[0.3, 0.8], [0.9, 0.6], [0.45, 0.2]]), np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    if name.startswith("binary"):
        t = (t + 1) / 2
    program = record(loss, shapes=(2, 2), params=[])
    assert program(p, t) == pytest.approx([formula(*row) for row in zip(p, t, strict=True)], rel=1e-12)


@pytest.mark.parametrize("name", PAIRWISE)
def test_shapes_may_differ_by_axes_of_length_one_and_by_nothing_else(name):
    loss = PAIRWISE[name][0]
    predictions, targets = [0.2, 0.7, 0.4], [1, 1, 1]
    expected = loss(predictions, targets).data
    assert loss(np.array(predictions).reshape(3, 1), np.array(targets)).data == expected
    assert loss([[Value(p)] for p in predictions], tuple(targets)).data == expected
    assert loss([0.2], 1).data == loss(Value(0.2), [[1]]).data == loss(0.2, np.int64(1)).data
    for wrong in ([1, 1], 1, [[1, 1, 1], [1, 1, 1]]):
        with pytest.raises(ValueError, match=r"should have the same shape, and have \(3,\) and "):
            loss(predictions, wrong)
    with pytest.raises(ValueError, match=r"have \(2, 3\) and \(3, 2\)"):
        loss(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="predictions is empty"):
        loss([], [])
    with pytest.raises(ValueError, match="rows of targets have different lengths"):
        loss([[1.0, 1.0], [1.0, 1.0]], [[1], [1, 1]])
    with pytest.raises(TypeError, match="one real number"):
        loss(["cat"], [1])


def test_a_batch_of_rows_is_averaged_over_everything():
    P, T = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]), np.array([[1.0, 0.0, 3.0], [0.0, 5.0, 6.0]])
    assert mean_squared_error(P, T).data == pytest.approx(((P - T) ** 2).mean())
    assert half_squared_error(P, T).data == pytest.approx(0.5 * ((P - T) ** 2).sum())


def test_the_losses_of_two_classes_check_their_targets():
    with pytest.raises(ValueError, match=r"targets of -1 and \+1, not 0.0; for targets of 0 and 1 use 2 \* y - 1"):
        hinge([0.5, 0.5], [1, 0])
    for loss in (binary_cross_entropy, binary_cross_entropy_with_logits):
        with pytest.raises(ValueError, match="targets from 0 to 1, not -1"):
            loss([0.5], [-1])
        with pytest.raises(ValueError, match="targets from 0 to 1, not nan"):
            loss([0.5], [np.nan])


def test_hinge_has_slope_0_at_its_kink():
    assert gradient(hinge)([1.0, -1.0], [1, -1]) == (0.0, [0.0, 0.0])


def test_certainty_costs_nothing_when_right_and_infinity_when_wrong():
    assert gradient(binary_cross_entropy)([0.0, 1.0], [0, 1]) == (0.0, [0.5, -0.5])
    assert gradient(binary_cross_entropy)([0.0], [1]) == (np.inf, [-np.inf])
    assert gradient(binary_cross_entropy)([1.0], [0]) == (np.inf, [np.inf])


@given(st.floats(-1000, 1000), st.sampled_from([0, 1]))
def test_logits_of_any_size_keep_all_their_digits(z, t):
    value, (grad,) = gradient(binary_cross_entropy_with_logits)([z], [t])
    assert value == pytest.approx(-log_expit(z if t else -z), rel=1e-14)
    assert grad == pytest.approx(-expit(-z) if t else expit(z), rel=1e-14)


def test_huber_is_smooth_at_delta_and_wants_a_positive_one():
    assert gradient(huber)([1.0], [0.0]) == (0.5, [1.0])
    assert gradient(huber)([-3.0], [0.0]) == (2.5, [-1.0])
    for delta in (0, -1.0, np.nan):
        with pytest.raises(ValueError, match="delta must be a finite number above 0"):
            huber(1.0, 2.0, delta=delta)


# Cross-entropy --------------------------------------------------------------------------------------------


def expected_cross_entropy(logits, target, weights=None, smoothing=0.0):
    logits = np.array(logits)
    one_hot = np.eye(len(logits))[target] if np.ndim(target) == 0 else np.array(target)
    soft = (1 - smoothing) * one_hot + smoothing / len(logits)
    return -np.sum((1.0 if weights is None else np.array(weights)) * soft * log_softmax(logits))


@given(data=st.data())
def test_cross_entropy_is_its_formula_with_every_option(data):
    n = data.draw(st.integers(1, 5))
    logits = data.draw(st.lists(st.floats(-20, 20), min_size=n, max_size=n))
    target = data.draw(st.integers(0, n - 1))
    options = {
        "class_weights": data.draw(st.none() | st.lists(st.floats(0, 3), min_size=n, max_size=n)),
        "label_smoothing": data.draw(st.sampled_from([0.0, 0.1, 0.9])),
    }
    loss = partial(cross_entropy, **options)
    value, grads = gradient(loss)(logits, target)
    expected = expected_cross_entropy(logits, target, options["class_weights"], options["label_smoothing"])
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert grads == pytest.approx(differences(loss, logits, target), rel=1e-5, abs=1e-6)

    one_hot = np.eye(n)[target]
    same = [one_hot, one_hot.tolist(), [Value(p) for p in one_hot], Value(target), float(target), np.int64(target)]
    assert [loss(logits, other).data for other in same] == pytest.approx([value] * 6, rel=1e-12, abs=1e-12)


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(0.1, 1)), min_size=1, max_size=5))
def test_cross_entropy_with_soft_targets(pairs):
    logits = [z for z, _ in pairs]
    target = np.array([t for _, t in pairs]) / sum(t for _, t in pairs)
    value, grads = gradient(cross_entropy)(logits, target)
    assert value == pytest.approx(expected_cross_entropy(logits, target), rel=1e-12, abs=1e-12)
    assert grads == pytest.approx(differences(cross_entropy, logits, target), rel=1e-5, abs=1e-6)


def test_cross_entropy_averages_over_rows():
    logits, targets = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]), [2, 0]
    expected = np.mean([expected_cross_entropy(row, target) for row, target in zip(logits, targets, strict=True)])
    assert cross_entropy(logits, targets).data == pytest.approx(expected)
    assert cross_entropy(logits, np.eye(3)[targets]).data == pytest.approx(expected)
    weighted = cross_entropy(logits, targets, class_weights=[1, 1, 3]).data
    assert weighted == pytest.approx(
        (3 * expected_cross_entropy(logits[0], 2) + expected_cross_entropy(logits[1], 0)) / 2
    )


@pytest.mark.parametrize("options", [{}, {"class_weights": [1, 2, 3], "label_smoothing": 0.1}])
def test_cross_entropy_can_be_recorded_with_a_class_or_with_probabilities(options):
    logits, targets = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]), [2, 0]
    expected = [
        expected_cross_entropy(row, target, options.get("class_weights"), options.get("label_smoothing", 0.0))
        for row, target in zip(logits, targets, strict=True)
    ]
    loss = partial(cross_entropy, **options)
    assert record(loss, shapes=(3, ()), params=[])(logits, targets) == pytest.approx(expected)
    assert record(loss, shapes=(3, 3), params=[])(logits, np.eye(3)[targets]) == pytest.approx(expected)


def test_cross_entropy_does_not_overflow_and_skips_what_is_impossible():
    assert gradient(cross_entropy)([1000.0, -1000.0], 1) == (2000.0, [1.0, -1.0])
    assert cross_entropy([0.0, -np.inf], [1.0, 0.0]).data == 0.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0], 2), ValueError, "a class from 0 to 1, or one probability per class, not 2"),
        (([1.0, 2.0], -1), ValueError, "not -1"),
        (([1.0, 2.0], 0.5), ValueError, "not 0.5"),
        (([1.0, 2.0], Value(7.0)), ValueError, r"not Value\(7.0\)"),
        (([1.0, 2.0], np.nan), ValueError, "not nan"),
        (([1.0, 2.0], "cat"), TypeError, "not 'cat'"),
        (([1.0, 2.0], None), TypeError, "not None"),
        (([1.0, 2.0], [1.0]), ValueError, "1 target probabilities for 2 logits; give one per class"),
        (([1.0, 2.0, 3.0], [2, 0, 1]), ValueError, "at least 0 and sum to 1"),
        (([1.0, 2.0], [1.5, -0.5]), ValueError, "at least 0 and sum to 1"),
        (([[1.0, 2.0]], [0, 1]), ValueError, "one target for each of the 1 rows"),
        (([[1.0, 2.0]], 0), ValueError, "one target for each of the 1 rows"),
        ((2.0, 0), ValueError, "the logits of one example, or rows of them"),
        (([], 0), ValueError, "logits is empty"),
    ],
)
def test_cross_entropy_says_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        cross_entropy(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weights": [1.0]}, "2 numbers of at least 0, one per class"),
        ({"class_weights": [1.0, -1.0]}, "2 numbers of at least 0, one per class"),
        ({"label_smoothing": 1.0}, "at least 0 and below 1, not 1.0"),
        ({"label_smoothing": -0.1}, "at least 0 and below 1, not -0.1"),
    ],
)
def test_cross_entropy_checks_its_options(options, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy([1.0, 2.0], 0, **options)


@pytest.mark.parametrize("prediction", [math.inf, -math.inf])
def test_an_infinite_error_pulls_with_delta_as_any_outlier(prediction):
    value = Value(prediction)
    loss = huber([value, Value(0.0)], [0.0, 0.0], delta=1.5)
    loss.backward()
    assert (loss.data, value.grad) == (math.inf, math.copysign(0.75, prediction))
