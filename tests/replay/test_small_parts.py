"""The small parts of a recording, one by one: examples that are made, numbers that are near, sums that are gathered."""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Programs, RecordingError, Value, choose, detect_anomaly, dot, fsum, no_grad, ops, record
from tinygrad_edu.modes import noise
from tinygrad_edu.replay import agreement, programs
from tinygrad_edu.replay.agreement import WORK, EagerRun, _moved, _near, made_inputs
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.scalars import ScalarGraph, Sum

INF, NAN = math.inf, math.nan
W = Value(1.5, "w")


# Agreement ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "wanted", "tolerance", "near"),
    [
        (1.0, 1.0, 0.0, True),
        (1.0, 2.0, 1.0, True),
        (1.0, 2.0, 0.5, False),
        (2.0, 1.0, 0.5, False),
        (1.0, 2.0, NAN, True),
        (INF, NAN, 0.0, True),
        (INF, -INF, 0.0, False),
        (1.0, INF, 1.0, False),
        (NAN, 1.0, 1.0, False),
    ],
)
def test_what_is_near(ours: float, wanted: float, tolerance: float, near: bool) -> None:
    assert _near(ours, wanted, tolerance) is near


def test_other_parameters_are_others_of_about_the_same_size() -> None:
    theta = np.array([0.0, 1.0, -100.0, 1e-9, 3.0, 0.0, -0.5] * 40)
    moved = _moved(theta)
    away = np.abs(moved - theta)
    assert (away > 0.0).all()
    assert (away <= 0.2 * np.abs(theta) + 0.01).all()
    assert (moved > theta).any()
    assert (moved < theta).any()
    assert away[2::7].max() > 5.0
    assert away[0::7].max() > 0.005
    np.testing.assert_array_equal(moved, _moved(theta))
    assert np.isinf(_moved(np.array([INF, 1e308]))).any()


def test_how_sure_eager_code_can_be() -> None:
    x, y = Value(3.0), Value(-4.0)
    eager = EagerRun([-12.0], x * y, {})
    assert (eager.gradient([x, y, W]), eager.terms([x, W]), eager.rounding) == ([-4.0, 3.0, 0.0], [4.0, 0.0], 36.12)
    assert eager.sensitivity == pytest.approx(3.01)
    assert EagerRun([-12.0], x * y, {id(x): 6.0}).rounding == pytest.approx(48.12)
    assert EagerRun([0.0], x * y, {}).sensitivity == pytest.approx(36.12 / 1e-300)
    assert EagerRun([0.0], x * y * 1e20, {}).sensitivity == 0.0
    assert EagerRun([INF], x / 0.0, {}).rounding == 0.03


def test_made_examples_are_of_three_kinds_and_fewer_for_a_long_program() -> None:
    wide = made_inputs([(1000,), (), (2, 3)], {}, 0)
    assert [array.shape for array in wide] == [(3, 1000), (3,), (3, 2, 3)]
    sizes = np.abs(wide[0][0])
    assert sizes.max() > 10.0 > 0.1 > np.median(sizes) * 0.2
    assert (sizes < 0.01).sum() > 50
    assert sizes.max() < 100.0
    assert 0.3 < (wide[0][0] > 0.0).mean() < 0.7
    assert set(wide[0][1].tolist()) == {0.0, 1.0, -2.0, 3.0}
    assert 0.3 < (wide[0][1] == 0.0).mean() < 0.7
    assert (wide[0][1] == 1.0).mean() > 0.2
    assert wide[0][2].min() > 0.05
    assert 0.9 < wide[0][2].max() < 0.95
    for edges, count in ((0, 3), (WORK // 3 - 1, 3), (WORK // 3, 2), (WORK // 2 - 1, 2), (WORK // 2, 1), (10**9, 1)):
        assert len(made_inputs([()], {}, edges)[0]) == count
    assert made_inputs([], {}, 0) == []
    chosen = made_inputs([(), (60,)], dict.fromkeys(range(1, 61), 4) | {0: 1}, 0)
    assert chosen[0].tolist() == [0.0, 0.0, 0.0]
    assert set(chosen[1].ravel().tolist()) == {0.0, 1.0, 2.0, 3.0}


def test_without_parameters_nothing_is_compared_with_others() -> None:
    seen: list[Any] = []
    record(lambda x: seen.append(x) or x * 2.0, ((),), [], check=(np.array([1.0, 2.0]),))
    assert len(seen) == 1 + 2


def differing(shapes: Any, check: Any, later: float = 7.0) -> str:
    """The words of a refusal of a function that answers otherwise when it is called again."""
    answers = iter([1.0])
    with pytest.raises(RecordingError) as caught:
        record(lambda *_: 1.5 * next(answers, later), shapes, [], check=check)
    return str(caught.value)


def test_the_example_is_written_out_where_it_is_short() -> None:
    assert "on the one example that there is the program gives 1.5 and the function 10.5" in differing((), None)
    row = np.array([[1.0, 0.123456789]])
    assert "on the example [1. , 0.123457], 2.0 the program" in differing((2, ()), (row, np.array([2.0])))
    assert "on the example [0., 1., 2., 3., 4., 5., 6., 7.] the" in differing((8,), (np.arange(8.0)[None],))
    assert "on the example [0., 1., 2., ..., 6., 7., 8.] the program" in differing((9,), (np.arange(9.0)[None],))
    matrix = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    assert "on the example [[1., 2.], [3., 4.]] the program" in differing(((2, 2),), (matrix,))


def test_a_difference_with_other_parameters_alone_says_so() -> None:
    more = iter([0.0])
    with pytest.raises(RecordingError, match=r"on the example 2\.0, with other parameters, the program gives"):
        record(lambda x: x + W + next(more, 5.0), ((),), [W], check=([2.0],))


def test_recording_and_comparing_care_for_no_anomalies() -> None:
    """A made example may have no logarithm; that is nothing the user asked about."""
    with detect_anomaly():
        program = record(lambda x: (x * W).log(), ((),), [W])
        record(lambda: (W - 1.5).log(), (), [W])
    np.testing.assert_array_equal(program(np.array([-1.0])), [NAN])


# What may be looked up, and what chooses ------------------------------------------------------------------


def test_what_is_computed_from_the_example_alone_cannot_be_looked_up() -> None:
    for look_up in (
        lambda x: x * {1.0: 10.0}.get(x * 2.0, 1.0),
        lambda x: x * {1.0: 10.0}.get((x + 0.5) * Value(1.0), 1.0),
    ):
        with pytest.raises(RecordingError, match="looking it up in a dictionary or a set"):
            record(look_up, ((),), [W])
    names: dict[Any, float] = {}
    record(lambda x: x * names.get(x * W, 2.0) * names.get(Value(1.0), 2.0) * names.get(W, 2.0), ((),), [W])


def test_which_inputs_choose_and_among_how_many_options() -> None:
    options = [Value(float(k)) for k in range(5)]

    def function(x: Any, k: Any, pair: Any) -> Any:
        return choose(k, options) * x + choose(pair[0], options[:3]) + choose(1.0 - pair[1], options[:2])

    assert recorded(function, [(), (), (2,)], options).indices == {1: 5, 2: 3, 3: 2}
    twice = recorded(lambda k: choose(k, options) + choose(k, options[:3]), [()], options)
    assert twice.indices == {0: 3}
    made = recorded(lambda k: choose(k * 2.0, options), [()], options)
    assert made.indices == {0: 2}


def test_a_refusal_that_was_caught_is_raised_though_the_function_fails_later() -> None:
    def careless(x: Any) -> Any:
        try:
            return x if x > 0.0 else -x
        except RecordingError:
            raise ZeroDivisionError from None

    with pytest.raises(RecordingError, match="freeze") as caught:
        record(careless, ((),), [])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(RecordingError, match="freeze") as caught:
        record(lambda x: x if x > 0.0 else -x, ((),), [])
    assert caught.value.__cause__ is None


# Sums -----------------------------------------------------------------------------------------------------


def graph_of(output: Callable[..., Value]) -> tuple[ScalarGraph, dict[int, Sum]]:
    """The scalars of a function of one input, 0, and three parameters, 1 to 3."""
    leaves = [Value(2.0), Value(3.0), Value(5.0), Value(7.0)]
    graph = ScalarGraph(leaves[:1], leaves[1:])
    result = output(*leaves)
    graph.include([result], Value.apply(ops.fsum, [result]))
    return graph, graph.gather_sums()


def test_a_sum_is_gathered_from_two_products_or_three_terms_on() -> None:
    for function, sums in (
        (lambda x, a, b, c: a + b, {}),
        (lambda x, a, b, c: a * x + b, {}),
        (lambda x, a, b, c: a + b + c, {5: Sum((), (), (1, 2, 3))}),
        (lambda x, a, b, c: a + (b + c), {5: Sum((), (), (1, 2, 3))}),
        (lambda x, a, b, c: a * x + b * x, {6: Sum((1, 2), (0, 0), ())}),
        (lambda x, a, b, c: a * x + b + c, {6: Sum((1,), (0,), (2, 3))}),
        (lambda x, a, b, c: fsum([a]), {4: Sum((), (), (1,))}),
        (lambda x, a, b, c: dot([a], [x], b), {4: Sum((1,), (0,), (2,))}),
        (lambda x, a, b, c: dot([a], [x]), {5: Sum((1,), (0,), ())}),
    ):
        assert graph_of(function)[1] == sums


def test_a_sum_takes_in_what_only_it_uses() -> None:
    def shared(x: Any, a: Any, b: Any, c: Any) -> Any:
        product, total = a * x, a + b + c
        return product.tanh() + product + total + total.exp()

    graph, sums = graph_of(shared)
    assert sums == {8: Sum((), (), (1, 2, 3)), 11: Sum((), (), (5, 4, 8, 10))}
    assert graph.levels(sums) == [[4, 8], [5, 10], [11]]
    assert graph.recorded == 8


def test_what_is_multiplied_by_1_is_what_it_is() -> None:
    graph = ScalarGraph([Value(2.0)], [])
    one = graph.constant(1.0)
    assert graph.operation(ops.multiply, (0, one)) == 0
    assert graph.operation(ops.multiply, (one, 0)) == 0
    assert graph.operation(ops.multiply, (0, 0)) == 2
    assert graph.operation(ops.multiply, (0, 0)) == 2
    assert graph.varies == [True, False, True]
    assert ScalarGraph([Value(2.0)], [Value(3.0)]).varies == [True, False]
    assert (graph.constant(0.0), graph.constant(-0.0), graph.constant(0.0)) == (3, 4, 3)
    assert graph.constants == {1: 1.0, 3: 0.0, 4: 0.0}


# Products of one row and one column -----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_many_products_of_a_row_and_a_column_of_their_own_are_computed_together(count: int) -> None:
    w, x = np.arange(1.0, 2 * count + 1).reshape(count, 2) / 5, np.array([np.linspace(-1.0, 1.0, 2 * count)] * 3)
    x *= [[1.0], [0.5], [2.0]]
    weights = [[Value(number) for number in row] for row in w]
    flat = [v for row in weights for v in row]
    program = record(
        lambda x: fsum(dot(row, x[2 * k : 2 * k + 2]).tanh() for k, row in enumerate(weights)), (2 * count,), flat
    )
    forward = str(program).split("backward")[0]
    assert forward.count("@") == (count if count < 3 else 0)
    y = np.tanh(np.einsum("kj,bkj->bk", w, x.reshape(3, count, 2)))
    np.testing.assert_allclose(program(x), y.sum(axis=1), rtol=1e-13)
    by_hand = np.einsum("bk,bkj->kj", 1.0 - y**2, x.reshape(3, count, 2)) / 3
    np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand.ravel(), rtol=1e-12)


def test_two_indices_into_one_table_are_one_look_up() -> None:
    table = [[Value(float(3 * r + c)) for c in range(2)] for r in range(3)]
    flat = [v for row in table for v in row]
    program = record(lambda k: [choose(i, column) for i in k for column in zip(*table, strict=True)], (2,), flat)
    assert str(program).count("places of x0 among 3×2") == 1
    assert str(program).count("places of") == 1
    np.testing.assert_array_equal(program(np.array([[2, 0]])), [[6.0, 7.0, 0.0, 1.0]])


# Programs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2.5,), ("a",), (1, 0), (-1, 2), [1]])
def test_a_shape_has_whole_numbers_above_0(shape: Any) -> None:
    with pytest.raises(ValueError, match="a shape is"):
        record(lambda x: 1.0, (shape,), [])
    assert record(lambda x: x[0], (1,), [])(np.array([[2.0]])).tolist() == [2.0]
    assert record(lambda x: x[0][0], ((np.int64(1), 1),), [])(np.array([[[2.0]]])).tolist() == [2.0]


def test_garbage_is_collected_again_after_a_recording_but_not_while_it_lasts() -> None:
    enabled: list[bool] = []
    record(lambda x: enabled.append(gc.isenabled()) or x, ((),), [])
    assert enabled[0] is False
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        record(lambda x: 1 / 0, ((),), [])
    assert gc.isenabled()
    gc.disable()
    try:
        record(lambda x: x, ((),), [])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_buffers_are_kept_for_the_last_eight_batch_sizes() -> None:
    program = record(lambda x: x * W, ((),), [W])
    for size in range(1, 12):
        np.testing.assert_array_equal(program(np.ones(size)), np.full(size, 1.5))
        assert len(program._bound) == min(size, 8)
    assert [bound.batch for bound in program._bound.values()] == [4, 5, 6, 7, 8, 9, 10, 11]


def test_numbers_that_are_none_are_refused_at_every_call() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for kind in ("V8", complex, [("a", float)], "M8[s]", "U1"):
        program = record(lambda x: x * W, ((),), [W])
        for _ in range(2):
            with pytest.raises(TypeError, match="input 0 must hold real numbers, not"):
                program(np.zeros(2, kind))
    for kind in (bool, np.int8, np.uint16, np.float16, np.float32, ml_dtypes.bfloat16):
        program = record(lambda x: x * W, ((),), [W])
        np.testing.assert_array_equal(program(np.ones(2, kind)), [1.5, 1.5])
    with pytest.raises(TypeError, match="takes 1 arrays"):
        program()
    alone = record(lambda: W * 2.0, (), [W])
    for _ in range(2):
        assert alone().tolist() == [3.0]
        with pytest.raises(TypeError, match="takes 0 arrays"):
            alone(np.ones(1))


def test_a_theta_that_does_not_fit_is_refused_wherever_it_is_given() -> None:
    program = record(lambda x: x * W, ((),), [W])
    read_only = np.ones(1)
    read_only.flags.writeable = False
    for theta in (np.ones(2), np.ones(1, np.float32), [1.0]):
        with pytest.raises((TypeError, ValueError), match="theta"):
            program.twin(theta)
    with pytest.raises(ValueError, match="theta is shared"):
        record(lambda x: x * W, ((),), [W], theta=read_only)
    for kept in (0, -1):
        with pytest.raises(ValueError, match="at least one program"):
            Programs(lambda x: x * W, [W], kept=kept)
    one = Programs(lambda x: fsum(x) * W, [W], kept=1)
    assert [one(np.ones((1, n))).tolist() for n in (1, 2, 1)] == [[1.5], [3.0], [1.5]]


def test_parts_of_a_gradient_that_overlap_in_part_are_added_up_from_zeros() -> None:
    w, x = [Value(0.3 * k) for k in range(4)], np.array([[1.0, -2.0, 0.5], [0.5, 1.0, 2.0]])
    program = record(
        lambda x: (
            fsum((a * v).tanh() for a, v in zip(w[:3], x, strict=True))
            + fsum((a * v).exp() for a, v in zip(w[1:], x, strict=True))
        ),
        (3,),
        w,
    )
    numbers = 0.3 * np.arange(4.0)
    by_hand = np.zeros(4)
    by_hand[:3] += (x * (1.0 - np.tanh(numbers[:3] * x) ** 2)).mean(axis=0)
    by_hand[1:] += (x * np.exp(numbers[1:] * x)).mean(axis=0)
    for _ in range(2):
        np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand, rtol=1e-13)


def test_one_number_is_no_batch_and_one_array_no_tuple_of_them() -> None:
    program = record(lambda x: x * W, ((),), [W])
    with pytest.raises(ValueError, match=r"input 0 must have shape \(batch,\), the same batch for all, not \(\)"):
        program(1.0)
    with pytest.raises(ValueError, match=r"input 0 must have shape \(batch, 2, 3\), the same"):
        record(lambda x: x[0][0], ((2, 3),), [])(np.ones((2, 3)))
    with pytest.raises(TypeError, match="check is a tuple of 1 arrays"):
        record(lambda x: x * W, ((),), [W], check=np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"array 0 of check must have shape \(examples, 2, 3\), as many"):
        record(lambda x: x[0][0], ((2, 3),), [], check=(np.ones((2, 3)),))


def test_a_twin_draws_the_same_noise_unless_it_is_given_other() -> None:
    program = record(lambda x: x * W + noise(lambda: 0.25), ((),), [W])
    program.noises = [lambda: 0.5]
    assert program.twin(np.array([2.0]))(np.array([1.0, 2.0])).tolist() == [2.5, 4.5]
    given = program.twin(np.array([2.0]), [lambda: 8.0])
    assert given(np.array([1.0])).tolist() == [10.0]
    assert program(np.array([1.0])).tolist() == [2.0]


@pytest.mark.parametrize("params", [[], [W]])
def test_a_long_program_is_compared_once(params: list[Value], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (agreement, programs):
        monkeypatch.setattr(module, "WORK", 10)
    seen: list[Any] = []

    def long(x: Any) -> Any:
        seen.append(x)
        return fsum([x * float(k) * (W if params else 1.0) for k in range(2, 8)])

    record(long, ((),), params)
    assert len(seen) == 1 + 1
    seen.clear()
    record(long, ((),), params, check=([1.0, 2.0],))
    assert len(seen) == 1 + 2 + len(params)


def test_another_number_of_outputs_is_a_difference() -> None:
    counts = iter([2])
    with pytest.raises(RecordingError, match="the program gives 2 numbers and the function 3;"):
        record(lambda x: [x] * next(counts, 3), ((),), [])


def test_a_parameter_without_a_name_is_called_by_its_number() -> None:
    slope, params = iter([0.0, 0.0]), [Value(1.0, "a"), Value(1.5)]
    with pytest.raises(RecordingError, match=r"has, by parameter 1, the derivative 0\.0 and the function 5\.0"):
        record(lambda x: x + (params[1] - 1.5) * next(slope, 5.0), ((),), params, check=([2.0, 7.0],))


def test_of_two_refusals_the_first_is_raised() -> None:
    def careless(x: Any) -> Any:
        for ask in (float, bool):
            with contextlib.suppress(RecordingError):
                ask(x)
        return x

    with pytest.raises(RecordingError, match="compute with the Value itself"):
        record(careless, ((),), [])


def test_a_recording_records_where_nothing_else_is_recorded() -> None:
    with no_grad():
        program = record(lambda x: x * W, ((),), [W])
    np.testing.assert_array_equal(program.value_and_grad(np.array([2.0]))[1], [2.0])


def test_a_sum_that_is_an_output_is_no_part_of_another() -> None:
    a, b = Value(2.0), Value(3.0)

    def sums(x: Any) -> list[Any]:
        total, product = x + a + b, x * a
        return [total, total + x + a, product, product + b + x, dot([a, b], [x, x], total)]

    program = record(sums, ((),), [a, b])
    np.testing.assert_array_equal(program(np.array([1.0])), [[6.0, 9.0, 2.0, 6.0, 11.0]])
