"""Neural networks written in `Value`s: modules, layers, losses."""

from typing import TYPE_CHECKING, NoReturn

from tinygrad_edu.elsewhere import not_here
from tinygrad_edu.nn import losses
from tinygrad_edu.nn.attention import MultiheadAttention, scaled_dot_product_attention
from tinygrad_edu.nn.conv import Conv2d
from tinygrad_edu.nn.embedding import Embedding
from tinygrad_edu.nn.layers import MLP, Layer, Neuron
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.pooling import AvgPool2d, MaxPool2d
from tinygrad_edu.nn.recurrent import LSTM, RNN, LSTMCell, RNNCell
from tinygrad_edu.nn.regularizers import BatchNorm, Dropout, LayerNorm, RMSNorm, Sequential, l1_penalty, l2_penalty
from tinygrad_edu.nn.shapes import flatten
from tinygrad_edu.nn.transformer import TransformerEncoderLayer

__all__ = [
    "LSTM",
    "MLP",
    "RNN",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "Dropout",
    "Embedding",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "MaxPool2d",
    "Module",
    "MultiheadAttention",
    "Neuron",
    "RMSNorm",
    "RNNCell",
    "Sequential",
    "TransformerEncoderLayer",
    "flatten",
    "l1_penalty",
    "l2_penalty",
    "losses",
    "scaled_dot_product_attention",
]


if not TYPE_CHECKING:  # for type checkers, a name that is not here is a mistake

    def __getattr__(name: str) -> NoReturn:
        raise not_here(__name__, name)
