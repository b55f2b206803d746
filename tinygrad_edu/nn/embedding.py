"""Embedding: a learned list of numbers for each token.

May import: `arguments`, `value`, `functions`, `arrays`; `module` of this folder.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.arguments import Seed, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.functions import choose
from tinygrad_edu.nn.module import Module
from tinygrad_edu.value import Value

__all__ = ["Embedding"]


class Embedding(Module):
    """A table with one row of numbers for each token, learned like any weights.

    `weights` is a list of `num_embeddings` rows of `embedding_dim` `Value`s, drawn from a normal distribution of
    variance 1. Called on a token, a whole number from 0 to num_embeddings - 1, it returns the token's row, shape
    (embedding_dim). The token may be a `Value`, as it is while a program is recorded.

    Raises ValueError for sizes that are no positive whole numbers, and IndexError for a token outside the table.

    Bengio, Y. et al. (2003). A neural probabilistic language model. JMLR 3.

    >>> letters = Embedding(26, 3, seed=0)
    >>> (letters(2) == letters.weights[2]).all(), len(letters.parameters())
    (np.True_, 78)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, *, seed: Seed = None) -> None:
        shape = whole_number(num_embeddings, "num_embeddings"), whole_number(embedding_dim, "embedding_dim")
        table = random_generator(seed).normal(size=shape)
        self.weights = [[Value(weight) for weight in row] for row in table.tolist()]
        self.label_parameters()

    def __call__(self, token: Any) -> ValueArray:
        """The row of a token, shape (embedding_dim,)."""
        return array([choose(token, column) for column in zip(*self.weights, strict=True)])

    def describe(self) -> str:
        """The number of tokens, and of numbers for each."""
        return f"{len(self.weights)} tokens -> {len(self.weights[0])}"
