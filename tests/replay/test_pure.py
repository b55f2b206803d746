"""A program as a pure function, on a module of arrays that are never written to: NumPy, with the `.at` of JAX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Program, Value, choose, dot, fsum, logsumexp, nn, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.op import RULE_BOOK, op

INF, NAN = math.inf, math.nan


class At:
    """What `array.at[rows]` is in JAX: each method gives a new array."""

    def __init__(self, array: Any, index: Any = None) -> None:
        self.array = array
        self.index = index

    def __getitem__(self, index: Any) -> At:
        return At(self.array, index)

    def _changed(self, change: Callable[[Any], object]) -> Any:
        copied = self.array.copy()
        change(copied)
        copied.flags.writeable = False
        return copied

    def set(self, numbers: Any) -> Any:
        return self._changed(lambda copied: copied.__setitem__(self.index, numbers))

    def add(self, numbers: Any) -> Any:
        return self._changed(lambda copied: np.add.at(copied, self.index, numbers))

    def max(self, numbers: Any) -> Any:
        return self._changed(lambda copied: np.maximum.at(copied, self.index, numbers))


class Pure(np.ndarray[Any, Any]):
    @property
    def at(self) -> At:
        return At(self)


class Module:
    """NumPy, where what is made has an `.at`."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)
        if name not in ("zeros", "full", "ones", "asarray"):
            return function
        return lambda *arguments: function(*arguments).view(Pure)


def purely(program: Program, *arrays: Any) -> tuple[Any, Any]:
    with np.errstate(all="ignore"):
        return program.evaluate(Arrays(Module()), program.theta, arrays)


def agree(program: Program, *arrays: Any) -> None:
    for ours, expected in zip(purely(program, *arrays), program.value_and_grad(*arrays), strict=True):
        assert np.shape(ours) == np.shape(expected)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


generator = np.random.default_rng(0)
X = generator.normal(size=(5, 4, 4))
LABELS = np.arange(5) % 3
W, V = Value(0.5, "w"), Value(-1.5, "v")
convolution, head = nn.Conv2d(1, 2, 3, padding=1, seed=0), nn.Layer(8, 3, "tanh", seed=1)
attention, table = nn.TransformerEncoderLayer(4, 2, 6, seed=2), nn.Embedding(3, 4, seed=3)


def an_image(x: Any, label: Any) -> Any:
    return nn.losses.cross_entropy(head(nn.flatten(nn.MaxPool2d(2)(convolution([x])))), label)


def a_sequence(x: Any, label: Any) -> Any:
    return fsum(v * v for row in attention([*x, table(label)])[0] for v in row)


def the_same_weights_at_several_places(x: Any, label: Any) -> Any:
    products = [dot(head.neurons[0].weights[:4], row) * label for row in x]
    return dot([W, 0.5, W, 2.0], products) + dot([3.0], [4.0], W)


def sums_of_several_lengths(x: Any, label: Any) -> Any:
    terms = [(v * W).tanh() for v in x.ravel()]
    sums = [fsum(terms[:3]), fsum(terms[3:5]), fsum(terms[5:9])]
    largest = [logsumexp(terms[:2]), logsumexp(terms[2:7])]
    return fsum(v * v for v in [*sums, *largest]) + label


def sums_of_one_length(x: Any, label: Any) -> Any:
    return fsum(fsum((v * W).tanh() for v in row) ** 2.0 * V for row in x) * label


def a_choice_from_a_table_of_its_own(x: Any, label: Any) -> Any:
    return choose(label, [x[0][0] * W, V, x[0][1] * V]) ** 2.0 + choose(label, list(x[1][:3])) * V


def several_choices_from_one_table(x: Any, label: Any) -> Any:
    rows = zip(table(label), table(where(label > 0.5, label - 1.0, label)), strict=True)
    return fsum(a * b * c for (a, b), c in zip(rows, x[0], strict=True))


def what_no_example_changes(x: Any, label: Any) -> Any:
    return fsum([W * V, logsumexp([W, V, 0.25]), (W - V).exp()])


FUNCTIONS = [
    an_image,
    a_sequence,
    the_same_weights_at_several_places,
    sums_of_several_lengths,
    sums_of_one_length,
    a_choice_from_a_table_of_its_own,
    several_choices_from_one_table,
    what_no_example_changes,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_mean_and_gradient_are_those_of_the_buffers(function: Callable[..., Any]) -> None:
    modules = (convolution, head, attention, table)
    program = record(function, ((4, 4), ()), [*[p for module in modules for p in module.parameters()], W, V])
    for count in (5, 1, 0):
        agree(program, X[:count], LABELS[:count])
    agree(program, X.astype(np.float32), LABELS)


def test_without_inputs_there_is_one_example() -> None:
    agree(record(lambda: W / V + fsum([W, V, 2.0]), (), [W, V]))
    agree(record(lambda: 3.0, (), [W]))
    agree(record(lambda x: x, ((),), []), np.array([2.0, 5.0]))


def test_a_formula_is_preferred_where_it_is_good() -> None:
    declared = op(
        "either",
        lambda m, a: m.prefer(a * a, a < 1.0, lambda m, a, three: a**three, a, 3.0),
        (lambda m, y, a: m.where(a < 1.0, 2.0 * a, 3.0 * a * a),),
    )
    try:
        program = record(lambda x: applied(declared, [x * W]), ((),), [W])
    finally:
        del RULE_BOOK["either"]
    mean, gradient = purely(program, np.array([1.0, 6.0]))
    np.testing.assert_allclose([mean, *gradient], [(0.25 + 27.0) / 2.0, (1.0 + 27.0 * 6.0) / 2.0], rtol=1e-15)


def chosen_or(x: Sequence[Any]) -> Any:
    return where(x[1] > 0.0, choose(x[0], [W * x[1], V]), W)


@pytest.mark.parametrize("bad", [2.0, -1.0, 0.5, NAN, INF])
def test_an_index_that_names_no_option_is_refused(bad: float) -> None:
    program = record(chosen_or, (2,), [W, V])
    agree(program, np.array([[0.0, -1.0], [1.0, 2.0], [-0.0, 3.0]]))
    for ours in (lambda x: purely(program, x), program.value_and_grad):
        with pytest.raises(IndexError, match="a whole number from 0 to 1, and these are not"):
            ours(np.array([[0.0, 1.0], [bad, 1.0]]))


def test_an_option_that_was_not_chosen_gets_0_times_an_upstream_that_is_not_finite() -> None:
    """Of a table that all examples share, of one for each example, and of one that two indices share."""
    a, b = Value(1.0), Value(2.0)
    shared = record(lambda k, x: choose(k, [a - 1.0, b, W]).log() + x, ((), ()), [a, b, W])
    own = record(lambda k, x: choose(k, [x * a, b, x * W]).log(), ((), ()), [a, b, W])
    both = record(lambda k, x: fsum(choose(i, [a * x, b]).log() for i in (k, 1.0 - k)), ((), ()), [a, b])
    for program in (shared, own, both):
        for numbers in ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0]):
            for indices in ([0, 1, 0], [1, 0, 1], [1, 1, 1]):
                agree(program, np.array(indices), np.array(numbers))
    _, gradient = purely(shared, np.array([0]), np.array([1.0]))
    np.testing.assert_array_equal(gradient, [INF, NAN, NAN])


def test_the_largest_of_terms_that_are_equal_infinite_or_nan() -> None:
    one = Value(1.0)
    program = record(lambda x: logsumexp([v * one for v in x]) + logsumexp([x[0], x[1] * one]), (3,), [one])
    for row in ([1.0, 1.0, 1.0], [NAN, 0.0, 1.0], [0.0, NAN, INF], [INF, INF, 0.0], [-INF, -INF, -INF]):
        agree(program, np.array([row]))


def test_what_does_not_fit_is_refused_as_by_the_buffers() -> None:
    program = record(lambda x, y: fsum(x) * W - y, (2, ()), [W])
    m = Arrays(Module())
    for theta in (np.ones(2), np.ones((1, 1)), np.ones(())):
        with pytest.raises(ValueError, match="one number for each parameter"):
            program.evaluate(m, theta, [np.ones((3, 2)), np.ones(3)])
    for arrays in ([np.ones((3, 2)), np.ones(2)], [np.ones((3, 2)), np.ones((3, 1))], [np.ones(2), np.ones(())]):
        with pytest.raises(ValueError, match="must have shape"):
            program.evaluate(m, program.theta, arrays)
