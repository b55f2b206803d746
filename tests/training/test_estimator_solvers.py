"""The steps of the solvers, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu.training.estimator_solvers import AdamSolver, SGDSolver, Solver


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov: bool) -> None:
    solver, theta = SGDSolver(0.1, "constant", 0.5, nesterov, 0.5), np.array([1.0, -1.0])
    by_hand, velocity = theta.copy(), np.zeros(2)
    for gradient in (np.array([1.0, 2.0]), np.array([-0.5, 4.0])):
        solver.step(theta, gradient)
        velocity = 0.5 * velocity - 0.1 * gradient
        by_hand += 0.5 * velocity - 0.1 * gradient if nesterov else velocity
    np.testing.assert_allclose(theta, by_hand)


def test_adam() -> None:
    solver, theta = AdamSolver(0.1, 0.8, 0.9, 1e-3), np.array([1.0, -1.0])
    by_hand, m, s = theta.copy(), np.zeros(2), np.zeros(2)
    for t, gradient in enumerate((np.array([1.0, 2.0]), np.array([-0.5, 4.0])), start=1):
        solver.step(theta, gradient)
        m, s = 0.8 * m + 0.2 * gradient, 0.9 * s + 0.1 * gradient**2
        by_hand -= 0.1 * np.sqrt(1 - 0.9**t) / (1 - 0.8**t) * m / (np.sqrt(s) + 1e-3)
    np.testing.assert_allclose(theta, by_hand)


def test_rates_over_time(capsys: pytest.CaptureFixture[str]) -> None:
    scaled = SGDSolver(0.8, "invscaling", 0.9, True, 0.5)
    scaled.epoch_ended(3)
    assert scaled.learning_rate == 0.4
    adaptive = SGDSolver(0.5, "adaptive", 0.9, True, 0.5)
    adaptive.epoch_ended(3)
    assert not adaptive.stopped_or_slower("Still.", verbose=True)
    assert adaptive.learning_rate == 0.1
    adaptive.learning_rate = 1e-6
    assert adaptive.stopped_or_slower("Still.", verbose=True)
    assert Solver(0.1).stopped_or_slower("Still.", verbose=False)
    assert (
        capsys.readouterr().out
        == "Still. Setting learning rate to 0.100000\nStill. Learning rate too small. Stopping.\n"
    )
