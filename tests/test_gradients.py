"""Gradients as values: `grad` leaves every node alone, and its answers can be differentiated again."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, ValueArray, array, fsum, grad, hessian, jacobian, no_grad
from tinygrad_edu.gradients import Plain


def test_what_was_computed_under_no_grad_has_no_gradient():
    x = Value(3.0)
    with no_grad():
        square = x * x
        assert grad(Value(1.0), [x]) == [0.0]
    for create_graph in (False, True):
        with pytest.raises(RuntimeError, match=r"^nothing flows back from what was computed under no_grad"):
            grad(square, [x], create_graph)
    with no_grad(), pytest.raises(RuntimeError, match="computed under no_grad"):
        hessian(lambda a: a * a, [3.0])


def test_grad_touches_no_gradient():
    x = Value(2.0)
    x.grad = 5.0
    y = x * x
    y.grad = 6.0
    assert grad(y, [x, y]) == [4.0, 1.0]
    assert (x.grad, y.grad) == (5.0, 6.0)


@pytest.mark.parametrize("arguments", [(2.0, [Value(1.0)]), (Value(1.0) * 2.0, [2.0]), (Value(1.0), ["x"])])
def test_grad_wants_values(arguments):
    with pytest.raises(TypeError, match=r"grad needs one Value as output, such as loss, and a list of Values"):
        grad(*arguments)


def test_plain_numbers_in_graphs_of_gradients():
    x = Value(3.0)
    assert (Plain(2.0) + Plain(3.0), Plain(2.0) * Plain(3.0)) == (Plain(5.0), Plain(6.0))
    assert (x * Plain(1.0)) is (Plain(1.0) * x) is (x + Plain(0.0)) is (Plain(0.0) + x) is x
    assert ((Plain(2.0) + x).data, (x + Plain(2.0)).data, (Plain(2.0) * x).data, (x * Plain(-2.0)).data) == (
        5,
        5,
        6,
        -6,
    )
    assert x * Plain(0.0) == Plain(0.0)
    assert math.isnan((Value(math.inf) * Plain(0.0)).data)
    assert float(Plain(2.0)) == 2.0
    assert Plain.unwrap(Plain(2.0)).data == Plain.unwrap(2.0).data == 2.0
    assert Plain.unwrap(x) is x


def test_grad_of_what_does_not_matter_is_zero():
    x, y = Value(2.0), Value(3.0)
    assert grad(x * 2.0, [y]) == [0.0]
    assert grad(x * 2.0, [y], create_graph=True)[0].data == 0.0


def test_gradients_of_gradients():
    x = Value(1.5)
    derivative = x.sin()
    for expected in [math.cos(1.5), -math.sin(1.5), -math.cos(1.5), math.sin(1.5)]:
        (derivative,) = grad(derivative, [x], create_graph=True)
        assert derivative.data == pytest.approx(expected)
    derivative.backward()
    assert x.grad == pytest.approx(math.cos(1.5))


def test_a_changed_leaf_makes_a_graph_of_gradients_an_error():
    w, x = Value(2.0), Value(3.0)
    y = (w * x).tanh()
    w.data = 7.0
    with pytest.raises(RuntimeError, match="changed after it was computed"):
        grad(y, [x], create_graph=True)
    assert grad(y, [x]) == [y.local_derivatives[0] * 2.0]


def test_a_nan_that_stayed_the_same_is_no_change():
    x = Value(-1.0)
    (slope,) = grad(x.log() * 0.0, [x], create_graph=True)
    assert slope.data == 0.0


@given(at=st.tuples(*[st.floats(-2.0, 2.0)] * 3))
def test_hessian_of_a_cubic(at):
    x, y, z = at
    H = hessian(lambda x, y, z: x * x * y + fsum([x, y, z]) * z * z + x**3, at)
    expected = [[2 * y + 6 * x, 2 * x, 2 * z], [2 * x, 0.0, 2 * z], [2 * z, 2 * z, 2 * (x + y) + 6 * z]]
    np.testing.assert_allclose(H, expected, rtol=1e-12, atol=1e-12)
    assert H.shape == (3, 3)
    assert all(H[i, j] == pytest.approx(H[j, i]) for i, j in itertools.product(range(3), repeat=2))


def test_hessian_of_a_constant_or_of_nothing():
    assert hessian(lambda x, y: Value(3.0), [1.0, 2.0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda: Value(3.0), []).shape == (0, 0)


def test_a_million_steps_deep_gradient_without_touching_grads():
    x = Value(1.0)
    v = x
    for _ in range(200_000):
        v = v + x
    assert grad(v, [x]) == [200_001.0]
    assert x.grad == 0.0


# Arrays ---------------------------------------------------------------------------------------------------


def test_the_gradient_by_an_array_is_an_array_of_its_shape():
    W, b, x = array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]]), array([0.1, -0.2]), np.array([0.3, -0.4, 0.5])
    s = Value(2.0)
    loss = (s * np.tanh(W @ x + b)).sum()
    by_W, by_s, by_b = grad(loss, [W, s, b])
    slopes = 2.0 * (1.0 - np.tanh(W.data @ x + b.data) ** 2)
    np.testing.assert_allclose(by_W, slopes[:, None] * x)
    np.testing.assert_allclose(by_b, slopes)
    assert by_s == pytest.approx(np.tanh(W.data @ x + b.data).sum())
    assert not W.grad.any()


def test_a_gradient_by_an_array_can_be_differentiated_again():
    x = array([0.5, -1.0])
    (first,) = grad((x**3).sum(), [x], create_graph=True)
    assert isinstance(first, ValueArray)
    np.testing.assert_allclose(grad(first.sum(), [x])[0], 6.0 * x.data)


@pytest.mark.parametrize("as_result", [list, tuple, array, lambda parts: np.array(parts, dtype=object)])
def test_the_jacobian_has_a_row_for_each_output(as_result):
    at = [0.5, -1.5]
    J = jacobian(lambda x, y: as_result([x * y, x.sin() + y, Value(3.0), y * y]), at)
    np.testing.assert_allclose(J, [[at[1], at[0]], [np.cos(at[0]), 1.0], [0.0, 0.0], [0.0, 2.0 * at[1]]])


def test_the_jacobian_of_one_number_is_a_row_and_of_a_matrix_is_flat():
    assert jacobian(lambda x, y: x * y, [2.0, 3.0]).tolist() == [[3.0, 2.0]]
    assert jacobian(lambda x: array([[x, 2.0 * x], [0.0, x * x]]), [3.0]).tolist() == [[1.0], [2.0], [0.0], [6.0]]
