"""What the numbers of a network show: each check at its threshold, and where it has to be silent."""

import numpy as np
from diagnosis.networks import certain_and_right

from tinygrad_edu.diagnosis import diagnose
from tinygrad_edu.diagnosis.observation import observe
from tinygrad_edu.nn import MLP
from tinygrad_edu.training.data import Data


def test_flat_units_are_no_alarm_only_because_the_network_is_right():
    model, X, y, loss, _ = certain_and_right()
    units = observe(model, Data(X, y), loss).units
    assert all(abs(slope) < 1e-6 for unit in units.values() for slope in unit.slopes)
    assert diagnose(model, X, -y).pathologies == ["saturated units", "vanishing gradients"]


def test_a_unit_that_answers_once_in_a_thousand_is_not_dead():
    model = MLP(1, [2, 1], "relu", init=lambda n, m, generator: generator.uniform(0.5, 1.0), seed=0)
    model.layers[0].neurons[0].bias.data = -100.0
    X = np.linspace(0.0, 1.0, 1000)[:, None]
    assert diagnose(model, X, X[:, 0]).pathologies == ["dead units"]
    X[501] = 300.0
    assert diagnose(model, X, np.zeros(1000)).healthy
