"""Every layer, recorded once on one example, replays what it computes eagerly: values and gradients."""

import numpy as np
import pytest

from tinygrad_edu import Layer, fsum, record
from tinygrad_edu.nn import (
    LSTM,
    RNN,
    AvgPool2d,
    Conv2d,
    Embedding,
    MaxPool2d,
    MultiheadAttention,
    TransformerEncoderLayer,
    flatten,
)
from tinygrad_edu.nn.losses import cross_entropy

generator = np.random.default_rng(0)
IMAGES = generator.normal(size=(4, 2, 6, 5))
SEQUENCES = generator.normal(size=(4, 5, 4))
TOKENS = generator.integers(0, 6, size=(4, 5))


def strided_convolution():
    conv, head = Conv2d(2, 3, 3, stride=2, padding=1, activation="tanh", seed=0), Layer(3 * 9, 3, "linear", seed=1)
    return [conv, head], lambda image: head(flatten(conv(image))), IMAGES


def pooling(kind):
    conv, head = Conv2d(2, 2, 3, padding=1, activation="relu", seed=0), Layer(2 * 3 * 2, 3, "linear", seed=1)
    return [conv, head], lambda image: head(flatten(kind(2)(conv(image)))), IMAGES


def recurrent(kind):
    network, head = kind(4, 3, seed=0), Layer(3, 3, "linear", seed=1)
    return [network, head], lambda sequence: head(network(sequence)[0][-1]), SEQUENCES


def attention(is_causal):
    module, head = MultiheadAttention(4, 2, seed=0), Layer(20, 3, "linear", seed=1)
    return [module, head], lambda sequence: head(flatten(module(sequence, is_causal=is_causal)[0])), SEQUENCES


def transformer():
    block, head = TransformerEncoderLayer(4, 2, 6, "gelu", seed=0), Layer(20, 3, "linear", seed=1)
    return [block, head], lambda sequence: head(flatten(block(sequence, is_causal=True)[0])), SEQUENCES


def embedding():
    table, head = Embedding(6, 2, seed=0), Layer(10, 3, "linear", seed=1)
    return [table, head], lambda tokens: head(flatten([table(token) for token in tokens])), TOKENS


@pytest.mark.parametrize(
    ("build", "arguments"),
    [
        (strided_convolution, ()), (pooling, (MaxPool2d,)), (pooling, (AvgPool2d,)), (recurrent, (RNN,)),
        (recurrent, (LSTM,)), (attention, (False,)), (attention, (True,)), (transformer, ()), (embedding, ()),
    ],
)  # fmt: skip
def test_a_recorded_layer_agrees_with_the_eager_one(build, arguments):
    modules, forward, examples = build(*arguments)
    params = [parameter for module in modules for parameter in module.parameters()]
    program = record(lambda example: cross_entropy(forward(example), 1), shapes=(examples.shape[1:],), params=params)
    eager = [cross_entropy(forward(example), 1) for example in examples.tolist()]
    (fsum(eager) / len(eager)).backward()
    np.testing.assert_allclose(program(examples), [loss.data for loss in eager], rtol=1e-12)
    mean, gradient = program.value_and_grad(examples)
    assert mean == pytest.approx(np.mean([loss.data for loss in eager]), rel=1e-12)
    np.testing.assert_allclose(gradient, [parameter.grad for parameter in params], rtol=1e-10, atol=1e-14)
