"""The Transformer's building block: attention and a small network, each after a norm and beside a shortcut.

May import: `arguments`, `arrays`; `activations`, `attention`, `initializers`, `layers`, `module`, `regularizers` and
`shapes` of this folder.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.arguments import Seed, random_generator
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.nn.activations import Activation
from tinygrad_edu.nn.attention import MultiheadAttention
from tinygrad_edu.nn.initializers import Initializer
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.regularizers import LayerNorm
from tinygrad_edu.nn.shapes import values_of_shape

__all__ = ["TransformerEncoderLayer"]


class TransformerEncoderLayer(Module):
    """One block: attention, and then a small network for each step, each added to what went into it.

        y = x + attention(norm1(x));      output = y + linear2(linear1(norm2(y)))

    Each sum is a residual connection: the gradient passes it unchanged. The norms come first, inside the residual
    connections, as in PyTorch with `norm_first=True`; there is no dropout. `dim_feedforward` is the width of `linear1`,
    4 · d_model unless you say otherwise, as in the paper.

    Shapes: called on a sequence (steps, d_model), it returns a sequence of the same shape, and the weights of its
    heads (nhead, steps, steps). With `is_causal`, no step sees the ones after it.

    Raises ValueError when nhead does not divide d_model, and for a sequence of another shape.

    Vaswani, A. et al. (2017). Attention is all you need. NeurIPS. arXiv:1706.03762; norms first: Xiong, R. et al.
    (2020). On layer normalization in the Transformer architecture. ICML. arXiv:2002.04745

    >>> block = TransformerEncoderLayer(4, nhead=2, seed=0)
    >>> outputs, weights = block([[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, -1.0, 0.0]], is_causal=True)
    >>> outputs.shape, weights.shape
    ((2, 4), (2, 2, 2))
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int | None = None,
        activation: Activation = "relu",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        generator = random_generator(seed)
        wide = 4 * d_model if dim_feedforward is None else dim_feedforward
        self.attention = MultiheadAttention(d_model, nhead, init=init, seed=generator)
        self.norm1, self.norm2 = LayerNorm(d_model), LayerNorm(d_model)
        self.linear1 = Layer(d_model, wide, activation, init=init, seed=generator)
        self.linear2 = Layer(wide, d_model, "linear", init=init, seed=generator)
        self.label_parameters()

    def __call__(self, sequence: Any, is_causal: bool = False) -> tuple[ValueArray, ValueArray]:
        """The sequence with what was found added to it, and where each head looked."""
        steps: Any = values_of_shape(sequence, ("steps", self.attention.embed_dim), "this Transformer layer")
        found, weights = self.attention(array([self.norm1(step) for step in steps]), is_causal=is_causal)
        steps = steps + found
        return steps + array([self.linear2(self.linear1(self.norm2(step))) for step in steps]), weights

    def describe(self) -> str:
        """The size of each step, the number of heads, and the width in between."""
        return f"{self.attention.embed_dim}, {self.attention.num_heads} heads, {len(self.linear1.neurons)} wide"
