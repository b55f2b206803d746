"""A program is compared with its function: what a recording cannot see shows in its effect, and is refused."""

from __future__ import annotations

import itertools
import math
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, Program, Programs, RecordingError, Value, detect_anomaly, dot, fsum, grad, record, where
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.modes import noise
from tinygrad_edu.nn.regularizers import Dropout
from tinygrad_edu.replay.agreement import EagerRun, Twins, _moved, _near, compare

INF, NAN = math.inf, math.nan


W = Value(1.5, "w")


def counting() -> Callable[[Any], Any]:
    calls = itertools.count(1)
    return lambda x: x * W * next(calls)


def averaging() -> Callable[[Any], Any]:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        seen.append(x)
        return W * x + len(seen)

    return function


def caching() -> Callable[[Any], Any]:
    """It computes something from a parameter once, and goes on using it when the parameter has changed."""
    kept: dict[str, Value] = {}
    return lambda x: x + kept.setdefault("twice", W * 2.0)


def alternating() -> Callable[[Any], Any]:
    scale = itertools.cycle([1.0, 2.0])
    return lambda x: where(x > 100.0, x, W * x * next(scale))


IMPURE: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "a counter": counting,
    "a list that grows": averaging,
    "what it computed before": caching,
    "another scale each time": alternating,
    "Python's random numbers": lambda: lambda x: x * W + random.random(),
    "NumPy's random numbers": lambda: lambda x: x * W * np.random.default_rng().normal(),
}


@pytest.mark.parametrize("name", IMPURE)
def test_a_function_with_a_state_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(
        RecordingError, match=r"differs from the function: on .* and the function|was kept and used later"
    ):
        record(IMPURE[name](), ((),), [W])
    assert (W.data, W.grad, type(W)) == (1.5, 0.0, Value)


def test_the_refusal_says_which_example_and_both_numbers() -> None:
    factor = iter([1.0, 1.0, 3.0])  # recorded, and both rows: it has no parameters
    with pytest.raises(RecordingError) as caught:
        record(lambda x: x * next(factor), ((),), [], check=(np.array([2.0, 7.0]),))
    assert "on the example 7.0 the program gives 7.0 and the function 21.0" in str(caught.value)


def test_a_difference_in_the_gradient_alone_is_found_and_named() -> None:
    slope = iter([0.0, 0.0, 0.0, 5.0, 0.0, 5.0])  # recorded, with other parameters, both rows, and both again

    def function(x: Any) -> Any:
        return x + (W - 1.5) * next(slope)

    with pytest.raises(RecordingError, match=r"has, by w, the derivative 0\.0 and the function 5\.0"):
        record(function, ((),), [W], check=(np.array([2.0, 7.0]),))


def test_the_examples_that_are_given_are_those_that_are_compared() -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        seen.append(x)
        return x * W

    given = np.array([3.0, 4.0, 5.0])
    assert record(function, ((),), [W], check=(given,))(given).tolist() == [4.5, 6.0, 7.5]
    assert len(seen) == 1 + 3 + 1  # recorded once, compared on each, and on one with other parameters


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (np.ones(3), TypeError),
        ((np.ones(3),), TypeError),
        ((np.ones((3, 2)), np.ones(2)), ValueError),
        ((np.ones((0, 2)), np.ones(0)), ValueError),
        ((np.ones((3, 3)), np.ones(3)), ValueError),
        ((1.0, 2.0), ValueError),
        ((np.ones((3, 2)), ["a", "b", "c"]), ValueError),
    ],
)
def test_examples_must_fit_the_shapes(check: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        record(lambda x, y: fsum(x) * y, (2, ()), [], check=check)


def test_a_function_that_takes_none_of_the_made_examples_asks_for_some() -> None:
    def particular(x: Any) -> Any:
        if len(calls) and calls.pop():
            return x
        raise ValueError("not this one")

    calls = [True]
    with pytest.raises(RecordingError, match=r"check=\(X, y\)"):
        record(particular, ((),), [])
    calls = [True]
    with pytest.raises(RecordingError, match="ValueError: not this one"):
        record(particular, ((),), [], check=(np.ones(1),))


def test_a_chaotic_function_is_no_reason_to_refuse() -> None:
    """After a hundred steps rounding has decided, in eager code as well."""
    r = Value(3.99, "r")

    def logistic(x: Any) -> Any:
        for _ in range(150):
            x = r * x * (1.0 - x).tanh().exp().log()
        return x

    record(logistic, ((),), [r], check=(np.array([0.2, 0.5, 0.7]),))


def test_what_cancels_is_no_reason_to_refuse() -> None:
    weights = [Value(1e8), Value(1.0), Value(-1e8)]
    record(lambda x: dot(weights, [x, x * 1e-3, x]), ((),), weights)


def test_noise_is_the_same_for_both_and_the_generator_stays_where_it_is() -> None:
    generator = np.random.default_rng(3)
    before = generator.bit_generator.state
    dropout = Dropout(0.5, seed=1)
    dropout_before = dropout.generator.bit_generator.state
    program = record(lambda x: W * x * noise(generator.random) + fsum(dropout([x, x, x])), ((),), [W])
    assert generator.bit_generator.state == before
    assert dropout.generator.bit_generator.state == dropout_before
    assert len(set(program(np.ones(8)))) == 8


def test_another_number_of_random_numbers_is_a_difference() -> None:
    generator = np.random.default_rng(0)
    counts = itertools.count(1)

    def function(x: Any) -> Any:
        return x + sum(noise(generator.random) for _ in range(next(counts)))

    with pytest.raises(RecordingError, match="draws 1 random numbers and the function 2"):
        record(function, ((),), [])


def test_constant_answers_are_programs_with_gradient_0() -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: 3.0,
        lambda x: Value(3.0),
        lambda x: True + 2,
        lambda x: np.float64(3.0),
        lambda x: Value(1.0) + 2.0,
        lambda x: fsum([]) + 3.0,
    ]
    for function in functions:
        program = record(function, ((),), [W])
        np.testing.assert_array_equal(program(np.zeros(4)), [3.0] * 4)
        mean, gradient = program.value_and_grad(np.zeros(4))
        assert (mean, gradient.tolist()) == (3.0, [0.0])
    np.testing.assert_array_equal(record(lambda x: [1.0, x], ((),), [])(np.array([5.0, 6.0])), [[1, 5], [1, 6]])
    for nothing in (None, "text", [None], {}, object()):
        with pytest.raises(RecordingError, match=r"must return a number|no number at all"):
            record(lambda x, nothing=nothing: nothing, ((),), [])


def test_conditions_are_combined_as_in_numpy_eagerly_and_recorded() -> None:
    def function(x: Any) -> Any:
        inside = (x > -1.0) & (x < 1.0)
        far = (x <= -3.0) | (x >= 3.0)
        return where(inside | far, x * W, where(~inside & (x != 2.0) & True, 10.0, 20.0))

    numbers = np.array([-5.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
    expected = [function(Value(number)).data for number in numbers]
    assert expected == [-7.5, 10.0, 10.0, 0.0, 0.75, 10.0, 20.0, 4.5]
    np.testing.assert_array_equal(record(function, ((),), [W])(numbers), expected)
    with pytest.raises(TypeError, match=r"unsupported operand type"):
        record(lambda x: where((x > 0) & x, x, 0.0), ((),), [])
    with pytest.raises(TypeError, match="~ is the opposite of a comparison"):
        record(lambda x: ~x, ((),), [])


UNFIT: dict[str, Any] = {
    "float32": np.zeros(5, np.float32),
    "too few": np.zeros(3),
    "too many": np.zeros(6),
    "a matrix": np.zeros((5, 1)),
    "a list": [0.0] * 5,
    "integers": np.zeros(5, int),
    "every second": np.zeros(10)[::2],
    "reversed": np.zeros(5)[::-1],
    "read-only": np.broadcast_to(0.0, 5),
    "None of them": np.zeros(0),
    "big-endian": np.zeros(5, ">f8"),
    "not aligned": np.zeros(41, np.uint8)[1:].view(np.float64),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_theta_that_cannot_be_shared_is_refused_before_anything_is_read(name: str) -> None:
    model = MLP(4, [1], seed=0)
    calls: list[Any] = []
    with pytest.raises((TypeError, ValueError), match="theta"):
        record(lambda x: calls.append(x) or model(x)[0], (4,), model.parameters(), theta=UNFIT[name])
    assert not calls


def test_theta_takes_as_many_numbers_as_there_are() -> None:
    w = Value(2.0)
    program, programs = record(lambda x: w * x, ((),), [w]), Programs(lambda x: w * x, [w])
    for owner in (program, programs):
        for wrong in (np.zeros(2), 1.0, np.zeros((1, 1))):
            with pytest.raises(ValueError, match="one number for each parameter"):
                owner.theta = wrong
        assert owner.theta.tolist() == [2.0]


def test_a_new_theta_reaches_every_program() -> None:
    w = Value(2.0)
    programs = Programs(lambda x: w * fsum(x), [w])
    short, long = np.ones((1, 3)), np.ones((1, 5))
    assert (programs(short), programs(long)) == ([6.0], [10.0])
    programs.theta = programs.theta - 1.0
    assert (programs(short), programs(long), programs(np.ones((1, 2)))) == ([3.0], [5.0], [2.0])


def test_eight_threads_record_one_function_and_read_its_parameters() -> None:
    model = MLP(3, [5, 1], seed=0)
    X = np.random.default_rng(0).normal(size=(7, 3))
    expected = np.array([model(row)[0].data for row in X.tolist()])
    numbers = [p.data for p in model.parameters()]
    wrong: list[Any] = []

    def work(kind: int) -> None:
        try:
            for _ in range(6):
                if kind % 2:
                    program = record(lambda x: model(x)[0], (3,), model.parameters())
                    np.testing.assert_allclose(program(X), expected, rtol=1e-12)
                    assert program.value_and_grad(X)[1].any()
                else:
                    for _ in range(30):
                        assert [p.data for p in model.parameters()] == numbers
                        np.testing.assert_array_equal([model(row)[0].data for row in X.tolist()], expected)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("kind", ["normal", "exponential", "a function", "partial", "RandomState"])
def test_noise_of_any_kind_is_drawn_for_each_example(kind: str) -> None:
    generator = np.random.default_rng(0)
    draw: Any = {
        "normal": generator.normal,
        "exponential": generator.exponential,
        "a function": lambda: generator.random(),
        "partial": partial(generator.normal, 5.0, 0.1),
        "RandomState": np.random.RandomState(0).normal,
    }[kind]
    program = record(lambda x: x * 0.0 + noise(draw), ((),), [])
    drawn = np.array([program(np.zeros(2)) for _ in range(300)])
    mean, deviation = {"exponential": (1.0, 1.0), "a function": (0.5, 0.29), "partial": (5.0, 0.1)}.get(
        kind, (0.0, 1.0)
    )
    np.testing.assert_allclose([drawn.mean(), drawn.std()], [mean, deviation], atol=0.15)
    assert len(np.unique(drawn)) == 600


def test_a_kink_where_all_slopes_are_0_is_no_reason_to_refuse() -> None:
    w = Value(0.1)
    record(lambda x: abs(fsum([w * x for _ in range(10)]) - sum([w * x for _ in range(10)])), ((),), [w])


def test_examples_of_which_all_answers_are_nan_show_nothing() -> None:
    with pytest.raises(RecordingError, match="is inf or nan"):
        record(lambda x: W * x, ((),), [W], check=(np.array([np.nan]),))


def test_what_was_made_while_recording_has_no_derivatives() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(W * x)
        return kept[-1]

    record(function, ((),), [W])
    with pytest.raises(RecordingError, match="made while a program was recorded was kept"):
        kept[0].backward()
    kept[-1].backward()
    W.grad = 0.0


def test_the_error_of_a_function_that_always_raises_is_told() -> None:
    def broken(x: Any) -> Any:
        calls.append(x)
        return x if len(calls) == 1 else {}["k"]

    calls: list[Any] = []
    with pytest.raises(RecordingError, match="the last time KeyError: 'k'") as caught:
        record(broken, ((),), [])
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_the_function_keeps_has_the_numbers_of_the_parameters() -> None:
    kept: dict[str, Any] = {}

    def function(x: Any) -> Any:
        kept["x"], kept["y"] = x, W * x
        return kept["y"]

    record(function, ((),), [W])
    assert kept["y"].data == W.data * kept["x"].data


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
    leaves = {value: StandIn((), (), value) for value in (x, y, W)}
    for _ in range(2):  # they serve again
        assert eager.gradient(leaves).tolist() == [-4.0, 3.0, 0.0]
    assert EagerRun([3.0], x, {}).gradient(leaves).tolist() == [1.0, 0.0, 0.0]
    assert EagerRun([2.0], Value(1.0) + 1.0, {}).gradient(leaves).tolist() == [0.0, 0.0, 0.0]
    twice = x * 2.0 + Value(5.0).exp() * x * y
    expected = grad(twice, [x, y])
    assert EagerRun([twice.data], twice, {}).gradient(leaves).tolist() == [*expected, 0.0]
    assert (eager.terms(leaves).tolist(), eager.rounding) == ([4.0, 3.0, 0.0], 36.12)
    assert eager.sensitivity == pytest.approx(3.01)
    assert EagerRun([-12.0], x * y, {id(x): 6.0}).rounding == pytest.approx(48.12)
    assert EagerRun([0.0], x * y, {}).sensitivity == pytest.approx(36.12 / 1e-300)
    assert EagerRun([0.0], x * y * 1e20, {}).sensitivity == 0.0
    assert EagerRun([INF], x / 0.0, {}).rounding == 0.03


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


def test_another_number_of_outputs_is_a_difference() -> None:
    counts = iter([2])
    with pytest.raises(RecordingError, match="the program gives 2 numbers and the function 3;"):
        record(lambda x: [x] * next(counts, 3), ((),), [])


def test_a_parameter_without_a_name_is_called_by_its_number() -> None:
    slope, params = iter([0.0, 0.0]), [Value(1.0, "a"), Value(1.5)]
    with pytest.raises(RecordingError, match=r"has, by parameter 1, the derivative 0\.0 and the function 5\.0"):
        record(lambda x: x + (params[1] - 1.5) * next(slope, 5.0), ((),), params, check=([2.0, 7.0],))


def test_twins_that_are_kept_compare_with_the_parameters_of_each_time() -> None:
    """With noise, and one way after the other in which the program runs; a function that changes is still found out."""
    generator = np.random.default_rng(7)
    slope = [1.0]
    function = lambda x: slope[0] * W * W * x + noise(generator.random)  # noqa: E731 - as those above
    program = record(function, ((),), [W])
    twins = Twins(program)
    before = program.theta.copy(), W.data, W.grad
    for number, examples in ((1.5, [1.0, 2.0]), (-3.0, [4.0]), (0.25, [5.0, 6.0, 7.0])):
        W.data = number
        assert compare(program, function, [np.array(examples)], np.array([number]), twins=twins)
        assert twins.theta.tolist() == [number]
    with pytest.raises(RecordingError, match="differs from the function"):
        compare(program, function, [np.array([1.0])], np.array([9.0]), changed=0, twins=twins)
    slope[0] = 2.0
    with pytest.raises(RecordingError, match="differs from the function"):
        compare(program, function, [np.array([1.0])], np.array([0.25]), twins=twins)
    W.data = before[1]
    assert (program.theta.tolist(), W.grad) == (before[0].tolist(), before[2])


@pytest.mark.parametrize(("method", "several"), [("__call__", True), ("values_and_grad", False)])
def test_what_a_run_leaves_behind_for_the_next_one_is_found(
    method: str, several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As rows would that are added to and never cleared: from the second run of a batch size on, numbers are others."""
    right, seen = getattr(Program, method), set()

    def stale(program: Program, *arrays: Any) -> Any:
        result, again = right(program, *arrays), (id(program), len(arrays[0])) in seen
        seen.add((id(program), len(arrays[0])))
        return result if not again else result + 1.0 if several else (result[0], result[1] + 1.0)

    monkeypatch.setattr(Program, method, stale)
    w = Value(0.5)
    with pytest.raises(RecordingError, match="differs from the function"):
        record(lambda x: [w * x] * 2 if several else w * x, ((),), [w], check=([1.0, 2.0],))
