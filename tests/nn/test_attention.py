"""Attention against matrices in NumPy, and against finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, as_value, fsum, gradcheck
from tinygrad_edu.nn import MultiheadAttention, scaled_dot_product_attention
from tinygrad_edu.nn.shapes import flatten


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def valued(array):
    return [[Value(x) for x in row] for row in array.tolist()]


def numpy_attention(q, k, v, is_causal):
    scores = q @ k.T / np.sqrt(k.shape[1])
    if is_causal:
        scores = np.where(np.tri(*scores.shape, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ v, weights


def apply(layer, sequence):
    weights = numbers([neuron.weights for neuron in layer.neurons])
    return sequence @ weights.T + numbers([neuron.bias for neuron in layer.neurons])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.booleans(), st.integers(0, 10**6))
def test_attention_is_what_matrices_compute(targets, sources, size, is_causal, seed):
    generator = np.random.default_rng(seed)
    q, k, v = (generator.normal(size=shape) for shape in ((targets, size), (sources, size), (sources, 2)))
    outputs, weights = scaled_dot_product_attention(valued(q), valued(k), valued(v), is_causal)
    expected_outputs, expected_weights = numpy_attention(q, k, v, is_causal)
    np.testing.assert_allclose(numbers(outputs), expected_outputs, atol=1e-12)
    np.testing.assert_allclose(numbers(weights), expected_weights, atol=1e-12)


@pytest.mark.parametrize("is_causal", [False, True])
def test_heads_share_the_positions_and_the_output_mixes_them(is_causal):
    generator = np.random.default_rng(0)
    attention = MultiheadAttention(6, num_heads=3, seed=generator)
    for parameter in attention.parameters():
        parameter.data = generator.normal()
    query, key, value = (generator.normal(size=(n, 6)) for n in (4, 4, 4))
    q, k, v = apply(attention.query, query), apply(attention.key, key), apply(attention.value, value)
    heads = [numpy_attention(*(part[:, start : start + 2] for part in (q, k, v)), is_causal) for start in (0, 2, 4)]
    outputs, weights = attention(query, key, value, is_causal=is_causal)
    joined = np.hstack([out for out, _ in heads])
    np.testing.assert_allclose(numbers(outputs), apply(attention.output, joined), atol=1e-12)
    np.testing.assert_allclose(numbers(weights), [weights for _, weights in heads], atol=1e-12)


def test_one_sequence_stands_for_all_three():
    attention = MultiheadAttention(2, 1, seed=0)
    sequence = [[1.0, 2.0], [0.5, -1.0]]
    np.testing.assert_array_equal(numbers(attention(sequence)[0]), numbers(attention(sequence, sequence, sequence)[0]))


def test_causal_attention_cannot_see_the_future():
    attention = MultiheadAttention(2, 1, seed=0)
    steps = [[Value(x) for x in row] for row in ([1.0, 2.0], [0.5, -1.0], [3.0, 0.1])]
    outputs, _ = attention(steps, is_causal=True)
    fsum(outputs[1]).backward()
    gradients = np.array([[value.grad for value in step] for step in steps])
    assert np.all(gradients[:2] != 0.0)
    assert np.all(gradients[2] == 0.0)


@pytest.mark.parametrize("is_causal", [False, True])
def test_gradients_pass_the_check(is_causal):
    def output(*inputs):
        q, k, v = np.array(inputs).reshape(3, 3, 2).tolist()
        outputs, _ = scaled_dot_product_attention(q, k, v, is_causal)
        return fsum(i * value for i, value in enumerate(flatten(outputs), start=1))

    assert gradcheck(output, np.random.default_rng(1).normal(size=18).tolist())


def test_projections_have_gradients_that_pass_the_check():
    attention = MultiheadAttention(2, 2, seed=2)
    start = [parameter.data for parameter in attention.parameters()]

    def output(*inputs):
        replaced = iter(inputs)
        for layer in (attention.query, attention.key, attention.value, attention.output):
            for neuron in layer.neurons:
                neuron.weights, neuron.bias = [next(replaced) for _ in neuron.weights], next(replaced)
        outputs, _ = attention([[1.0, -0.5], [0.2, 0.8], [-1.0, 0.3]], is_causal=True)
        return fsum(i * value for i, value in enumerate(flatten(outputs), start=1))

    assert gradcheck(output, start)


def test_heads_must_share_the_numbers_equally():
    with pytest.raises(ValueError, match=r"num_heads must divide embed_dim.*3 does not divide 4"):
        MultiheadAttention(4, 3)
    with pytest.raises(ValueError, match=r"this attention takes one example of shape \(steps, 4\)"):
        MultiheadAttention(4, 2)([[1.0, 2.0]])
