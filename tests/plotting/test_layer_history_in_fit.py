"""What is remembered of each layer while `fit` trains, against every gradient of the run and NumPy."""

import numpy as np

from tinygrad_edu import MLP
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.plotting import LayerHistory
from tinygrad_edu.plotting.layer_history import layer_activations
from tinygrad_edu.training import Callback, fit


class Gradients(Callback):
    """Every gradient of a run, for comparison."""

    def __init__(self):
        self.seen = []

    def on_iteration_end(self, run):
        self.seen.append(run.gradient.copy())


def trained(history, **more):
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12.0) / 12
    model = MLP(2, [3, 1], "tanh", seed=0)
    gradients = Gradients()
    options = {"epochs": 3, "batch_size": 4, "progress": False, "seed": 0, "loss": mean_squared_error}
    fit(model, X, y, callbacks=[history, gradients], **(options | more))
    return model, gradients.seen


def test_the_history_remembers_sizes_of_gradients_layer_by_layer():
    history = LayerHistory(np.zeros((1, 2)))
    _, seen = trained(history)
    last_epoch = np.sqrt(np.mean(np.square(seen[-3:]), axis=0))
    assert {layer: len(arrays) for layer, arrays in history.gradients.items()} == {"layers.0": 3, "layers.1": 3}
    np.testing.assert_allclose(history.gradients["layers.0"][-1], last_epoch[:9], rtol=1e-12)
    np.testing.assert_allclose(history.gradients["layers.1"][-1], last_epoch[9:], rtol=1e-12)


def test_the_history_remembers_what_each_layer_hands_on():
    examples = np.random.default_rng(1).normal(size=(5, 2))
    history = LayerHistory(examples, limit=4)
    model, _ = trained(history)
    W = np.array([[w.data for w in neuron.weights] for neuron in model.layers[0].neurons])
    b = np.array([neuron.bias.data for neuron in model.layers[0].neurons])
    hidden = np.tanh(examples[:4] @ W.T + b)
    np.testing.assert_allclose(np.sort(history.activations["layers.0"][-1]), np.sort(hidden.ravel()), rtol=1e-12)
    V = np.array([w.data for w in model.layers[1].neurons[0].weights])
    out = hidden @ V + model.layers[1].neurons[0].bias.data
    np.testing.assert_allclose(np.sort(history.activations["layers.1"][-1]), np.sort(out), rtol=1e-12)


def test_looking_at_activations_leaves_the_model_alone():
    model = MLP(2, [2], seed=0)
    before = [(p.data, p.grad) for p in model.parameters()]
    layer_activations(model, np.ones((2, 2)))
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_a_resumed_run_has_the_record_of_one_that_was_never_stopped(tmp_path):
    whole, parts = LayerHistory(np.ones((1, 2))), LayerHistory(np.ones((1, 2)))
    trained(whole, epochs=4)
    trained(LayerHistory(np.ones((1, 2))), epochs=2, checkpoint=tmp_path / "run")
    trained(parts, epochs=4, checkpoint=tmp_path / "run", resume=True)
    for record in ("activations", "gradients"):
        for layer, arrays in getattr(whole, record).items():
            np.testing.assert_array_equal(arrays, getattr(parts, record)[layer])
