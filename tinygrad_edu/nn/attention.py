"""Attention: each position of a sequence looks at the others and takes a weighted mean of what it finds.

May import: `arguments`, `value`, `functions`, `arrays`; `initializers`, `layers`, `module` and `shapes` of this folder;
NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.arguments import Seed, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.functions import dot, softmax
from tinygrad_edu.nn.initializers import Initializer
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.shapes import values_of_shape
from tinygrad_edu.value import as_value

__all__ = ["AttentionWeights", "MultiheadAttention", "scaled_dot_product_attention"]

#: How much each position of the queries takes from each position of the keys; each row sums to 1.
AttentionWeights: TypeAlias = ValueArray


def scaled_dot_product_attention(
    queries: Any, keys: Any, values: Any, is_causal: bool = False
) -> tuple[ValueArray, AttentionWeights]:
    """weights = softmax(queries · keysᵀ / √d), outputs = weights · values; returns (outputs, weights).

    Shapes: queries (targets, d), keys (sources, d), values (sources, n) give outputs (targets, n) and weights
    (targets, sources). With `is_causal`, no position sees the ones after it: their scores are -inf and their
    weights 0.

    Vaswani, A. et al. (2017). Attention is all you need. NeurIPS. arXiv:1706.03762

    >>> outputs, weights = scaled_dot_product_attention([[0.0]], [[1.0], [1.0]], [[1.0], [0.0]])
    >>> outputs.data.round(6), weights.data.round(6)
    (array([[0.5]]), array([[0.5, 0.5]]))
    """
    queries, keys, values = array(queries), array(keys), array(values)
    scale = 1.0 / sqrt(len(keys[0]))
    hidden = as_value(-inf)
    weights = [
        softmax([hidden if is_causal and j > i else dot(query, key) * scale for j, key in enumerate(keys)])
        for i, query in enumerate(queries)
    ]
    columns = list(zip(*values, strict=True))
    return array([[dot(column, row) for column in columns] for row in weights]), array(weights)


class MultiheadAttention(Module):
    """Several attentions side by side, each on its own projection of the sequence.

    The layers `query`, `key` and `value` project each position; each of the `num_heads` heads attends with its share
    of embed_dim / num_heads numbers; the layer `output` mixes what the heads found.

    Shapes: called on queries (targets, embed_dim), keys and values (sources, embed_dim), it returns outputs
    (targets, embed_dim) and weights (num_heads, targets, sources). Give the same sequence three times, or once, for
    self-attention.

    Raises ValueError when num_heads does not divide embed_dim, and for a sequence of another shape.

    Vaswani, A. et al. (2017). Attention is all you need. NeurIPS. arXiv:1706.03762

    >>> attention = MultiheadAttention(4, num_heads=2, seed=0)
    >>> outputs, weights = attention([[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, -1.0, 0.0]], is_causal=True)
    >>> outputs.shape, weights.shape, weights[0][0]
    ((2, 4), (2, 2, 2), ValueArray([1., 0.]))
    """

    def __init__(
        self, embed_dim: int, num_heads: int, *, init: str | Initializer | None = None, seed: Seed = None
    ) -> None:
        self.embed_dim, self.num_heads = whole_number(embed_dim, "embed_dim"), whole_number(num_heads, "num_heads")
        if self.embed_dim % self.num_heads:
            raise ValueError(
                f"num_heads must divide embed_dim, so that the heads share it equally, and {num_heads} does not "
                f"divide {embed_dim}"
            )
        generator = random_generator(seed)
        self.query, self.key, self.value, self.output = (
            Layer(self.embed_dim, self.embed_dim, "linear", init=init, seed=generator) for _ in range(4)
        )
        self.label_parameters()

    def __call__(
        self, query: Any, key: Any = None, value: Any = None, is_causal: bool = False
    ) -> tuple[ValueArray, ValueArray]:
        """The outputs, and the weights of each head; `key` is `query` unless given, `value` is `key`."""
        key = query if key is None else key
        value = key if value is None else value
        shape = "steps", self.embed_dim
        queries, keys, values = (
            self._shares([layer(step) for step in values_of_shape(sequence, shape, "this attention")])
            for layer, sequence in ((self.query, query), (self.key, key), (self.value, value))
        )
        heads = [
            scaled_dot_product_attention(*share, is_causal=is_causal)
            for share in zip(queries, keys, values, strict=True)
        ]
        found = np.concatenate([outputs for outputs, _ in heads], axis=1)
        return array([self.output(parts) for parts in found]), array([weights for _, weights in heads])

    def _shares(self, steps: Sequence[ValueArray]) -> Sequence[ValueArray]:
        """The part of each step that belongs to each head, shape (num_heads, steps, embed_dim / num_heads)."""
        return np.split(array(steps), self.num_heads, axis=1)  # type: ignore[return-value]  # of Values, as the steps are

    def describe(self) -> str:
        """The size of each position, and the number of heads."""
        return f"{self.embed_dim}, {self.num_heads} heads"
