"""The Transformer's block against matrices in NumPy, and against finite differences."""

import numpy as np
import pytest

from tinygrad_edu import Value, as_value, fsum, gradcheck
from tinygrad_edu.nn import TransformerEncoderLayer
from tinygrad_edu.nn.shapes import flatten


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def apply(layer, sequence):
    weights = numbers([neuron.weights for neuron in layer.neurons])
    return sequence @ weights.T + numbers([neuron.bias for neuron in layer.neurons])


def numpy_norm(x):
    return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


def test_a_transformer_layer_adds_what_attention_and_network_say_about_the_normalized_sequence():
    block = TransformerEncoderLayer(4, 2, dim_feedforward=3, activation="tanh", seed=0)
    x = np.random.default_rng(0).normal(size=(3, 4))
    outputs, weights = block(x, is_causal=True)
    found, expected_weights = block.attention(numpy_norm(x), is_causal=True)
    after = x + numbers(found)
    expected = after + apply(block.linear2, np.tanh(apply(block.linear1, numpy_norm(after))))
    np.testing.assert_allclose(numbers(outputs), expected, atol=1e-12)
    np.testing.assert_allclose(numbers(weights), numbers(expected_weights), atol=1e-12)
    assert len(block.parameters()) == 4 * 4 * 5 + 2 * 8 + 3 * 5 + 4 * 4
    with pytest.raises(ValueError, match=r"this Transformer layer takes one example of shape \(steps, 4\)"):
        block([[1.0, 2.0]])


def test_the_gradient_by_the_sequence_passes_the_check():
    block = TransformerEncoderLayer(2, 1, dim_feedforward=2, activation="tanh", seed=1)

    def output(*inputs):
        outputs, _ = block(np.array(inputs).reshape(2, 2), is_causal=True)
        return fsum(k * value for k, value in enumerate(flatten(outputs), start=1))

    assert gradcheck(output, [0.3, -0.7, 1.2, 0.4])


def test_without_weights_nothing_but_the_shortcut_is_left():
    block = TransformerEncoderLayer(2, 1, init="zeros")
    sequence = [[0.5, -1.0], [2.0, 3.0]]
    np.testing.assert_array_equal(numbers(block(sequence)[0]), sequence)


def test_no_step_sees_the_ones_after_it():
    block = TransformerEncoderLayer(2, 1, seed=0)
    steps = [[Value(x) for x in row] for row in ([1.0, 2.0], [0.5, -1.0], [3.0, 0.1])]
    fsum(block(steps, is_causal=True)[0][1]).backward()
    assert all(value.grad == 0.0 for value in steps[2])
    assert any(value.grad != 0.0 for value in steps[0])


def test_it_is_four_times_as_wide_inside_unless_told():
    assert len(TransformerEncoderLayer(4, 2).linear1.neurons) == 16
    assert "4, 2 heads, 16 wide" in repr(TransformerEncoderLayer(4, 2))
    with pytest.raises(ValueError, match=r"num_heads must divide embed_dim.*3 does not divide 4"):
        TransformerEncoderLayer(4, 3)
