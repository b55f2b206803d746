"""Which scalars of a level become one array operation. Nothing is written here: scalars go in, and groups come out.

    groups         scalars of one operation, and how they are lowered
    matrix_blocks  sums of products that are one matrix product
    look_ups       choices that are one look-up

May import: `ops`; `scalars` of this folder.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from tinygrad_edu.ops import Op
from tinygrad_edu.replay.scalars import ScalarGraph, Sum

__all__ = ["Block", "Group", "LookUp", "Variation", "groups", "look_ups", "matrix_blocks"]


class Group(NamedTuple):
    """Scalars of one operation."""

    way: str  # how they are lowered: "sums", "elementwise", or what the declaration says of its form on arrays
    operation: Op
    scalars: list[int]


def groups(level: Sequence[int], graph: ScalarGraph, sums: Mapping[int, Sum]) -> list[Group]:
    """The scalars of a level by what they have in common, which includes whether they vary with the examples."""
    found: dict[Any, Group] = {}
    for scalar in level:
        operation = graph.operations[scalar]
        assert operation is not None
        kind: tuple[Any, ...]
        if scalar in sums:
            way, kind = "sums", ()
        elif operation.on_arrays:  # then one array operation may compute those of any number of inputs
            way, kind = operation.on_arrays[0], (operation.method, operation.settings)
        else:
            way, kind = "elementwise", (operation.method, operation.settings, len(graph.inputs[scalar]))
        group = found.setdefault((way, kind, graph.varies[scalar]), Group(way, operation, []))
        group.scalars.append(scalar)
    return list(found.values())


# Matrix products ------------------------------------------------------------------------------------------


class Variation(IntEnum):
    """What a scalar varies with. Of the two factors of a product, the one with the lower number is the weight."""

    PARAMETERS = 0
    NOTHING = 1  # a constant: a value beside a parameter, a weight beside what varies with the examples
    EXAMPLES = 2


class Block(NamedTuple):
    """Sums that are one matrix product: each row of weights with each column of values."""

    weights: list[tuple[int, ...]]
    values: list[tuple[int, ...]]
    scalars: list[int]  # those of the first row of weights, then those of the second, ...


def matrix_blocks(
    scalars: Sequence[int], sums: Mapping[int, Sum], variation: Sequence[int]
) -> tuple[list[Block], list[int]]:
    """The blocks among some sums, and the sums that belong to none; `variation` has a `Variation` for each scalar."""
    by_values: dict[Any, dict[tuple[int, ...], int]] = {}  # by values and number of addends: a scalar for each weights
    others: list[int] = []
    for scalar in scalars:
        factors = _factors(sums[scalar], variation)
        if factors is None:
            others.append(scalar)
            continue
        weights, values = factors
        row = by_values.setdefault((values, len(sums[scalar].addends)), {})
        if weights in row:  # the same product, with other addends
            others.append(scalar)
        else:
            row[weights] = scalar
    blocks, lone = _without_lone_products(_blocks(by_values))
    return blocks, sorted(others + lone)


def _factors(products: Sum, variation: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The factors that are the same for all examples, and those that vary; None where a product has two of a kind.

    A constant may stand with what varies, as the zeros do that a convolution is padded with.
    """
    left, right = products.left, products.right
    of_left, of_right = (bytes(map(variation.__getitem__, side)) for side in (left, right))
    if Variation.EXAMPLES not in of_left + of_right or any(map(operator.eq, of_left, of_right)):
        return None
    if max(of_left) < min(of_right):  # nearly always the weights stand on one side
        return left, right
    if max(of_right) < min(of_left):
        return right, left
    pairs = zip(left, right, map(operator.lt, of_left, of_right), strict=True)
    weights, values = zip(*[(a, b) if is_first else (b, a) for a, b, is_first in pairs], strict=True)
    return weights, values


def _blocks(by_values: Mapping[Any, Mapping[tuple[int, ...], int]]) -> list[Block]:
    """Columns of values that meet the same rows of weights, each as one block.

    The rows are in the order of the parameters, however they were called for: so a matrix of them is found where it is.
    """
    by_weights: dict[Any, list[tuple[tuple[int, ...], Mapping[tuple[int, ...], int]]]] = {}
    for (values, addends), row in by_values.items():
        by_weights.setdefault((tuple(sorted(row)), addends), []).append((values, row))
    return [
        Block(list(weights), [values for values, _ in columns], [row[w] for w in weights for _, row in columns])
        for (weights, _), columns in by_weights.items()
    ]


def _without_lone_products(blocks: list[Block]) -> tuple[list[Block], list[int]]:
    """Blocks of one row and one column are left out where there are more than two of them.

    Each would be a call of its own. The products of all of them, and the sums of runs of these, are two calls.
    """
    lone = [block.scalars[0] for block in blocks if len(block.scalars) == 1]
    if len(lone) <= 2:
        return blocks, []
    return [block for block in blocks if len(block.scalars) > 1], lone


# Look-ups -------------------------------------------------------------------------------------------------


class LookUp(NamedTuple):
    """Choices that are one look-up: each index in its own column or, where the columns are a table, in all of them."""

    indices: list[int]
    columns: list[tuple[int, ...]]  # the options, of the same number in each
    own: bool
    scalars: list[int]


def look_ups(scalars: Sequence[int], inputs: Sequence[tuple[int, ...]]) -> list[LookUp]:
    """Choices from one table as one look-up for all its indices, and the others as one for each number of options."""
    chosen: dict[tuple[int, int], list[int]] = {}  # by index and number of inputs: what chooses from one table
    for scalar in scalars:
        chosen.setdefault((inputs[scalar][0], len(inputs[scalar])), []).append(scalar)
    tables: dict[Any, list[tuple[int, int]]] = {}
    for key, choices in chosen.items():
        tables.setdefault(tuple([inputs[k][1:] for k in choices]), []).append(key)
    shared: list[LookUp] = []
    alone: dict[int, LookUp] = {}
    for table, keys in tables.items():
        choices = [k for key in keys for k in chosen[key]]
        if len(keys) > 1:
            shared.append(LookUp([index for index, _ in keys], list(table), False, choices))
        else:
            look_up = alone.setdefault(len(table[0]), LookUp([], [], True, []))
            look_up.indices.extend([keys[0][0]] * len(choices))
            look_up.columns.extend(table)
            look_up.scalars.extend(choices)
    return [*shared, *alone.values()]
