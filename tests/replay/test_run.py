"""Programs run: what they are given, what they keep, and what they hand out."""

from __future__ import annotations

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from replay.comparing import penalized_network

from tinygrad_edu import MLP, RecordingError, Value, dot, fsum, ops, record
from tinygrad_edu.modes import noise
from tinygrad_edu.nn.regularizers import Dropout
from tinygrad_edu.replay.costs import ALWAYS
from tinygrad_edu.replay.run import BATCH_SIZES_KEPT, Program
from tinygrad_edu.replay.scalars import ScalarGraph

W = Value(1.5, "w")


@pytest.mark.parametrize(
    "theta", [np.ones(11), np.ones(13), np.ones((12, 1)), np.ones((3, 4)), np.ones(0), np.ones(())]
)
def test_a_program_looks_at_no_theta_of_another_size(theta: Any) -> None:
    weights = [[Value(0.1 * (i + j)) for j in range(4)] for i in range(3)]
    program = record(lambda x: [dot(row, x) for row in weights], (4,), [w for row in weights for w in row])
    program._theta = theta
    with pytest.raises(ValueError, match=r"theta has one number for each parameter, shape \(12,\)"):
        program(np.ones((2, 4)))


def test_what_the_caller_gives_is_never_written_to() -> None:
    model = MLP(2, [3, 1], seed=0)
    program = record(lambda x: model(x)[0], (2,), model.parameters())
    inputs = np.ones((4, 2))
    inputs.flags.writeable = False
    first = program(inputs)
    kept = first.copy()
    program.value_and_grad(inputs * 2)
    np.testing.assert_array_equal(first, kept)
    _, gradient = program.value_and_grad(inputs)
    kept = gradient.copy()
    program.value_and_grad(inputs * 3)
    np.testing.assert_array_equal(gradient, kept)


def test_theta_is_read_and_written_back() -> None:
    w = Value(2.0)
    program = record(lambda x: x * w, ((),), [w])
    program.theta -= 1.0
    assert w.data == 2.0
    assert program(np.ones(1)) == 1.0
    program.write_parameters()
    assert w.data == 1.0
    w.data = 5.0
    program.read_parameters()
    assert program(np.ones(1)) == 5.0


def test_a_list_of_outputs_has_values_but_no_gradient() -> None:
    model = MLP(2, [3, 4], seed=0)
    program = record(model, (2,), model.parameters())
    row = [0.5, -1.0]
    np.testing.assert_allclose(program(np.array([row]))[0], [v.data for v in model(row)], rtol=1e-12)
    with pytest.raises(RecordingError, match="returns one number"):
        program.value_and_grad(np.array([row]))
    with pytest.raises(RecordingError, match="no number"):
        record(lambda x: [], ((),), [])


def test_dropout_draws_afresh_at_every_run() -> None:
    dropout = Dropout(0.5, seed=0)
    program = record(lambda x: fsum(dropout(list(x))), (8,), [])
    results = [program(np.ones((1, 8)))[0] for _ in range(20)]
    assert len(set(results)) > 3
    assert set(results) <= {2.0 * k for k in range(9)}
    dropout.eval()
    evaluated = record(lambda x: fsum(dropout(list(x))), (8,), [])
    assert evaluated(np.ones((1, 8))) == 8.0


def test_nothing_leaks_over_many_calls() -> None:
    model = MLP(2, [4, 1], seed=0)
    program = record(lambda x: model(x)[0], (2,), model.parameters())

    def many_calls() -> int:
        for size in range(1, 40):
            program.value_and_grad(np.ones((size, 2)))
        for _ in range(2000):
            program.value_and_grad(np.ones((3, 2)))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first, second = many_calls(), many_calls()
    finally:
        tracemalloc.stop()
    assert second - first < 20_000


def test_buffers_are_kept_for_the_last_eight_batch_sizes() -> None:
    program = record(lambda x: x * W, ((),), [W])
    for size in range(1, 12):
        np.testing.assert_array_equal(program(np.ones(size)), np.full(size, 1.5))
        assert len(program._bound) == min(size, 8)
    assert [bound.batch for bound in program._bound.values()] == [4, 5, 6, 7, 8, 9, 10, 11]


def test_a_twin_draws_the_same_noise_unless_it_is_given_other() -> None:
    program = record(lambda x: x * W + noise(lambda: 0.25), ((),), [W])
    program.noises = [lambda: 0.5]
    assert program.twin(np.array([2.0]))(np.array([1.0, 2.0])).tolist() == [2.5, 4.5]
    given = program.twin(np.array([2.0]), [lambda: 8.0])
    assert given(np.array([1.0])).tolist() == [10.0]
    assert program(np.array([1.0])).tolist() == [2.0]


def error_program() -> Program:
    """(w x - y)² for w = 3."""
    x, y, w = Value(0.0), Value(0.0), Value(3.0)
    graph = ScalarGraph([x, y], [w])
    error = (w * x - y) ** 2.0
    graph.include([error], joined=Value.apply(ops.fsum, [error]))
    return Program(graph, [(), ()], [w], [], returns_one=True)


def test_values_means_and_gradients_by_hand() -> None:
    program, x, y = error_program(), np.array([1.0, 2.0]), np.array([1.0, 1.0])
    np.testing.assert_array_equal(program(x, y), [4.0, 25.0])
    mean, gradient = program.value_and_grad(x, y)
    assert (mean, gradient.tolist()) == (14.5, [(2.0 * 2.0 * 1.0 + 2.0 * 5.0 * 2.0) / 2.0])
    values, gradient = program.values_and_grad(x, y)
    assert (values.tolist(), gradient.tolist()) == ([4.0, 25.0], [12.0])
    assert program(x[:0], y[:0]).shape == (0,)


def test_a_twin_has_parameters_and_arrays_of_its_own() -> None:
    program = error_program()
    twin = program.twin(np.array([1.0]))
    one = np.ones(1)
    assert (program(one, one).item(), twin(one, one).item(), program(one, one).item()) == (4.0, 0.0, 4.0)
    assert twin.theta is not program.theta


def test_a_program_is_bound_once_for_each_batch_size() -> None:
    program = error_program()
    for size in (1, 2, 1, 2):
        program(np.ones(size), np.ones(size))
    assert [bound.batch for bound in program._bound.values()] == [1, 2]
    assert BATCH_SIZES_KEPT == 8


def test_eight_threads_may_share_a_program() -> None:
    program = error_program()
    x = np.arange(64.0)

    def run(k: int) -> bool:
        y = np.full(64, float(k))
        return all(np.array_equal(program(x, y), (3.0 * x - y) ** 2) for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(8)))


# The gradient in an array of the caller's -----------------------------------------------------------------


def test_the_gradient_is_written_to_out_and_is_out() -> None:
    program, x, y = error_program(), np.array([1.0, 2.0]), np.array([0.0, 5.0])
    mean, gradient = program.value_and_grad(x, y)
    out = np.full_like(program.theta, np.nan)
    for _ in range(2):
        again, handed_back = program.value_and_grad(x, y, out=out)
        assert handed_back is out
        assert again == mean
        np.testing.assert_array_equal(out, gradient)


def test_what_was_handed_out_is_not_written_to_later() -> None:
    program = error_program()
    values = program(np.array([1.0]), np.array([2.0]))
    mean, gradient = program.value_and_grad(np.array([1.0]), np.array([2.0]))
    before = values.copy(), mean, gradient.copy()
    out = np.empty_like(program.theta)
    program.value_and_grad(np.array([7.0]), np.array([-3.0]), out=out)
    program(np.array([7.0]), np.array([-3.0]))
    np.testing.assert_array_equal(values, before[0])
    assert mean == before[1]
    np.testing.assert_array_equal(gradient, before[2])
    assert not np.shares_memory(out, gradient)


def test_out_may_lie_apart_and_may_even_be_the_data_or_the_parameters() -> None:
    """It is written when everything was read."""
    program, x, y = error_program(), np.array([1.0, 2.0]), np.array([0.0, 5.0])
    _, gradient = program.value_and_grad(x, y)
    wide = np.zeros((len(gradient), 2))
    program.value_and_grad(x, y, out=wide[:, 1])
    np.testing.assert_array_equal(wide, np.column_stack([np.zeros_like(gradient), gradient]))
    program.value_and_grad(x, y, out=program.theta)
    np.testing.assert_array_equal(program.theta, gradient)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ([0.0], TypeError, "not list"),
        (np.zeros(1, dtype=np.float32), TypeError, "not an array of float32"),
        (np.zeros(2), ValueError, r"not one of shape \(2,\)"),
        (np.broadcast_to(0.0, (1,)), ValueError, "read-only"),
    ],
)
def test_an_out_that_cannot_hold_the_gradient_is_refused(out: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        error_program().value_and_grad(np.array([1.0]), np.array([1.0]), out=out)


def test_a_program_is_compared_in_each_way_it_runs_and_a_long_one_runs_on_arrays_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = Value(0.9)

    def chain(x: Any) -> Any:
        for _ in range(40):
            x = (w * x).sin()
        return x

    program = record(chain, ((),), [w])
    (on_arrays, every), (by_line, few) = program.twins(np.array([0.9]))
    assert (on_arrays.by_line, on_arrays.tangles, every) == (0, {}, None)
    assert by_line.by_line == few == program.by_line > 0
    monkeypatch.setattr("tinygrad_edu.replay.run._LONG", 80)
    long = record(chain, ((),), [w])
    assert long.by_line == 0
    assert [most for _, most in long.twins(np.array([0.9]))] == [None]
    native = record(chain, ((),), [w], native=True)
    assert [most for _, most in native.twins(np.array([0.9]))] == [None, native.by_line]
    assert native.by_line > 0


def test_a_program_with_tangles_is_compared_with_them_and_without() -> None:
    program = penalized_network()
    assert (program.by_line, list(program.tangles)) == (0, [True, False])
    twins = program.twins(program.theta)
    assert [most for _, most in twins] == [None, 1, ALWAYS]
    assert [twin.tangles for twin, _ in twins] == [{}, *[{k: program.tangles[k]} for k in (True, False)]]
    assert program.twin(program.theta.astype(np.float32)).tangles == {}


def test_tables_are_taken_for_the_arrays_that_they_hold():
    """Such as those of pandas, which have a shape, and no dtype of their own; also when that shape was seen before."""

    class Table:
        def __init__(self, numbers):
            self.numbers, self.shape = numbers, numbers.shape

        def __array__(self, dtype=None, copy=None):
            return np.array(self.numbers, dtype)

    w = Value(2.0)
    program = record(lambda x, y: (w * x[0] - y) ** 2, ((1,), ()), [w])
    X, y = np.array([[1.0], [2.0]]), np.array([1.0, 3.0])
    wanted = program.value_and_grad(X, y)
    for given in (X, y), (Table(X), Table(y)), (Table(X.astype(int)), y.astype(int)):
        mean, gradient = program.value_and_grad(*given)
        assert (mean, *gradient) == (wanted[0], *wanted[1]) == (1.0, 3.0)
