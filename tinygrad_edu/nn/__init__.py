"""Neural networks written in `Value`s: modules, layers, losses."""

from tinygrad_edu.nn import losses
from tinygrad_edu.nn.layers import MLP, Layer, Neuron
from tinygrad_edu.nn.module import Module

__all__ = ["MLP", "Layer", "Module", "Neuron", "losses"]
