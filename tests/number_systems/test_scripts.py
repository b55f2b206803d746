"""The rule book as JavaScript, in a real browser: against mpmath, and bit by bit against IEEE's special cases."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import mpmath
import pytest
from browser import started_browser

from tinygrad_edu import ops
from tinygrad_edu.declaring import forget, operation
from tinygrad_edu.number_systems.floats import evaluate, floats
from tinygrad_edu.number_systems.primitives import PRIMITIVES
from tinygrad_edu.number_systems.printing import javascript_array
from tinygrad_edu.number_systems.scripts import Script, script
from tinygrad_edu.op import RULE_BOOK, Op, bind

FUNCTIONS = files("tinygrad_edu.stepping").joinpath("assets", "functions.js").read_text("utf-8").replace("export ", "")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 2.0, 3.0, -3.0, 7.25, 1e-320, -1e-320, 1e-300, 1e300,
           -1e300, math.inf, -math.inf, math.nan]  # fmt: skip
WORDS = "(x) => (typeof x === 'string' ? { nan: NaN, inf: Infinity, '-inf': -Infinity }[x] : x)"


@pytest.fixture(scope="module")
def run() -> Iterator[Any]:
    """A function that evaluates JavaScript for many arguments; what is not finite goes and comes as a word."""
    with started_browser() as browser:
        page = browser.new_page()

        def evaluated(function: str, arguments: list[list[float]]) -> list[Any]:
            given = json.dumps([[_word(number) for number in row] for row in arguments])
            text = page.evaluate(
                f"() => {{ {FUNCTIONS}; const decoded = {WORDS}; const f = ({function});"
                " const encoded = (x) => (Array.isArray(x) ? x.map(encoded) : Number.isNaN(x) ? 'nan'"
                " : x === Infinity ? 'inf' : x === -Infinity ? '-inf' : Object.is(x, -0) ? '-0' : x);"
                f" return JSON.stringify({given}.map((row) => encoded(f(...row.map(decoded))))); }}"
            )
            return [_numbers(item) for item in json.loads(text)]

        yield evaluated


def _word(number: float) -> Any:
    return number if math.isfinite(number) else str(number)


def _numbers(item: Any) -> Any:
    return [_numbers(each) for each in item] if isinstance(item, list) else float(item)


def close(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(other) or math.isinf(other):
        return str(one) == str(other)
    if other == 0.0:
        return str(one) == str(other) or (one != 0.0 and abs(one) < 5e-323)
    return abs(one - other) <= tolerance * abs(other) + 5e-324


#: Each function's own name in mpmath, and where it is looked at.
WHOLE = [*[s * 10.0**e for e in range(-300, 301, 12) for s in (1, -1)], *[k / 16 + 0.013 for k in range(-640, 640)]]
POSITIVE = [abs(x) for x in WHOLE if x]
UNIT = [math.tanh(x) for x in WHOLE if abs(x) < 18]
MPMATH = {
    "exp": (mpmath.exp, WHOLE), "expm1": (mpmath.expm1, WHOLE), "exp2": (lambda a: mpmath.mpf(2) ** a, WHOLE),
    "log": (mpmath.log, POSITIVE), "log2": (lambda a: mpmath.log(a) / mpmath.log(2), POSITIVE),
    "log10": (mpmath.log10, POSITIVE), "log1p": (mpmath.log1p, [x for x in WHOLE if x > -0.999]),
    "sqrt": (mpmath.sqrt, POSITIVE), "cbrt": (mpmath.cbrt, POSITIVE),
    "sin": (mpmath.sin, WHOLE), "cos": (mpmath.cos, WHOLE), "tan": (mpmath.tan, WHOLE),
    "arcsin": (mpmath.asin, UNIT), "arccos": (mpmath.acos, UNIT), "arctan": (mpmath.atan, WHOLE),
    "sinh": (mpmath.sinh, WHOLE), "cosh": (mpmath.cosh, WHOLE), "tanh": (mpmath.tanh, WHOLE),
    "arcsinh": (mpmath.asinh, WHOLE), "arccosh": (mpmath.acosh, [x for x in POSITIVE if x > 1]),
    "arctanh": (mpmath.atanh, UNIT),
    "erf": (mpmath.erf, WHOLE), "erfc": (mpmath.erfc, [x for x in WHOLE if x < 26.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", MPMATH)
def test_functions_of_one_number_have_their_digits(run: Any, name: str) -> None:
    exact, places = MPMATH[name]
    results = run(f"(a) => {PRIMITIVES[name].javascript}(a)", [[x] for x in places])
    for x, result in zip(places, results, strict=True):
        if abs(x) > 1e5 and name in ("exp", "expm1", "exp2", "sinh", "cosh"):
            continue  # 0, -1 or infinite, as the special numbers show
        with mpmath.workdps(40 if 1e-20 < abs(x) < 1e20 else 350):
            expected = exact(mpmath.mpf(x))
        if mpmath.fabs(expected) > mpmath.mpf("1.7e308"):
            assert math.isinf(result)
        else:
            error = mpmath.mpf(result) - expected  # rounded only once both have met
            assert mpmath.fabs(error) <= abs(expected) * 8e-16 + mpmath.mpf(2) ** -1073, (x, result, expected)


def _cases() -> list[tuple[Op, int]]:
    settings = {"power_by": (3.0,), "leaky_relu": (0.01,), "clip": (-0.75, 2.0)}
    return [
        (
            bind(operation_, *settings.get(name, ())),
            4 if callable(operation_.derivatives) else len(operation_.derivatives),
        )
        for name, operation_ in RULE_BOOK.items()
        if name not in ("dot",)
    ] + [(ops.dot, 5)]


@pytest.mark.parametrize(
    ("operation_", "count"), _cases(), ids=lambda case: case.method if isinstance(case, Op) else ""
)
def test_every_operation_is_the_engines_at_usual_and_special_numbers(run: Any, operation_: Op, count: int) -> None:
    rng = random.Random(operation_.method)
    places = [[rng.choice(SPECIAL) for _ in range(count)] for _ in range(150)]
    places += [[rng.gauss(0.0, 3.0) for _ in range(count)] for _ in range(150)]
    places += [[x] * count for x in SPECIAL]
    arguments = ", ".join(f"x{k}" for k in range(count))
    setting = ", ".join(map(repr, operation_.settings))
    results = run(
        f"({arguments}) => {{ const [rule] = (() => {{ {script([(operation_, count)])} }})();"
        f" const y = rule.forward({arguments}, {setting}); return [y, ...rule.locals(y, {arguments}, {setting})]; }}",
        places,
    )
    for place, result in zip(places, results, strict=True):
        y, locals_ = evaluate(operation_, *place)
        for one, other in zip(result, (y, *locals_), strict=True):
            assert close(one, other, 1e-13), (place, result, (y, locals_))


def test_sums_are_rounded_once(run: Any) -> None:
    rng = random.Random(5)
    rows = [[rng.gauss(0, 1) * 10.0 ** rng.randint(-18, 18) for _ in range(30)] for _ in range(300)]
    rows += [
        [1e308, 1e308, -1e308],
        [1e308, 1e308],
        [1.0, 1e100, 1.0, -1e100],
        [2.0**53, 1.0, 2.0**-60],
        [math.inf, -math.inf],
        # Too large on the way: what is least still counts, and a half is rounded to the even digit, or up with more.
        [1e308, 1e308, -1e308, -1e308, 5e-324],
        [1.7e308, 1.7e308, 1e-300, -1.7e308, -1.7e308, 3e-310],
        [1e308, 1e308, -1e308, -1e308 + 2.0**971, 2.0**918],
        [1e308, 1e308, -1e308, -1e308 + 2.0**971, 2.0**917, 5e-324],
        [1e308, 1e308, 1e308, -1e308, -1e308],
        [1.7976931348623157e308, 2.0**970, -5e-324, 0.0],
        [-1.7976931348623157e308, -(2.0**970), 0.0],
        [1.7976931348623157e308, 1.7976931348623157e308, -(2.0**970), -1.7976931348623157e308],
    ]
    rng = random.Random(1)
    for _ in range(200):
        huge = [rng.uniform(-1, 1) * 2.0 ** rng.choice([1023, 1022, 990]) for _ in range(6)]
        left = [rng.choice([1, -1]) * 2.0 ** rng.randint(-1074, 1000) for _ in range(6)]
        rows.append([*huge, *left, *(-term for term in huge), *rng.choices(left, k=3)])
    rows = [row + [0.0] * (30 - len(row)) for row in rows]
    for row, result in zip(rows, run("(...x) => fsum(x)", rows), strict=True):
        assert str(result) == str(floats.fsum(row)), row


def test_an_operation_of_ones_own_is_written_from_its_declaration(run: Any) -> None:
    own = operation(
        "hardy",
        lambda m, a, b, width: m.where(a > b, m.sigmoid(a) * width, m.prefer(a * b, b > 0.0, lambda m, a: m.erf(a), a)),
        (lambda m, y, a, b, width: y * width, lambda m, y, a, b, width: m.remainder(a, b)),
        settings={"width": 2.0},
    )
    try:
        declared = bind(own.operation, 1.5)  # type: ignore[attr-defined]  # every function of an operation has it
        text = script([(declared, 2)])
        assert "op_sigmoid" in text
        places = [[0.5, 0.25], [0.25, 0.5], [-1.0, -0.5], [3.0, -2.0]]
        results = run(
            f"(a, b) => {{ const [rule] = (() => {{ {text} }})(); const y = rule.forward(a, b, 1.5);"
            " return [y, ...rule.locals(y, a, b, 1.5)]; }",
            places,
        )
        for place, (y, *locals_) in zip(places, results, strict=True):
            expected, slopes = evaluate(declared, *place)
            for one, other in zip((y, *locals_), (expected, *slopes), strict=True):
                assert close(one, other, 1e-13), place
    finally:
        forget("hardy")


def test_a_derivative_at_the_wrong_place_is_the_plain_formula_at_the_input() -> None:
    assert "misplaced: (a) => [(a * (1 - a))]" in Script().rule(ops.sigmoid, 1)
    assert "misplaced" not in Script().rule(ops.sin, 1)


def test_runs_of_inputs_are_slices() -> None:
    assert javascript_array(["x[0]", "x[1]"]) == "[x[0], x[1]]"
    assert javascript_array(["1", "x[2]", "x[3]", "x[4]"]) == "[1, ...x.slice(2, 5)]"
    assert javascript_array(["x[0]", "x[1]", "x[2]"]) == "x.slice(0, 3)"
