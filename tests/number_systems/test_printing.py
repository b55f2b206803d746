"""Formulas as people write them and as Python, with the brackets they need and no others."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import ops
from tinygrad_edu.number_systems import Symbol, formula, local_formulas
from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS, evaluate, floats
from tinygrad_edu.number_systems.printing import mathematics, python
from tinygrad_edu.number_systems.symbols import symbols

METHODS = sorted(ops.RULE_BOOK)

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
        (a % b, "a % b"),
        (a // b * c, "a // b * c"),
        (a * (b // c), "a * (b // c)"),
        (a % (b + c), "a % (b + c)"),
        (-(a // b), "-(a // b)"),
        (a - (b - -c), "a - (b - -c)"),
        (symbols.abs(a - b) * 2.0, "|a - b| * 2"),
        (a ** (-2.0), "a ** (-2)"),
        ((a > b) + c, "(a > b) + c"),
        (symbols.where(a > b, symbols.where(a > c, a, b), c), "(a if a > c else b) if a > b else c"),
        (symbols.where(a > b, a, symbols.where(a > c, b, c)), "a if a > b else b if a > c else c"),
        (symbols.where(symbols.where(a > b, a, b), a, b), "a if (a if a > b else b) else b"),
        (2.0 * symbols.where(a > b, a, b), "2 * (a if a > b else b)"),
        (symbols.prefer(1.0 - a * a, a < 0.9, lambda m, a: m.exp(-a), a), "1 - a²"),
        (2.0 * symbols.prefer(1.0 - a * a, a < 0.9, lambda m, a: m.exp(-a), a), "2 * (1 - a²)"),
        (Symbol("x - 2") * a, "(x - 2) * a"),
        (Symbol("w1") * a, "w1 * a"),
        (math.inf * a, "inf * a"),
        (symbols.choose(a, [b, c]), "choose(a, b, c)"),
        (symbols.logsumexp([a, b]), "logsumexp(a, b)"),
        (symbols.norm([a, b]), "norm(a, b)"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_formulas_print_as_people_write_them(item, text):
    assert mathematics(item) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (a / b, "divide(a, b)"),
        (a**b, "power(a, b)"),
        (a**2.0, "(a * a)"),
        (-(a + 1.0), "-(a + 1.0)"),
        (a % b, "remainder(a, b)"),
        (a // b, "floor_divide(a, b)"),
        ((a > 0.1) & (b != c), "((a > 0.1) and (b != c))"),
        (symbols.abs(a) < math.inf, "(abs(a) < inf)"),
        (symbols.where(a > b, a, 0.0), "(a if (a > b) else 0.0)"),
        (symbols.prefer(1.0 - a, a < 0.9, lambda m, a: m.exp(-a), a), "((1.0 - a) if (a < 0.9) else exp(-a))"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_formulas_as_python(item, text):
    assert python(item) == text


def test_shared_calls_are_written_by_name():
    assert python(symbols.exp(a) * symbols.exp(a) + a, {"exp(a)": "shared0"}) == "((shared0 * shared0) + a)"


class Ieee:
    """A float whose operators follow IEEE: what a printed formula is computed with."""

    def __init__(self, number):
        self.number = number

    def __neg__(self):
        return Ieee(-self.number)

    def __abs__(self):
        return Ieee(abs(self.number))

    def __bool__(self):
        return self.number != 0.0


def _operator(name, swapped=False):
    def method(self, other):
        pair = self.number, other.number if isinstance(other, Ieee) else float(other)
        return Ieee(getattr(floats, name)(*(reversed(pair) if swapped else pair)))

    return method


for _sign, _name in [
    ("add", "add"), ("sub", "subtract"), ("mul", "multiply"), ("truediv", "divide"), ("pow", "power"),
    ("mod", "remainder"), ("floordiv", "floor_divide"), ("gt", "greater"), ("lt", "less"),
]:  # fmt: skip
    setattr(Ieee, f"__{_sign}__", _operator(_name))
    setattr(Ieee, f"__r{_sign}__", _operator(_name, swapped=True))

_OPERATORS = {
    "neg": operator.neg, "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": operator.mod, "//": operator.floordiv, ">": operator.gt,
}  # fmt: skip

_binary = st.sampled_from(["+", "-", "*", "/", "**", "%", "//"])  # a truth value is a condition, and no number

_constants = st.sampled_from([2.0, 3.0, -2.0, 0.5, -0.25])

_trees = st.recursive(
    st.sampled_from("abc"),
    lambda parts: st.one_of(
        st.tuples(st.just("neg"), parts),
        st.tuples(_binary, parts, parts | _constants),
        st.tuples(_binary, _constants, parts),
        st.tuples(st.sampled_from(["where", "prefer"]), st.tuples(st.just(">"), parts, parts), parts, parts),
    ),
    max_leaves=12,
)


def grown(tree, leaf, m):
    """The formula of a tree: of symbols, or of numbers."""
    if not isinstance(tree, tuple):
        return leaf(tree)
    head, *parts = tree
    operands = [grown(part, leaf, m) for part in parts]
    if head == "where":
        return m.where(*operands)
    if head == "prefer":
        good, plain, other = operands
        return m.prefer(plain, good, lambda m: other)
    return _OPERATORS[head](*operands)


class Plainly:
    """The choices of a number system, for numbers of any kind."""

    where = staticmethod(lambda condition, a, b: a if condition else b)
    prefer = staticmethod(lambda plain, good, otherwise: plain if good else otherwise(None))


class AlwaysPlain(Plainly):
    """As people read it: the plain formula."""

    prefer = staticmethod(lambda plain, good, otherwise: plain)


@given(tree=_trees, at=st.tuples(*[st.sampled_from([-3.0, -1.5, -0.0, 0.75, 1.0, 2.5])] * 3))
@settings(max_examples=settings.default.max_examples * 4)
def test_brackets_stand_where_they_must(tree, at):
    """Any formula, printed and read again, is the same number: for people, and for Python."""
    scope = dict(zip("abc", map(Ieee, at), strict=True))
    item = grown(tree, lambda leaf: Symbol(leaf) if isinstance(leaf, str) else leaf, symbols)

    def number(leaf):
        return scope[leaf] if isinstance(leaf, str) else Ieee(leaf)

    text = mathematics(item).replace("²", "**2").replace("³", "**3")
    read = eval(text, {}, scope)
    assert repr(plain_number(read)) == repr(plain_number(grown(tree, number, AlwaysPlain))), text
    read = eval(python(item), dict(FLOAT_FUNCTIONS), dict(zip("abc", at, strict=True)))
    assert repr(plain_number(read)) == repr(plain_number(grown(tree, number, Plainly))), python(item)


def plain_number(number):
    return float(number.number if isinstance(number, Ieee) else number)


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
    many = callable(operation.derivatives)
    names = [Symbol(name) for name in ("a", "b", "c")[: 3 if many else len(operation.derivatives)]]
    parameters = [Symbol(name) for name in operation.parameters]
    derivatives = () if many else operation.derivatives
    slopes = [derivative(symbols, Symbol("y"), *names, *parameters) for derivative in derivatives]
    return names, [operation.forward(symbols, *names, *parameters), *slopes]


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("choose",)])
def test_every_formula_means_what_it_says(method):
    """What is printed, read as Python, is the number that the rule computes, but for constants cut to six digits."""
    numbers = {"arccosh": (1.5,), "where": (1.0, 0.75, 0.25)}.get(method, (0.75, 0.25, 0.5))
    names, items = formulas_of(method)
    scope = dict(zip("abc", numbers, strict=False))
    fixed = {"leaky_relu": (0.1,), "clip": (-1.0, 1.0), "power_by": (3.0,)}.get(method, ())
    scope.update(zip(ops.RULE_BOOK[method].parameters, fixed, strict=True))
    y, local_derivatives = evaluate(ops.bind(ops.RULE_BOOK[method], *fixed), *numbers[: len(names)])
    scope["y"] = y
    readable = {name: getattr(floats, name) for name in ops.RULE_BOOK} | {"abs": abs} | scope
    readable["norm"] = lambda *t: math.hypot(*t)
    readable["fsum"], readable["logsumexp"] = lambda *t: math.fsum(t), lambda *t: floats.logsumexp(t)
    for item, expected in zip(items, (y, *local_derivatives), strict=False):
        text = mathematics(item).replace("²", "**2").replace("³", "**3")
        text = text.replace("|a - b|", "abs(a - b)").replace("|a|", "abs(a)")
        assert float(eval(text, {}, readable)) == pytest.approx(expected, rel=1e-5), text


@pytest.mark.parametrize(
    ("method", "y", "slopes"),
    [
        ("sigmoid", "sigmoid(a)", ["y * (1 - y)"]),
        ("silu", "silu(a)", ["sigmoid(a) * (1 + a * (1 - sigmoid(a)))"]),
        ("power", "a ** b", ["b * a ** (b - 1)", "y * log(a)"]),
        ("remainder", "a % b", ["1", "-(a // b)"]),
        ("floor_divide", "a // b", ["0", "0"]),
        ("hypot", "hypot(a, b)", ["a / y", "b / y"]),
        ("arctan2", "arctan2(a, b)", ["b / (a² + b²)", "-a / (a² + b²)"]),
        ("logaddexp", "logaddexp(a, b)", ["sigmoid(a - b)", "sigmoid(b - a)"]),
    ],
)
def test_people_are_shown_the_plain_formula(method, y, slopes):
    operation = ops.RULE_BOOK[method]
    names = ["a", "b"][: len(slopes)]
    assert formula(operation, names) == y
    assert local_formulas(operation, "y", names) == slopes
