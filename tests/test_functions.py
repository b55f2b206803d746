"""Functions of several values: one node each, and where their gradients go."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    dot,
    fsum,
    hessian,
    logsumexp,
    ops,
    softmax,
    where,
)
from tinygrad_edu.functions import choose, mean, norm


def test_dot_is_one_node():
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    y = dot(w, x, 0.5)
    assert y.data == 11.5
    assert y.inputs[:4] == (*w, *x)
    assert y.local_derivatives == (3.0, 4.0, 1.0, 2.0, 1.0)


@pytest.mark.parametrize(("weights", "inputs"), [([1.0], []), ([1.0, 2.0], [1.0, 2.0, 3.0])])
def test_dot_wants_as_many_weights_as_inputs(weights, inputs):
    with pytest.raises(ValueError, match=f"not {len(weights)} weights and {len(inputs)} inputs"):
        dot(weights, inputs)


def test_sums_and_probabilities():
    assert fsum([]).data == 0.0
    assert fsum([0.1] * 10).data == 1.0
    assert dot([], [], 3.0).data == 3.0
    assert fsum(p.data for p in softmax([1000.0, 999.0, -1000.0])).data == pytest.approx(1.0)
    assert logsumexp([-1000.0, -1000.0]).data == pytest.approx(-1000.0 + math.log(2.0))
    assert logsumexp([-math.inf, 1.0]).data == 1.0
    with pytest.raises(ValueError, match="at least one value"):
        logsumexp([])


def test_softmax_passes_its_gradient_through_every_logit():
    logits = [Value(0.3), Value(-1.2), Value(2.0)]
    p = softmax(logits)
    p[0].backward()
    for logit, probability, other in zip(logits, p, [1.0, 0.0, 0.0], strict=True):
        assert logit.grad == pytest.approx(p[0].data * (other - probability.data))


def test_where_and_choose_send_the_gradient_to_the_chosen():
    a, b = Value(2.0), Value(3.0)
    where(a > b, a, b).backward()
    assert (a.grad, b.grad) == (0.0, 1.0)
    choose(Value(0.0), [a, b]).backward()
    assert (a.grad, b.grad) == (1.0, 1.0)
    assert choose(1, [a, b]) is b
    assert choose(Value(1.0), [a, b]).data == 3.0
    assert choose(np.int64(0), [a, 7.0]) is a
    for index in (2, -1, 0.5, Value(7.0)):
        with pytest.raises(IndexError, match="whole number from 0 to 1"):
            choose(index, [a, b])


@pytest.mark.parametrize("function", [fsum, logsumexp, softmax, lambda v: dot(v, v)])
def test_functions_refuse_what_is_not_a_number(function):
    with pytest.raises(TypeError, match="holds one real number"):
        function([1.0, "two"])


@pytest.mark.parametrize(
    ("terms", "total"),
    [
        ([1e308, 1e308, -1e308], 1e308),
        ([1e308, 1e308, -1e308, -1e308, 3.0], 3.0),
        ([1e308] * 3, math.inf),
        ([-1e308] * 3, -math.inf),
        ([-1.797e308, -1e308, math.inf], math.inf),
        ([1.797e308, 1e308, -math.inf], -math.inf),
        ([1e308, 1e308, math.inf, -math.inf], math.nan),
        ([1e308, 1e308, math.nan], math.nan),
    ],
)
def test_a_sum_that_overflows_only_on_the_way_is_right_in_any_order(terms, total):
    for order in itertools.permutations(terms):
        np.testing.assert_equal(fsum(order).data, total)


# Means and lengths ----------------------------------------------------------------------------------------


def test_a_mean_is_one_node_and_of_nothing_it_is_nan():
    values = [Value(1.0), Value(2.0), Value(6.0)]
    node = mean(values)
    assert (node.op, node.inputs, node.data) == (ops.mean, tuple(values), 3.0)
    node.backward()
    assert [v.grad for v in values] == [1 / 3] * 3
    assert math.isnan(mean([]).data)


def test_a_norm_is_one_node_with_slopes_0_at_the_origin():
    values = [Value(3.0), Value(-4.0)]
    node = norm(values)
    assert (node.op, node.data) == (ops.norm, 5.0)
    node.backward()
    assert [v.grad for v in values] == [0.6, -0.8]
    assert norm([0.0, 0.0]).local_derivatives == (0.0, 0.0)
    assert norm([3e200, 4e200]).data == pytest.approx(5e200, rel=1e-15)
    assert norm([]).data == 0.0


def test_the_second_derivatives_of_a_norm_are_those_of_the_length():
    x, y = 3.0, 4.0
    expected = np.array([[y * y, -x * y], [-x * y, x * x]]) / 125.0
    np.testing.assert_allclose(hessian(lambda a, b: norm([a, b]), [x, y]), expected, rtol=1e-12)
