"""Numbers and counts as people read them."""

import pytest

from tinygrad_edu.texts import aligned, count_text, counted, drawn_number, short_number


@pytest.mark.parametrize(
    ("number", "short", "drawn"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "0"),  # a picture shows no sign that means nothing
        (1 / 3, "0.333333", "0.3333"),
        (-1.5e-10, "-1.5e-10", "−1.5e−10"),
        (123456.789, "123457", "1.235e+05"),
        (float("inf"), "inf", "inf"),
        (-float("inf"), "-inf", "−inf"),
        (float("nan"), "nan", "nan"),
    ],
)
def test_numbers(number, short, drawn):
    assert short_number(number) == short
    assert drawn_number(number) == drawn


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (10**6, "1,000,000"),
        (10**15 - 1, "999,999,999,999,999"),
        (10**15, "about 1e+15"),
        (2**5000, "about 1.41e+1505"),  # more than a float can hold
    ],
)
def test_counts(count, text):
    assert count_text(count) == text


def test_one_is_singular():
    assert [counted(k, "step") for k in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([], []),
        ([0.0, -0.0], ["0", "0"]),
        ([1.0, -2.0], ["1", "−2"]),
        ([1 / 3, 20.0], ["0.33", "20.00"]),
        ([1 / 3, 2e5], ["0.3333", "200000"]),  # two digits are the least that is shown of a number
        ([0.5, 1e-9, -1e-9], ["0.5", "1e−09", "−1e−09"]),
        ([1e6, 1.0], ["1e+06", "1"]),
        ([float("nan"), float("-inf"), 1.5], ["nan", "−inf", "1.5"]),
        ([float("nan")], ["nan"]),
        ([12345.678], ["12346"]),
    ],
)
def test_numbers_in_a_table_have_as_many_decimals(numbers, texts):
    assert aligned(numbers) == texts
