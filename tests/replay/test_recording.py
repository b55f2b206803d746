"""What may be recorded, what is refused, and with which words."""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import RecordingError, Value, choose, fsum, grad, no_grad, ops, record, where
from tinygrad_edu.modes import noise
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.recording import Recording, collector_paused, drawn, numbers_in, recorded_once, recording

W = Value(1.5, "w")
READING_A_NUMBER: dict[str, tuple[Callable[[Any], Any], str]] = {
    "data": (lambda x: x * x.data, "compute with the Value itself"),
    "parameter data": (lambda x: x * W.data, "compute with the Value itself"),
    "grad": (lambda x: x * W.grad, "value_and_grad"),
    "float": (lambda x: x * float(x), "compute with the Value itself"),
    "int": (lambda x: x * int(x), "choose"),
    "index": (lambda x: [x, x][x], "choose"),
    "bool": (lambda x: x if x else -x, "where"),
    "comparison": (lambda x: x if x > 0 else -x, "where"),
    "comparison with a parameter": (lambda x: x if W < 2 else -x, "where"),
    "equality": (lambda x: x if x == 1 else -x, "where"),
    "chained comparison": (lambda x: x if 0 < x < 1 else -x, "where"),
    "max of Python": (lambda x: max(x, 0), "maximum"),
    "np.maximum": (lambda x: np.maximum(0, np.array([x], dtype=object))[0], "maximum"),
    "format": (lambda x: x * len(f"{x:.3f}"), "after the program ran"),
    "detach": (lambda x: x * x.detach(), "input of the program"),
    "local derivatives": (lambda x: x * (W * x).local_derivatives[0], "value_and_grad"),
    "backward": (lambda x: (x * W).backward() or x, "value_and_grad"),
    "a gradient": (lambda x: x * grad(x * W, [W])[0], "value_and_grad"),
    "a gradient as a graph": (lambda x: x * grad(x * W, [W], create_graph=True)[0], "value_and_grad"),
    "look-up": (lambda x: x * {0.5: 10.0}.get(x, 1.0), "choose"),
    "look-up of a comparison": (lambda x: x * {True: 2.0}.get(W * x > 0.0, 1.0), "choose"),
    "membership of a set": (lambda x: x * (10.0 if x in {0.5} else 1.0), "choose"),
    "membership of a list": (lambda x: x * (10.0 if x in [0.5] else 1.0), "where"),
    "str": (lambda x: x * len(str(x)), "after the program ran"),
    "copy": (lambda x: x * copy.copy(x), "no copies"),
    "deepcopy": (lambda x: x * copy.deepcopy([x])[0], "no copies"),
    "pickle": (lambda x: x * len(pickle.dumps(x)), "no copies"),
    "complex": (lambda x: x * complex(x).real, "compute with the Value itself"),
    "math": (lambda x: x * math.exp(x), "compute with the Value itself"),
    "sorted": (lambda x: sorted([x, W])[0], "where"),
    "not": (lambda x: x if not x else -x, "where"),
    "and": (lambda x: x if x > 0 and x < 1 else -x, "where"),
    "argmax": (lambda x: [x, W][int(np.argmax(np.array([x, W], dtype=object)))], "where"),
    "no_grad": (lambda x: no_grad() and x, "input of the program"),
    "setting grad": (lambda x: setattr(W, "grad", 2.0) or x, "value_and_grad"),
    "setting data": (lambda x: setattr(W, "data", 2.0) or x, "between recordings"),
    "as float array": (lambda x: x * np.array([x], dtype=float)[0], "compute with the Value itself"),
}


@pytest.mark.parametrize("name", READING_A_NUMBER)
def test_what_would_freeze_a_choice_is_refused_at_its_line(name: str) -> None:
    function, cure = READING_A_NUMBER[name]
    with pytest.raises(RecordingError, match=r"test_recording.py, line [0-9]+") as caught:
        record(function, ((),), [W])
    assert cure in str(caught.value)
    assert type(W) is Value
    assert (W.data, W.grad) == (1.5, 0.0)


@pytest.mark.parametrize("name", READING_A_NUMBER)
def test_a_refusal_that_the_function_catches_is_raised_when_it_returns(name: str) -> None:
    function, cure = READING_A_NUMBER[name]

    def careless(x: Any) -> Any:
        try:
            return function(x)
        except Exception:
            return x * 3.0

    with pytest.raises(RecordingError, match="freeze") as caught:
        record(careless, ((),), [W])
    assert cure in str(caught.value)
    with pytest.raises(RecordingError, match="freeze") as caught:
        record(lambda x: (careless(x), [][0]), ((),), [W])  # and so where it comes to grief later
    assert isinstance(caught.value.__cause__, IndexError)


def test_no_grad_inside_a_recording_is_refused() -> None:
    def function(x: Any) -> Any:
        with no_grad():
            return x * W

    with pytest.raises(RecordingError, match="no_grad"):
        record(function, ((),), [W])


def test_a_value_from_outside_is_refused_and_named() -> None:
    outside = Value(2.0, "outside")
    for function in (
        lambda x: x * outside,
        lambda x: x * (outside + 1),
        lambda x: fsum([x, outside]),
        lambda x: outside,
    ):
        with pytest.raises(RecordingError, match=r"outside|what it computed"):
            record(function, ((),), [W])


def test_constants_made_inside_are_welcome() -> None:
    program = record(lambda x: x * Value(2.0) + Value(3.0).tanh(), ((),), [])
    np.testing.assert_allclose(program(np.array([1.0])), [2 + np.tanh(3.0)])


def test_a_constant_is_compared_with_what_varies() -> None:
    program = record(lambda x: where(Value(0.0) < x, x * W, where(Value(-1.0) == W * x, 5.0, 7.0)), ((),), [W])
    np.testing.assert_array_equal(program(np.array([2.0, -1.0])), [3.0, 7.0])


def test_comparisons_work_inside_where() -> None:
    program = record(lambda x: where(x > 0, x * W, where(x == -1, 10.0, x)), ((),), [W])
    np.testing.assert_array_equal(program(np.array([2.0, -1.0, -2.0])), [3.0, 10.0, -2.0])


def test_recording_inside_a_recording_is_refused() -> None:
    with pytest.raises(RecordingError, match="inside a recording"):
        record(lambda x: x * record(lambda y: y, ((),), [])(np.ones(1))[0], ((),), [])


def test_a_value_that_escaped_from_a_recording_is_foreign_to_the_next() -> None:
    escaped: list[Any] = []
    record(lambda x: escaped.append(x) or x * 2.0, ((),), [])
    with pytest.raises(RecordingError, match="made outside"):
        record(lambda x: x + escaped[0], ((),), [])


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


# The parts of a recording ---------------------------------------------------------------------------------


def test_a_recording_keeps_inputs_noises_and_outputs() -> None:
    def draw() -> float:
        return 0.25

    seen = recorded_once(lambda x, y: [x[1] * y + noise(draw), 2], [np.array([1.0, 2.0]), np.array(3.0)], [])
    assert [value.label for value in seen.leaves] == ["x0[0]", "x0[1]", "x1", "noise0"]
    assert [value._data for value in seen.leaves] == [1.0, 2.0, 3.0, 0.5]
    assert seen.draws == [draw]
    assert [value._data for value in seen.outputs] == [6.5, 2.0]
    assert (seen.joined.op, seen.returns_one) == (ops.fsum, False)
    assert recorded_once(lambda: True, [], []).returns_one


def test_what_varies_is_what_does_not_come_from_constants_alone() -> None:
    with recording([W]) as running:
        x, c = running.inputs("x", np.array(2.0)), Value(3.0)
        answers = [running.varies(value) for value in (x, W, x + c, W * c, c, c * c, 3.0)]
    assert answers == [True, True, True, True, False, False, False]


def test_an_input_of_several_numbers_is_an_array_of_values() -> None:
    with recording([]) as running:
        x = running.inputs("x0", np.array([[1.0, 2.0]]))
    assert (x.shape, x.dtype, x[0, 1].label) == ((1, 2), object, "x0[0, 1]")


def test_a_number_a_list_and_nested_arrays_are_flat_lists() -> None:
    assert numbers_in(2.0) == [2.0]
    assert numbers_in([[W, 1.0], [2.0, 3.0]]) == [W, 1.0, 2.0, 3.0]
    assert numbers_in([]) == []
    with pytest.raises(RecordingError, match="not 'text' among them"):
        Recording([]).returned(["text"])


def test_random_numbers_are_drawn_at_once_from_numpy_and_else_one_by_one() -> None:
    counter = itertools.count()
    np.testing.assert_array_equal(drawn(lambda: next(counter), (2, 2)), [[0.0, 1.0], [2.0, 3.0]])
    generator = np.random.default_rng(0)
    np.testing.assert_array_equal(drawn(np.random.default_rng(0).random, (1, 3)), generator.random((1, 3)))


def test_the_collector_is_as_it_was_after_a_pause() -> None:
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_a_recording_made_is_of_no_use_later() -> None:
    kept: list[Any] = []
    record(lambda x: kept.append(x * W) or x, ((),), [W])
    with pytest.raises(RecordingError, match="make it anew in each call"):
        list(kept[0].local_derivatives)
