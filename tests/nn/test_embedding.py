"""Embedding: the rows of a table, and where the gradient of one arrives."""

import numpy as np
import pytest

from tinygrad_edu import Value, as_value, fsum
from tinygrad_edu.nn import Embedding


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def test_an_embedding_returns_the_rows_of_its_own_table():
    table = Embedding(5, 3, seed=0)
    assert all(a is b for a, b in zip(table(4), table.weights[4], strict=True))
    assert table.parameters()[3].label == "weights.1.0"
    assert numbers(Embedding(200, 5, seed=0).weights).std() == pytest.approx(1.0, abs=0.1)


def test_the_gradient_of_an_embedding_reaches_the_rows_that_were_looked_up():
    table = Embedding(3, 2, seed=0)
    fsum([*table(1), *table(1), *table(Value(2.0))]).backward()
    assert [[value.grad for value in row] for row in table.weights] == [[0.0, 0.0], [2.0, 2.0], [1.0, 1.0]]


@pytest.mark.parametrize("token", [-1, 3, 0.5, float("nan")])
def test_a_token_outside_the_table_is_an_error(token):
    with pytest.raises(IndexError, match="choose needs a whole number from 0 to 2"):
        Embedding(3, 2)(token)


def test_a_token_may_be_a_computed_value():
    table = Embedding(4, 2, seed=0)
    row = table(Value(1.0) + 2.0)
    assert [value.data for value in row] == [value.data for value in table.weights[3]]


def test_the_same_seed_gives_the_same_table():
    assert Embedding(3, 2, seed=5).state_dict() == Embedding(3, 2, seed=5).state_dict()
    generator = np.random.default_rng(5)
    expected = generator.normal(size=(3, 2))
    np.testing.assert_array_equal(numbers(Embedding(3, 2, seed=5).weights), expected)


@pytest.mark.parametrize(("sizes", "named"), [((0, 3), "num_embeddings"), ((3, -1), "embedding_dim")])
def test_sizes_are_positive(sizes, named):
    with pytest.raises(ValueError, match=f"{named} should be a whole number of at least 1"):
        Embedding(*sizes)


def test_it_describes_itself():
    assert repr(Embedding(26, 3)) == "Embedding(26 tokens -> 3; 78 parameters)"
