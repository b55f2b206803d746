"""Where arrays live: inside others, over others, and what is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf

from tinygrad_edu import MLP, Value, fsum, record, where
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.indices import Grid, Index
from tinygrad_edu.replay.memory import Part, Plan, planned
from tinygrad_edu.replay.products import MatMul
from tinygrad_edu.replay.rows import Assemble

LOW, HIGH, EVEN, ODD, ALL = slice(0, 2, 1), slice(2, 4, 1), slice(0, 4, 2), slice(1, 4, 2), slice(0, 4, 1)


@pytest.fixture
def builder() -> Builder:
    return Builder()


def plan_of(builder: Builder, *kept: Var) -> Plan:
    return planned(builder.written, set(kept))


def assembled(builder: Builder, *parts: tuple[Index, Var], added: bool = False, clears: bool = False) -> Var:
    """An array of four rows; of two parts, the second one may be added."""
    indices = tuple([(index, added and k > 0) for k, (index, _) in enumerate(parts)])
    return builder.write(Assemble(4, True, indices, clears), [var for _, var in parts], 4, True)


def test_what_is_given_is_given_and_a_view_is_where_its_operand_is(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    view, copy, own = builder.rows(x, LOW), builder.rows(x, np.array([3, 0])), x.builder.exp(x)
    plan = plan_of(builder, view, copy, own)
    assert [plan.home(var) for var in (x, view, copy, own)] == ["given", "view", "own", "own"]


def test_parts_are_computed_inside_the_whole(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    a, b = builder.exp(x), builder.sin(x)
    whole = assembled(builder, (LOW, a), (HIGH, b))
    plan = plan_of(builder, whole)
    assert plan.inside == {a: Part(whole, 0), b: Part(whole, 1)}
    assert (plan.home(a), plan.home(whole)) == ("inside", "own")
    assert plan.inside[b].rows == HIGH


def test_a_part_may_be_read_elsewhere_where_nothing_is_added_to_it(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    a, b = builder.exp(x), builder.sin(x)
    whole = assembled(builder, (LOW, a), (HIGH, b))
    assert plan_of(builder, whole, builder.cos(a)).inside == {a: Part(whole, 0), b: Part(whole, 1)}
    c = builder.tan(x)
    assert c not in plan_of(builder, assembled(builder, (LOW, c), (LOW, b), added=True), builder.cos(c)).inside


def test_nothing_is_added_to_a_part_that_is_not_written_anew_or_has_a_part_that_is_read_elsewhere(
    builder: Builder,
) -> None:
    """What was added at one run would still be there at the next one, or be read as if it were the part."""
    x, more = leaf(builder, "x", 2), builder.exp(leaf(builder, "y", 4))
    a, b = builder.exp(x), builder.sin(x)
    partial, shared = assembled(builder, (HIGH, a)), assembled(builder, (LOW, b), (HIGH, builder.tan(x)))
    around = assembled(builder, (ALL, assembled(builder, (LOW, builder.log(x)))))
    alone = assembled(builder, (LOW, builder.log1p(x)), (HIGH, builder.expm1(x)))
    sums = [assembled(builder, (ALL, part), (ALL, more), added=True) for part in (partial, shared, around, alone)]
    plan = plan_of(builder, *sums, b * 3.0)
    assert [plan.home(part) for part in (partial, shared, around, alone)] == ["own", "own", "own", "inside"]
    assert plan_of(builder, *sums, alone).home(alone) == "own"


def test_a_gradient_is_the_same_at_every_run_though_some_of_a_part_of_it_gets_nothing() -> None:
    """Two of the four sums are only compared, so nothing is handed back to them; other uses add to their rows."""
    weights = [Value(0.1 * k + 0.3) for k in range(5)]

    def penalty(x: Any) -> Value:
        squashed = [(number * weight).tanh() for number, weight in zip(x, weights, strict=True)]
        first = [number.exp() for number in squashed[:4]]
        moved = [number + given.exp().exp() for number, given in zip(squashed[:4], x[:4], strict=True)]
        chosen = [where(number > 0.5, 1.0, 2.0) for number in moved[2:]]
        return fsum([*first, moved[0].sin(), moved[1].sin(), *chosen, squashed[4]])

    program = record(penalty, (5,), weights)
    x = np.random.default_rng(0).normal(size=(64, 5))
    z, slope = x * program.theta, np.cos(np.tanh(x * program.theta) + np.exp(np.exp(x)))
    slope[:, 2:] = 0.0
    slope[:, :4] += np.exp(np.tanh(z[:, :4]))
    slope[:, 4] = 1.0
    expected = (slope * (1.0 - np.tanh(z) ** 2) * x).mean(axis=0)
    for _ in range(3):
        np.testing.assert_allclose(program.value_and_grad(x)[1], expected, rtol=1e-12)


def test_a_part_of_two_arrays_or_of_two_places_is_inside_one(builder: Builder) -> None:
    a = builder.exp(leaf(builder, "x", 2))
    first = assembled(builder, (LOW, a), (HIGH, a))
    second = assembled(builder, (EVEN, a), (ODD, builder.sin(a)))
    plan = plan_of(builder, first, second)
    assert plan.inside[a] == Part(first, 0)
    assert [plan.is_inside(a, whole, number) for whole, number in ((first, 0), (first, 1), (second, 0))] == [
        True, False, False,
    ]  # fmt: skip


def test_data_are_copied_into_the_larger_array_that_they_are_a_part_of(builder: Builder) -> None:
    """A layer's inputs and the 1 that its biases are for; beside what is computed, the numbers lie the other way."""
    data, one = leaf(builder, "x0", 2), builder.per_example(builder.constants([1.0, 1.0]))
    extended, mixed = assembled(builder, (LOW, data), (HIGH, one)), assembled(builder, (LOW, data), (HIGH, data + 1.0))
    plan = plan_of(builder, extended, mixed)
    assert plan.inside[data] == Part(extended, 0)
    assert (plan.holds_data(extended), plan.holds_data(data), plan.holds_data(mixed)) == (True, True, False)


def test_parts_that_are_added_given_or_views_are_copied(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    a = builder.exp(leaf(builder, "y", 2))
    assert plan_of(builder, assembled(builder, (LOW, builder.rows(x, LOW)), (LOW, a), added=True)).inside == {}


def test_parts_whose_rows_are_no_view_or_begin_as_zeros_are_copied(builder: Builder) -> None:
    a, b = builder.exp(leaf(builder, "x", 2)), builder.sin(leaf(builder, "x", 2))
    cleared = assembled(builder, (LOW, a), (slice(1, 3, 1), b), added=True, clears=True)
    assert plan_of(builder, cleared).inside == {}
    by_number = assembled(builder, (np.array([0, 3]), a), (slice(1, 3, 1), b))
    assert list(plan_of(builder, by_number).inside) == [b]


def test_truth_values_have_another_kind_of_memory(builder: Builder) -> None:
    truth = leaf(builder, "x", 2) > 0.0
    assert plan_of(builder, assembled(builder, (LOW, truth), (HIGH, truth))).inside == {}


@pytest.mark.parametrize(("index", "inside"), [(LOW, True), (None, True), (EVEN, False), (Grid(0, 2, 2, 1, 1), True)])
def test_a_product_regroups_its_rows_so_they_must_lie_side_by_side(
    builder: Builder, index: Index, inside: bool
) -> None:
    w, x = leaf(builder, "w", 4, batched=False), leaf(builder, "x", 2)
    product = builder.write(MatMul(2, False, 2, False), [w, x], 2, True)
    assert (product in plan_of(builder, assembled(builder, (index, product))).inside) is inside


def test_a_product_may_be_inside_what_is_inside_another(builder: Builder) -> None:
    w, x = leaf(builder, "w", 4, batched=False), leaf(builder, "x", 2)
    product = builder.write(MatMul(2, False, 2, False), [w, x], 2, True)
    inner = builder.write(Assemble(2, True, ((slice(0, 2, 1), False),), False), [product], 2, True)
    together = assembled(builder, (LOW, inner), (HIGH, builder.exp(x)))
    plan = plan_of(builder, together)
    assert plan.inside[product] == Part(inner, 0)
    assert plan.inside[inner] == Part(together, 0)


def test_inside_rows_that_lie_apart_a_product_does_not_lie_side_by_side(builder: Builder) -> None:
    w, x = leaf(builder, "w", 4, batched=False), leaf(builder, "x", 2)
    product = builder.write(MatMul(2, False, 2, False), [w, x], 2, True)
    inner = builder.write(Assemble(2, True, ((slice(0, 2, 1), False),), False), [product], 2, True)
    plan = plan_of(builder, assembled(builder, (EVEN, inner), (ODD, builder.exp(x))))
    assert (plan.home(inner), plan.home(product)) == ("inside", "own")


def test_better_numbers_are_written_over_the_plain_ones(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    plain = x * x
    better = builder.prefer(plain, x < 1.0, lambda m, a: a, x)
    plan = plan_of(builder, better)
    assert plan.over == {better: plain}
    assert (plan.home(plain), plan.home(better)) == ("own", "over")


def test_plain_numbers_that_are_read_elsewhere_kept_or_given_stay_as_they_are(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    plain = x * x
    better = builder.prefer(plain, x < 1.0, lambda m, a: a, x)
    assert plan_of(builder, better, plain).over == {}
    raised = builder.exp(plain)
    assert plan_of(builder, better, raised).over == {raised: plain}
    builder.prefer(x, x < 1.0, lambda m, a: a, x)
    assert x not in set(plan_of(builder).over.values())


def test_better_numbers_that_are_a_part_are_written_there(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    better = builder.prefer(x * x, x < 1.0, lambda m, a: a, x)
    plan = plan_of(builder, assembled(builder, (LOW, better)))
    assert (plan.home(better), plan.over) == ("inside", {})


def test_what_depends_on_constants_and_the_seed_alone_is_computed_once(builder: Builder) -> None:
    x, seed, constants = leaf(builder, "x", 2), leaf(builder, "seed"), builder.constants([1.0, 2.0])
    once, often = constants * seed, constants * x
    plan = plan_of(builder, once, often)
    assert plan.once == {seed, constants, once}


def test_what_is_computed_inside_a_larger_array_is_computed_each_time(builder: Builder) -> None:
    """Another part may be added to it there."""
    part = builder.constants([1.0, 2.0]) * leaf(builder, "seed")
    whole = assembled(builder, (LOW, part), (LOW, leaf(builder, "x", 2)), added=True)
    plan = plan_of(builder, whole)
    assert plan.home(part) == "inside"
    assert part not in plan.once
    assert whole not in plan.once


def test_plain_numbers_that_are_computed_once_are_not_written_over(builder: Builder) -> None:
    x, constants = leaf(builder, "x", 2), builder.constants([1.0, 2.0])
    better = builder.prefer(constants * constants, x < 1.0, lambda m, a: a, x)
    assert plan_of(builder, better).over == {}


def test_an_array_is_written_over_an_operand_that_is_read_for_the_last_time(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    a = x * 2.0
    b = a + x
    c = builder.maximum(b, 0.0)
    d = c * b  # b is read again, so c has memory of its own
    over = plan_of(builder, d).over
    assert (over.keys(), over[b], over[d]) == ({b, d}, a, a)
    assert plan_of(builder, d, a).over.keys() == {d}


def test_an_array_that_is_read_no_more_gives_its_memory_to_one_of_its_kind(builder: Builder) -> None:
    x, y = leaf(builder, "x", 2), leaf(builder, "y", 3)
    a = builder.exp(x)
    longer = builder.exp(y)
    total = builder.segment_sum(a, (2,))
    b = builder.sin(x)
    plan = plan_of(builder, longer, total, b)
    assert plan.over == {b: a}


def test_memory_that_is_read_as_a_view_is_in_use(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    a = builder.exp(x)
    view = builder.rows(a, LOW)
    b = builder.sin(x)
    kept = view + builder.rows(b, LOW)
    assert plan_of(builder, kept).over == {}
    other = builder.cos(x)
    assert plan_of(builder, view, kept, other).over == {other: b}


@pytest.mark.parametrize("kind", ["where", "power", "prefer"])
def test_what_an_instruction_reads_after_it_has_begun_to_write_is_not_written_over(builder: Builder, kind: str) -> None:
    x = leaf(builder, "x", 2)
    a, good = builder.exp(x), x > 0.0
    if kind == "prefer":
        result = builder.prefer(x, good, lambda m, b: b, a)
    else:
        result = builder.where(good, x, a) if kind == "where" else builder.elementwise("power", a, 0.5)
    assert plan_of(builder, result).over == {}


def test_relu_is_computed_in_the_place_of_what_it_is_given_because_its_slope_needs_only_the_result() -> None:
    model = MLP(2, [3, 1], "relu", seed=0)
    program = record(lambda x: model(x)[0].relu(), (2,), model.parameters())
    *_, product, largest = program.instructions.forward
    assert isinstance(product.instruction, MatMul)
    assert program._plan.over[largest] is product
