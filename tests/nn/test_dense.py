"""Which models are layers one after the other."""

import pytest

from tinygrad_edu import MLP, Layer, Module, Neuron
from tinygrad_edu.nn import Conv2d, Dropout, LayerNorm, Sequential, flatten
from tinygrad_edu.nn.dense import dense_layers


class Doubled(Layer):
    def __call__(self, inputs):
        return 2.0 * super().__call__(inputs)


class Other(Module):
    def __init__(self):
        self.layers = [Layer(2, 1)]


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (Neuron(3), [(3, 1)]),
        (Layer(2, 4), [(2, 4)]),
        (MLP(2, [4, 1]), [(2, 4), (4, 1)]),
        (Sequential(flatten, MLP(4, [3]), Dropout(0.5), Sequential(Layer(3, 2))), [(4, 3), (3, 2)]),
        (Sequential(Layer(2, 3), flatten, Layer(3, 1)), []),
        (Sequential(Dropout(0.5), Layer(2, 3)), []),
        (Sequential(Layer(2, 3), Layer(4, 1)), []),
        (Sequential(Layer(2, 3), LayerNorm(3)), []),
        (Sequential(Neuron(2)), []),
        (Sequential(Doubled(2, 3)), []),
        (Sequential(flatten), []),
        (Conv2d(1, 1, 2), []),
        (Other(), []),
    ],
)
def test_layers_with_their_inputs_and_outputs(model, sizes):
    assert [(layer.n_inputs, len(layer.neurons)) for layer in dense_layers(model)] == sizes


def test_what_else_happens_is_said():
    first, last = dense_layers(Sequential(Layer(2, 3, "relu"), Dropout(0.25), Layer(3, 1, "linear")))
    assert (first.activation, first.also, last.activation, last.also) == ("relu", ["Dropout(p=0.25)"], "linear", [])
