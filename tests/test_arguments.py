"""What functions are given: taken as what it is, or refused in one sentence."""

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.arguments import (
    above_zero,
    at_least_zero,
    check_takes,
    kept_share,
    random_generator,
    unknown_name,
    whole_number,
)


@pytest.mark.parametrize("number", [1, 7, np.int64(3), np.uint8(255)])
def test_a_whole_number_is_an_int(number):
    assert whole_number(number, "size") == number
    assert type(whole_number(number, "size")) is int


@pytest.mark.parametrize(
    ("number", "kind"), [(0, ValueError), (-1, ValueError), (2.0, ValueError), (True, ValueError), ("3", TypeError)]
)
def test_what_is_no_whole_number_is_named(number, kind):
    with pytest.raises(kind, match=r"size should be a whole number of at least 1, not "):
        whole_number(number, "size")


def test_a_whole_number_may_begin_elsewhere():
    assert whole_number(0, "seed", least=0) == 0
    with pytest.raises(ValueError, match="at least 0, not -1"):
        whole_number(-1, "seed", least=0)


@pytest.mark.parametrize("check", [above_zero, at_least_zero, kept_share])
@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_a_real_number_is_a_float(check, number):
    assert check(number, "setting") == 0.5
    assert type(check(number, "setting")) is float


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (above_zero, [0.0, -0.0, -1.0, float("inf"), float("nan")]),
        (at_least_zero, [-1e-300, float("inf"), float("nan")]),
        (kept_share, [1.0, -0.1, float("nan")]),
    ],
)
def test_a_number_out_of_its_range_is_named(check, refused):
    for number in refused:
        with pytest.raises(ValueError, match=r"^setting"):
            check(number, "setting")


@pytest.mark.parametrize("check", [above_zero, at_least_zero, kept_share])
@pytest.mark.parametrize("thing", ["0.5", None, [0.5], 1j])
def test_what_is_no_number_is_named(check, thing):
    with pytest.raises(TypeError, match=r"^setting must be a number, not "):
        check(thing, "setting")


def test_a_value_is_told_how_to_become_a_number():
    with pytest.raises(TypeError):
        above_zero(Value(0.5), "setting")


def test_zero_is_at_least_zero_and_a_share():
    assert at_least_zero(0, "setting") == kept_share(0, "setting") == 0.0


def test_a_seed_is_a_number_a_generator_or_nothing():
    drawn = np.random.default_rng(3).random()
    assert random_generator(3).random() == random_generator(np.int64(3)).random() == drawn
    generator = np.random.default_rng(3)
    assert random_generator(generator) is generator
    assert random_generator(None).random() != random_generator(None).random()


@pytest.mark.parametrize(("seed", "kind"), [(-1, ValueError), (1.5, ValueError), ("seven", TypeError)])
def test_what_is_no_seed_is_refused(seed, kind):
    with pytest.raises(kind):
        random_generator(seed)


def test_a_function_that_cannot_be_called_so_is_told():
    for function, count in ((lambda: 1, 0), (lambda x, y=1: x, 1), (lambda *x: x, 5), (max, 2), (Value.exp, 1)):
        check_takes(function, count, "")
    for function, count, shown in (
        (lambda x: x, 2, r"<lambda> has the arguments \(x\)"),
        (lambda x, y: x, 1, r"\(x, y\)"),
        (lambda x, *, y: x, 1, r"\(x, \*, y\)"),
    ):
        with pytest.raises(TypeError, match=rf"^so many are given, and .*{shown}$"):
            check_takes(function, count, "so many are given")


def test_a_name_that_is_nearly_right_is_suggested():
    assert str(unknown_name("color", "redd", ["red", "blue"])) == (
        "no color is called 'redd'; did you mean 'red'? There are red, blue"
    )
    assert "did you mean 'red'?" in str(unknown_name("color", "RED", ["red", "blue"]))
    assert str(unknown_name("color", "xyz", ["red", "blue"], "the usual ones")) == (
        "no color is called 'xyz'; there are the usual ones"
    )
