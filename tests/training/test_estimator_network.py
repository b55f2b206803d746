"""The network of an estimator against hand-written NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.training.estimator_network import EstimatorNetwork, operation_called

RNG = np.random.default_rng(0)


def made(out_activation: str, activation: str = "tanh") -> EstimatorNetwork:
    network = EstimatorNetwork([3, 4, 2], activation, out_activation)
    network.theta[...] = RNG.normal(size=network.theta.shape)
    return network


def by_hand(network: EstimatorNetwork, X: Any) -> Any:
    return np.tanh(X @ network.coefs[0] + network.intercepts[0]) @ network.coefs[1] + network.intercepts[1]


def losses_by_hand(out_activation: str, z: Any, y: Any) -> Any:
    if out_activation == "softmax":
        return np.log(np.exp(z).sum(axis=1)) - (y * z).sum(axis=1)
    if out_activation == "logistic":
        p = 1 / (1 + np.exp(-z))
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1)
    if out_activation == "exp":
        return (np.exp(z) - y * z + np.where(y > 0, y * np.log(np.maximum(y, 1e-9)), 0) - y).sum(axis=1)
    return 0.5 * ((z - y) ** 2).sum(axis=1) / 2


TARGETS = {
    "softmax": [[0.0, 1.0], [1.0, 0.0]],
    "logistic": [[1.0, 1.0], [0.0, 1.0]],
    "identity": [[0.5, -2.0], [3.0, 1.0]],
    "exp": [[0.0, 2.0], [3.0, 1.0]],
}


@pytest.mark.parametrize("out_activation", TARGETS)
@pytest.mark.parametrize("weights", [None, np.array([0.5, 2.0])])
def test_losses_and_gradients(out_activation: str, weights: Any) -> None:
    network, X, y = made(out_activation), RNG.normal(size=(2, 3)), np.array(TARGETS[out_activation])
    loss, gradient = network.loss_and_gradient(X, y, weights)
    assert loss == pytest.approx(np.average(losses_by_hand(out_activation, by_hand(network, X), y), weights=weights))
    scale = (
        2.0 if out_activation == "identity" else 1.0
    )  # scikit-learn reports the mean over targets, and descends the sum
    for k in range(0, len(network.theta), 5):
        ends = []
        for step in (1e-6, -1e-6):
            network.theta[k] += step
            ends.append(np.average(losses_by_hand(out_activation, by_hand(network, X), y), weights=weights))
            network.theta[k] -= step
        assert gradient[k] == pytest.approx(scale * (ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_outputs_dense_and_sparse() -> None:
    X = RNG.normal(size=(5, 3)) * (RNG.uniform(size=(5, 3)) > 0.5)
    expected = {
        "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "identity": lambda z: z,
        "exp": np.exp,
    }
    for name in TARGETS:
        network = made(name)
        wanted = expected[name](by_hand(network, X))
        np.testing.assert_allclose(network.outputs(X), wanted, rtol=1e-12)
        np.testing.assert_allclose(network.outputs(scipy.sparse.csr_matrix(X)), wanted, rtol=1e-12)
        np.testing.assert_allclose([network.as_model()(row).data for row in X], wanted, rtol=1e-12)


def test_coefs_are_views_and_biases_are_no_weights() -> None:
    network = made("identity")
    network.coefs[0][2, 1] = 7.0
    network.intercepts[1][0] = 9.0
    assert {7.0, 9.0} <= set(network.theta.tolist())
    assert network.is_weight.sum() == 3 * 4 + 4 * 2
    assert network.is_weight[network.theta == 9.0] == 0.0
    with pytest.raises(ValueError, match=r"of shape \(1,\) stand where \(3, 4\) belongs"):
        network.set_parameters([np.zeros(1), np.zeros((4, 2))], [np.zeros(4), np.zeros(2)])


def test_softmax_of_large_numbers_does_not_overflow() -> None:
    network = made("softmax")
    network.intercepts[1][...] = [1000.0, 0.0]
    np.testing.assert_allclose(network.outputs(np.zeros((1, 3))), [[1.0, 0.0]])


def test_activations_by_either_name() -> None:
    assert operation_called("logistic") is operation_called("sigmoid")
    assert operation_called("identity") is operation_called("linear") is None
    assert operation_called("leaky_relu").settings == RULE_BOOK["leaky_relu"].defaults
    with pytest.raises(ValueError, match="no activation is called"):
        operation_called("heavy")


def test_a_program_is_recorded_once_for_all_of_the_same_shape() -> None:
    one, other = made("softmax"), made("softmax")
    X, y = RNG.normal(size=(2, 3)), np.eye(2)
    first, _ = one.loss_and_gradient(X, y, None)
    second, _ = other.loss_and_gradient(X, y, None)
    assert first != second
    assert one._program(False).scalars is other._program(False).scalars
    assert one.loss_and_gradient(X, y, None)[0] == first
