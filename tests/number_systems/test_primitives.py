"""What a rule may use: in every language under its name, used, and nothing else."""

from __future__ import annotations

import itertools
import math
import re
from importlib.resources import files

import numpy as np
import pytest
from strategies import SPECIAL, TINY

from tinygrad_edu import ops
from tinygrad_edu.number_systems import OPERATORS, PRIMITIVES, TRUTH, Arrays, Symbol
from tinygrad_edu.number_systems.arrays import arrays
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.number_systems.symbols import symbols
from tinygrad_edu.number_systems.values import values

SYSTEMS = {"floats": floats, "symbols": symbols, "values": values, "arrays": arrays}


FUNCTIONS = files("tinygrad_edu.stepping").joinpath("assets", "functions.js").read_text("utf-8")


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_has_its_names_in_every_language(name):
    primitive = PRIMITIVES[name]
    assert primitive.math == "" or callable(getattr(math, primitive.math))
    assert primitive.numpy == "" or callable(getattr(np, primitive.numpy))
    assert primitive.math or primitive.numpy
    ours = re.search(rf"^export (const|function) {primitive.javascript}\b", FUNCTIONS, re.MULTILINE)
    assert name == "where" or primitive.javascript.startswith("Math.") or ours


@pytest.mark.parametrize("name", [*PRIMITIVES, *OPERATORS.values()])
def test_jax_has_every_primitive(name):
    jax = pytest.importorskip("jax")
    pytest.importorskip("jax.scipy.special")
    assert callable(getattr(Arrays(jax.numpy, jax.scipy), name))


@pytest.mark.parametrize("name", sorted({"erf", "erfc", "sigmoid", "gelu", "hypot", "remainder", "floor_divide"}))
def test_jax_computes_what_floats_compute(name):
    jax = pytest.importorskip("jax")
    pytest.importorskip("jax.scipy.special")
    numbers = [2.5, 1.5][: arity(name)]
    on_jax = getattr(Arrays(jax.numpy, jax.scipy), name)(*map(jax.numpy.asarray, numbers))
    assert float(on_jax) == pytest.approx(getattr(floats, name)(*numbers), rel=1e-5)


def test_operators_are_functions_of_numpy_too():
    for sign, name in OPERATORS.items():
        assert isinstance(getattr(np, name), np.ufunc)
        assert sign == "&" or ops.RULE_BOOK[name].name == sign
    assert set(OPERATORS) >= TRUTH


def arity(name):
    """How many numbers a primitive is a function of."""
    return 3 if name == "where" else len(ops.RULE_BOOK["absolute" if name == "abs" else name].derivatives)


@pytest.mark.parametrize("name", [name for name, primitive in PRIMITIVES.items() if primitive.math])
def test_what_raises_in_math_is_said_to_raise(name):
    function = getattr(math, PRIMITIVES[name].math)

    def raises(numbers):
        try:
            function(*numbers)
        except (ValueError, OverflowError):
            return True
        return False

    assert any(map(raises, itertools.product(SPECIAL, repeat=arity(name)))) == PRIMITIVES[name].raises


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", ["frobnicate", "median", "zeros_like", "log_softmax"])
def test_what_no_rule_may_use_is_refused_with_what_there_is(system, name):
    with pytest.raises(AttributeError, match=rf"m\.{name}: a number system has .*exp, .*sigmoid, .*where"):
        getattr(SYSTEMS[system], name)


class Spy:
    """A number system that notes what it is asked for, and answers in symbols."""

    def __init__(self):
        self.asked = set()

    def __getattr__(self, name):
        self.asked.add(name)
        return getattr(symbols, name)

    def prefer(self, plain, good, otherwise, *inputs):
        otherwise(self, *inputs)
        return plain


def test_every_primitive_is_used_by_the_rule_book_and_nothing_else():
    spy = Spy()
    for operation in ops.RULE_BOOK.values():
        count = 3 if callable(operation.derivatives) else len(operation.derivatives)
        operation.forward(spy, *map(Symbol, ("a", "b", "c")[:count]), *map(Symbol, operation.parameters))
    of_many = {"fsum", "norm", "dot", "choose", "logsumexp"}
    assert spy.asked - of_many - set(ops.RULE_BOOK) == {"abs"}
    assert set(PRIMITIVES) <= spy.asked


@pytest.mark.parametrize("name", sorted({*PRIMITIVES, *OPERATORS.values()} - {"logical_and"}))
def test_floats_and_arrays_agree_at_special_values(name):
    """And with the signs of zeros, but for the larger of 0 and -0, which depends on the processor."""
    rows = list(itertools.product(SPECIAL, repeat=arity(name)))
    rows = [row for row in rows if not (name == "power" and row in {(-math.inf, 0.5), (-0.0, 0.5)})]  # quirks of pow
    ours = np.array([getattr(floats, name)(*row) for row in rows])
    with np.errstate(all="ignore"):
        theirs = getattr(arrays, name)(*map(np.array, zip(*rows, strict=True))) * 1.0
    np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=TINY)
    if name not in ("maximum", "minimum"):
        zeros = ours == 0.0
        assert (np.signbit(ours[zeros]) == np.signbit(theirs[zeros])).all()
