"""The number systems: one rule book, read as floats, formulas, Values and arrays, with the same answer."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import DOMAINS, calm

from tinygrad_edu import Value, ops
from tinygrad_edu.number_systems import (
    Arrays,
    Symbol,
    arrays,
    define,
    evaluate,
    floats,
    formula,
    local_formulas,
    specialise,
    symbols,
    values,
)

METHODS = sorted(ops.RULE_BOOK)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 5)
def test_floats_values_and_arrays_agree(method, data):
    inputs, fixed = data.draw(calm(method))
    operation = ops.bind(ops.RULE_BOOK[method], *fixed)
    y, local_derivatives = evaluate(operation, *inputs)

    on_arrays = operation.compute(arrays, *[np.array([number]) for number in inputs])
    slopes = operation.local_derivatives(arrays, on_arrays, *[np.array([number]) for number in inputs])
    assert on_arrays[0] == pytest.approx(y, rel=1e-13, abs=1e-15)
    assert [float(np.ravel(s)[0]) for s in slopes] == pytest.approx(list(local_derivatives), rel=1e-12, abs=1e-14)

    nodes = [Value(number) for number in inputs]
    slopes = operation.local_derivatives(values, Value.apply(operation, nodes), *nodes)
    assert [float(s) for s in slopes] == pytest.approx(list(local_derivatives), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_plain_rules_on_floats_give_what_the_compiled_ones_give(method):
    """`floats` is a number system like any other: a rule run on it directly must not differ from its compilation."""
    count = 3 if DOMAINS[method].variadic else len(DOMAINS[method].whole)
    fixed = {"leaky_relu": (0.1,), "clip": (-1.0, 1.0), "power_by": (3.0,)}.get(method, ())
    inputs = (1.5,) if method == "arccosh" else (1.0, 0.75, 0.25)[-count:]
    operation = ops.bind(ops.RULE_BOOK[method], *fixed)
    y = operation.compute(floats, *inputs)
    assert (y, operation.local_derivatives(floats, y, *inputs)) == evaluate(operation, *inputs)


def test_a_system_without_its_own_function_takes_the_rule_books():
    assert floats.sigmoid(0.0) == 0.5
    assert floats.sigmoid(-1000.0) == 0.0
    assert arrays.sigmoid(np.array([0.0, -1000.0])).tolist() == [0.5, 0.0]
    assert values.sigmoid(Value(0.0)).data == 0.5
    assert str(symbols.sigmoid(Symbol("a"))) == "sigmoid(a)"


@pytest.mark.parametrize("system", [floats, arrays], ids=["floats", "arrays"])
def test_an_unknown_operation_is_called_unknown(system):
    with pytest.raises(AttributeError, match="no operation is called 'frobnicate'"):
        system.frobnicate(1.0)


def test_arrays_of_another_module_with_functions_of_its_own():
    mine = Arrays(np, erf=lambda a: a * 0.0 + 7.0)
    assert mine.erf(np.zeros(2)).tolist() == [7.0, 7.0]
    assert mine.exp is np.exp


# Formulas -------------------------------------------------------------------------------------------------

a, b, c = Symbol("a"), Symbol("b"), Symbol("c")


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (a + b - c, "a + b - c"),
        (a - (b + c), "a - (b + c)"),
        (a - (b - c), "a - (b - c)"),
        ((a + b) * c, "(a + b) * c"),
        (a / (b * c), "a / (b * c)"),
        (a / b * c, "a / b * c"),
        (-a * b, "-a * b"),
        (-(a + b), "-(a + b)"),
        (a**2.0, "a²"),
        (a**3.0, "a³"),
        ((a + b) ** 2.0, "(a + b)²"),
        ((-a) ** 2.0, "(-a)²"),
        (a**b, "a ** b"),
        ((a**b) ** c, "(a ** b) ** c"),
        (a ** (b**c), "a ** b ** c"),
        (a**-b, "a ** (-b)"),
        (a**1.0, "a"),
        (a * a, "a²"),
        (1.0 - a * a, "1 - a²"),
        (2.0 * a, "2 * a"),
        (2.0 / a, "2 / a"),
        (2.0 + a, "2 + a"),
        (a + -2.0, "a + -2"),
        (a * -2.0, "a * -2"),
        (symbols.abs(a), "|a|"),
        (symbols.exp(-a), "exp(-a)"),
        (symbols.where(a > 0.0, a, 0.0), "a if a > 0 else 0"),
        (symbols.dot([a, b], [c, 2.0], 1.0), "a * c + b * 2 + 1"),
        (symbols.fsum([a, b]), "fsum(a, b)"),
        ((a >= 1.0) & (b != c), "(a >= 1) and (b != c)"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_formulas_print_as_people_write_them(item, text):
    assert str(item) == text
    assert repr(item) == f"Symbol({text!r})"


def test_the_formulas_of_nodes_and_edges():
    assert formula(ops.multiply, ["c", "d"]) == "c * d"
    assert formula(ops.bind(ops.power_by, 3.0), ["x"]) == "x³"
    assert formula(ops.dot, ["w", "x", "b"]) == "w * x + b"
    assert formula(ops.tanh, ["x1"]) == "tanh(x1)"
    assert local_formulas(ops.multiply, "e", ["c", "d"]) == ["d", "c"]
    assert local_formulas(ops.tanh, "y", ["x"]) == ["1 - y²"]
    assert local_formulas(ops.add, "y", ["a", "b"]) == ["1", "1"]
    assert local_formulas(ops.dot, "y", ["w", "x", "b"]) == ["x", "w", "1"]
    assert local_formulas(ops.bind(ops.power_by, 3.0), "y", ["x"]) == ["3 * x²"]


def formulas_of(method):
    operation = ops.RULE_BOOK[method]
    names = [Symbol(name) for name in ("a", "b", "c")[: 3 if operation.is_variadic else len(operation.rules)]]
    parameters = [Symbol(name) for name in operation.parameters]
    rules = (
        [] if operation.is_variadic else [rule(symbols, Symbol("y"), *names, *parameters) for rule in operation.rules]
    )
    return names, [operation.forward(symbols, *names, *parameters), *rules]


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("choose",)])
def test_every_formula_means_what_it_says(method):
    """What is printed, read as Python, is the number that the rule computes, but for constants cut to six digits."""
    if ops.RULE_BOOK[method].is_variadic:
        numbers = (0.75, 0.25, 0.5)
    else:
        numbers = {"arccosh": (1.5,), "where": (1.0, 0.75, 0.25)}.get(method, (0.75, 0.25, 0.5))
    names, items = formulas_of(method)
    scope = dict(zip("abc", numbers, strict=False))
    fixed = {"leaky_relu": (0.1,), "clip": (-1.0, 1.0), "power_by": (3.0,)}.get(method, ())
    scope.update(zip(ops.RULE_BOOK[method].parameters, fixed, strict=True))
    inputs = numbers[: len(names)]
    y, local_derivatives = evaluate(ops.bind(ops.RULE_BOOK[method], *fixed), *inputs)
    scope["y"] = y
    readable = {name: getattr(floats, name) for name in ops.RULE_BOOK} | {"abs": abs} | scope
    readable["fsum"], readable["logsumexp"] = lambda *t: math.fsum(t), lambda *t: floats.logsumexp(t)
    for item, expected in zip(items, (y, *local_derivatives), strict=False):
        text = str(item).replace("²", "**2").replace("³", "**3")
        if text.startswith("|"):
            text = f"abs({text.strip('|')})"
        text = text.replace("|a|", "abs(a)")
        assert float(eval(text, {}, readable)) == pytest.approx(expected, rel=1e-5), text


# Specialised code -----------------------------------------------------------------------------------------


def test_specialised_code_shares_what_occurs_twice():
    shared, output, locals_ = specialise(ops.silu)
    assert shared == ["shared0 = sigmoid(a)"]
    assert output == "(a * shared0)"
    assert "sigmoid" not in locals_[0]


def test_specialised_code_never_divides_bare():
    for method in METHODS:
        if not ops.RULE_BOOK[method].is_variadic:
            shared, output, locals_ = specialise(ops.RULE_BOOK[method])
            assert not any("/" in text or "**" in text for text in (*shared, output, *locals_)), method


def test_define_runs_only_its_own_text_in_its_own_scope():
    assert define("def f(a):\n    return sigmoid(a)", "f", {})(0.0) == 0.5


# Floats ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: floats.divide(1.0, 0.0), math.inf),
        (lambda: floats.divide(-1.0, 0.0), -math.inf),
        (lambda: floats.divide(1.0, -0.0), -math.inf),
        (lambda: floats.power(0.0, -1.0), math.inf),
        (lambda: floats.log(0.0), -math.inf),
        (lambda: floats.exp(1000.0), math.inf),
        (lambda: floats.sinh(-1000.0), -math.inf),
        (lambda: floats.fsum([1e308, 1e308]), math.inf),
        (lambda: floats.logsumexp([math.inf, 1.0]), math.inf),
        (lambda: floats.maximum(1.0, math.inf), math.inf),
    ],
)
def test_floats_follow_ieee(compute, expected):
    assert compute() == expected


@pytest.mark.parametrize("function", [floats.maximum, floats.minimum])
@pytest.mark.parametrize("pair", [(math.nan, 1.0), (1.0, math.nan)])
def test_nan_wins_every_comparison(function, pair):
    assert math.isnan(function(*pair))


def test_the_processors_flags_are_left_clean():
    """A rule that meets infinity inside np.exp(array_of_values) must not make NumPy warn of it."""
    with np.errstate(all="raise"):
        np.frompyfunc(lambda _: floats.exp(1000.0) + floats.divide(1.0, 0.0) + floats.log(-1.0), 1, 1)(np.zeros(3))


def test_comparisons_of_symbols_are_formulas():
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert isinstance(compare(a, 1.0), Symbol)
