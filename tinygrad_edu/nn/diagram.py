"""What `draw(model)` draws: the architecture of a model, neuron by neuron where it is small, or else in blocks.

May import: `drawing`; `block_diagram`, `dense`, `module` and `neuron_diagram` of this folder.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.nn.block_diagram import BlockPicture
from tinygrad_edu.nn.dense import dense_layers
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.neuron_diagram import MAX_NEURONS, NeuronPicture

__all__ = ["diagram"]


def diagram(model: Module, example: Any = None) -> Drawing:
    """The picture of a model, with what it computes from an example in it: see `Module.diagram`.

    >>> from tinygrad_edu.nn import MLP
    >>> diagram(MLP(2, [3, 1])).pipe("svg", encoding="utf-8").count("<ellipse")
    6
    """
    if example is not None and not callable(model):
        raise TypeError(
            f"with an example, draw(model, example) calls the model, and {type(model).__name__} has no "
            "__call__(self, inputs); draw(model) draws what it is made of"
        )
    layers = dense_layers(model)
    if layers and sum(len(layer.neurons) for layer in layers) <= MAX_NEURONS:
        return NeuronPicture(model, layers, example).drawing()
    return BlockPicture(model, example).drawing()
