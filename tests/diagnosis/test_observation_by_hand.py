"""An observation against the same network in NumPy."""

import numpy as np
from diagnosis.networks import MOONS_X, MOONS_Y

from tinygrad_edu.diagnosis.observation import observe
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.training import predict
from tinygrad_edu.training.data import Data


def test_observation_is_what_numpy_computes():
    model = MLP(2, [3, 1], "tanh", output_activation="sigmoid", seed=0)
    X, y = MOONS_X[:7], MOONS_Y[:7].astype(float)
    seen = observe(model, Data(X, y), mean_squared_error)
    W = np.array([[w.data for w in n.weights] for n in model.layers[0].neurons])
    hidden = np.tanh(X @ W.T)
    for k in range(3):
        np.testing.assert_allclose(seen.units[f"layers.0.neurons.{k}"].outputs, hidden[:, k], rtol=1e-12)
        np.testing.assert_allclose(seen.units[f"layers.0.neurons.{k}"].slopes, 1 - hidden[:, k] ** 2, rtol=1e-12)
    out = predict(model, X)[:, 0]
    np.testing.assert_allclose(seen.units["layers.1.neurons.0"].outputs, out, rtol=1e-12)
    np.testing.assert_allclose(seen.losses, (out - y) ** 2, rtol=1e-9)
    delta = 2 * (out - y) * out * (1 - out)
    last = seen.layers["layers.1"]
    np.testing.assert_allclose(seen.gradient[last[:3]], (delta[:, None] * hidden).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(seen.spread[last[3]], np.sqrt((delta**2).mean()), rtol=1e-9)
    assert seen.first_non_finite == ""
