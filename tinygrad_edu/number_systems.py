"""The number systems that rules run on: floats, symbols, `Value`s and arrays.

A rule such as `lambda m, y, a: 1.0 / m.cosh(y)` uses Python's operators and the functions of `m`. Here are the
`m`s. What a system does not define itself it takes from the rule book by name, so a rule may use any operation.

    floats    IEEE arithmetic: where Python's `math` would raise, the answer is NumPy's (1/0 is inf)
    symbols   expressions that print as formulas, and that are compiled into specialised Python
    values    anything with the operations as methods: `Value`s
    arrays    NumPy or jax.numpy arrays, element by element

May import: `ops`, `math`, NumPy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial, reduce
from typing import Any, cast

import numpy as np

from tinygrad_edu import ops

__all__ = ["Arrays", "Floats", "Symbol", "Symbols", "Values", "floats", "specialise", "symbols", "values"]


# Floats ---------------------------------------------------------------------------------------------------


def _ieee(function: Callable[..., float], ufunc: Callable[..., Any]) -> Callable[..., float]:
    """`function`, but where it raises, the answer that NumPy's float64 gives."""

    def safe(*numbers: Any) -> float:
        try:
            return function(*numbers)
        except (ValueError, OverflowError, ZeroDivisionError):
            with np.errstate(all="ignore"):
                answer = float(ufunc(*numbers))
            np.add(0.0, 0.0)  # clears the processor's flags, lest np.exp(array_of_values) around us warns of them
            return answer

    safe.__name__ = function.__name__
    return safe


def _sign(a: float) -> float:
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else a + 0.0  # nan stays nan, and -0 becomes 0


def _maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b  # a != a: nan wins, as in NumPy


def _minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def _choose(index: float, options: Sequence[float]) -> float:
    return options[int(index)]


def _dot(weights: Sequence[float], inputs: Sequence[float], bias: float) -> float:
    return sum(map(operator.mul, weights, inputs), bias)


def _logsumexp(terms: Sequence[float]) -> float:
    top = max(terms)
    if not math.isfinite(top):
        return float(np.max(terms))  # inf stays inf, nan stays nan
    return top + floats.log(math.fsum([floats.exp(term - top) for term in terms]))


def _shares(terms: Sequence[float], total: float) -> list[float]:
    shares = [floats.exp(term - total) for term in terms]
    whole = math.fsum(shares) if all(map(math.isfinite, shares)) else 0.0
    # They add up to 1, but for the rounding of `total`, which is no longer small where terms are huge.
    return [share / whole for share in shares] if whole > 0.0 else shares


class Floats:
    """Python floats with IEEE results, where Python itself would raise.

    >>> floats.log(0.0), floats.exp(1000.0), floats.divide(1.0, 0.0)
    (-inf, inf, inf)
    """

    def __getattr__(self, method: str) -> Callable[..., float]:
        # Through `evaluator`, because a bare `/` or `**` on Python floats can raise.
        if method not in ops.RULE_BOOK:
            raise AttributeError(f"no operation is called {method!r}; a rule may use those of tinygrad_edu.ops")
        function = evaluator(method)
        return lambda *numbers: function(*numbers)[0]

    abs = staticmethod(abs)
    sign = staticmethod(_sign)
    maximum = staticmethod(_maximum)
    minimum = staticmethod(_minimum)
    where = staticmethod(_where)
    choose = staticmethod(_choose)
    dot = staticmethod(_dot)
    logsumexp = staticmethod(_logsumexp)
    shares = staticmethod(_shares)
    divide = staticmethod(_ieee(operator.truediv, np.divide))
    power = staticmethod(_ieee(math.pow, np.power))
    fsum = staticmethod(_ieee(math.fsum, np.sum))
    erf = staticmethod(math.erf)
    erfc = staticmethod(math.erfc)
    tanh = staticmethod(math.tanh)
    arctan = staticmethod(math.atan)
    arcsinh = staticmethod(math.asinh)
    cbrt = staticmethod(math.cbrt)
    sqrt = staticmethod(_ieee(math.sqrt, np.sqrt))
    exp = staticmethod(_ieee(math.exp, np.exp))
    exp2 = staticmethod(_ieee(math.exp2, np.exp2))
    expm1 = staticmethod(_ieee(math.expm1, np.expm1))
    log = staticmethod(_ieee(math.log, np.log))
    log2 = staticmethod(_ieee(math.log2, np.log2))
    log10 = staticmethod(_ieee(math.log10, np.log10))
    log1p = staticmethod(_ieee(math.log1p, np.log1p))
    sin = staticmethod(_ieee(math.sin, np.sin))
    cos = staticmethod(_ieee(math.cos, np.cos))
    tan = staticmethod(_ieee(math.tan, np.tan))
    arcsin = staticmethod(_ieee(math.asin, np.arcsin))
    arccos = staticmethod(_ieee(math.acos, np.arccos))
    sinh = staticmethod(_ieee(math.sinh, np.sinh))
    cosh = staticmethod(_ieee(math.cosh, np.cosh))
    arccosh = staticmethod(_ieee(math.acosh, np.arccosh))
    arctanh = staticmethod(_ieee(math.atanh, np.arctanh))


floats = Floats()
FLOAT_FUNCTIONS: dict[str, Any] = {name: getattr(floats, name) for name in vars(Floats) if not name.startswith("__")}


# Symbols --------------------------------------------------------------------------------------------------

_INFIX = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_COMPARISONS = {">", ">=", "<", "<=", "==", "!=", "&"}
_UNARY_MINUS = 3
_ATOM = 5


class Symbol:
    """A formula: a name, or an operation on other formulas.

    >>> a = Symbol("a")
    >>> print(1.0 - a * a, "|", 2.0 * a ** 1.0, "|", symbols.cos(a) / (1.0 + a))
    1 - a² | 2 * a | cos(a) / (1 + a)
    """

    __slots__ = ("head", "operands")

    def __init__(self, head: str, operands: tuple[Any, ...] = ()) -> None:
        self.head = head
        self.operands = operands

    def __str__(self) -> str:
        return _print(self)[0]

    def __repr__(self) -> str:
        return f"Symbol({str(self)!r})"

    def __neg__(self) -> Symbol:
        return Symbol("neg", (self,))

    def __add__(self, other: Any) -> Symbol:
        return Symbol("+", (self, other))

    def __radd__(self, other: Any) -> Symbol:
        return Symbol("+", (other, self))

    def __sub__(self, other: Any) -> Symbol:
        return Symbol("-", (self, other))

    def __rsub__(self, other: Any) -> Symbol:
        return Symbol("-", (other, self))

    def __mul__(self, other: Any) -> Symbol:
        return Symbol("*", (self, other))

    def __rmul__(self, other: Any) -> Symbol:
        return Symbol("*", (other, self))

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol("/", (self, other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol("/", (other, self))

    def __pow__(self, other: Any) -> Symbol:
        # a¹ is a in IEEE arithmetic too, and prints better.
        return self if isinstance(other, float) and other == 1.0 else Symbol("**", (self, other))

    def __gt__(self, other: Any) -> Symbol:
        return Symbol(">", (self, other))

    def __ge__(self, other: Any) -> Symbol:
        return Symbol(">=", (self, other))

    def __lt__(self, other: Any) -> Symbol:
        return Symbol("<", (self, other))

    def __le__(self, other: Any) -> Symbol:
        return Symbol("<=", (self, other))

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a bool
        return Symbol("==", (self, other))

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a bool
        return Symbol("!=", (self, other))

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Symbol:
        return Symbol("&", (self, other))


class Symbols:
    """Formulas: every function of this system returns the `Symbol` that names it.

    >>> symbols.tanh(Symbol("a") * 2.0 + 1.0)
    Symbol('tanh(a * 2 + 1)')
    """

    def __getattr__(self, method: str) -> Callable[..., Symbol]:
        if method.startswith("__"):
            raise AttributeError(method)
        return lambda *operands: Symbol(method, operands)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a if condition else b`, decided now when the condition is already known."""
        return Symbol("where", (condition, a, b)) if isinstance(condition, Symbol) else _where(condition, a, b)

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Symbol:
        """`w1 * x1 + w2 * x2 + ... + bias`."""
        return Symbol("dot", (*weights, *inputs, bias))

    def fsum(self, terms: Iterable[Any]) -> Symbol:
        """`fsum(term1, term2, ...)`."""
        return Symbol("fsum", tuple(terms))

    def choose(self, index: Any, options: Iterable[Any]) -> Symbol:
        """`choose(index, option0, option1, ...)`."""
        return Symbol("choose", (index, *options))

    def shares(self, terms: Iterable[Any], total: Any) -> list[Symbol]:
        """`exp(termᵢ - total)` for each term."""
        return [self.exp(term - total) for term in terms]

    def logsumexp(self, terms: Iterable[Any]) -> Symbol:
        """`logsumexp(term1, term2, ...)`."""
        return Symbol("logsumexp", tuple(terms))


symbols = Symbols()


def formula(operation: ops.Op, names: Sequence[str]) -> str:
    """How a node of this operation is written: `formula(ops.multiply, ["c", "d"])` is `c * d`."""
    operands = (*map(Symbol, names), *operation.settings)
    return str(Symbol(operation.name, operands))


def local_formulas(operation: ops.Op, name: str, names: Sequence[str]) -> list[str]:
    """∂y/∂input for each input, as text: for `tanh`, with the output called `y`, `["1 - y²"]`."""
    locals_ = operation.local_derivatives(symbols, Symbol(name), *map(Symbol, names))
    return [str(local) if isinstance(local, Symbol) else _number(local) for local in locals_]


def _number(number: float) -> str:
    return f"{number:.6g}"


def _print(item: Any) -> tuple[str, int]:
    """The text of a formula, and how tightly its outermost operator binds."""
    if not isinstance(item, Symbol):
        return _number(item), _ATOM if item >= 0 else _UNARY_MINUS
    head, operands = item.head, item.operands
    if not operands:
        return head, _ATOM if head.replace(".", "").replace("_", "").isalnum() else 0
    if head == "neg":
        return "-" + _grouped(operands[0], _UNARY_MINUS), _UNARY_MINUS
    if head == "abs":
        return f"|{_print(operands[0])[0]}|", _ATOM
    if head == "where":
        condition, a, b = (_print(operand)[0] for operand in operands)
        return f"{a} if {condition} else {b}", 0
    if head == "dot":
        weights, inputs, bias = ops.split_dot(operands)
        products = [f"{_grouped(w, 2)} * {_grouped(x, 2)}" for w, x in zip(weights, inputs, strict=True)]
        return " + ".join([*products, _grouped(bias, 1)]), 1
    if head == "*" and str(operands[0]) == str(operands[1]):
        head, operands = "**", (operands[0], 2.0)
    if head == "**" and isinstance(operands[1], float) and operands[1] in (2.0, 3.0):
        return _grouped(operands[0], _ATOM) + "²³"[int(operands[1]) - 2], 4
    if head == "**":
        return f"{_grouped(operands[0], _ATOM)} ** {_grouped(operands[1], 4)}", 4
    if head in _INFIX:
        level = _INFIX[head]
        return f"{_grouped(operands[0], level)} {head} {_grouped(operands[1], level + 1)}", level
    if head in _COMPARISONS:
        return f" {head.replace('&', 'and')} ".join(_grouped(operand, 1) for operand in operands), 0
    return f"{head}({', '.join(_print(operand)[0] for operand in operands)})", _ATOM


def _grouped(item: Any, level: int) -> str:
    text, own_level = _print(item)
    return text if own_level >= level else f"({text})"


# From a declaration to fast Python ------------------------------------------------------------------------

INPUT_NAMES = ("a", "b", "c")
GENERATED = "<rule book>"  # the file name that tracebacks show for specialised code


def specialise(operation: ops.Op) -> tuple[list[str], str, list[str]]:
    """Python for one operation on floats: shared subexpressions, the output `y`, the local derivatives.

    The rules run on symbols once, and the formulas are written out as Python in which the inputs are called
    `a`, `b`, `c`. This is how an operator of `Value` is as fast as one written by hand, and never written twice.

    >>> specialise(ops.tanh)
    ([], 'tanh(a)', ['(1.0 - (y * y))'])
    >>> specialise(ops.divide)
    ([], 'divide(a, b)', ['divide(1.0, b)', 'divide(-y, b)'])
    """
    names = [Symbol(name) for name in (*input_names(operation), *operation.parameters)]
    assert not callable(operation.rules)
    formulas = [operation.forward(symbols, *names), *(rule(symbols, Symbol("y"), *names) for rule in operation.rules)]
    uses: dict[str, int] = {}
    for item in formulas:
        _count_calls(item, uses)
    shared = {text: f"shared{k}" for k, text in enumerate(text for text in uses if uses[text] > 1)}
    output, *locals_ = [_python(item, shared) for item in formulas]
    return [f"{name} = {text}" for text, name in shared.items()], output, locals_


def input_names(operation: ops.Op) -> tuple[str, ...]:
    """The names of the inputs of a non-variadic operation in its specialised Python."""
    assert not callable(operation.rules)
    return INPUT_NAMES[: len(operation.rules)]


def define(source: str, name: str, scope: dict[str, Any]) -> Any:
    """The function called `name` that `source`, written by us from the rule book, defines in `scope`."""
    for method in ops.RULE_BOOK:
        if f"{method}(" in source and method not in scope:
            scope[method] = getattr(floats, method)
    exec(compile(source, GENERATED, "exec"), scope)  # our own text, as in attrs and namedtuple; never outside data
    return scope[name]


def evaluate(operation: ops.Op, *inputs: float) -> tuple[float, tuple[float, ...]]:
    """The output and all local derivatives, in floats.

    >>> evaluate(ops.multiply, 2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    return evaluator(operation.method)(*inputs, *operation.settings)


@cache
def evaluator(method: str) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """A function from floats (inputs, then settings) to the output and all local derivatives."""
    operation = ops.RULE_BOOK[method]
    forward, rules = operation.forward, operation.rules
    if callable(rules):

        def variadic(*inputs: float) -> tuple[float, tuple[float, ...]]:
            y = forward(floats, *inputs)
            return y, tuple(rules(floats, y, *inputs))

        return variadic
    shared, output, locals_ = specialise(operation)
    body = [*shared, f"y = {output}", f"return y, ({', '.join(locals_)},)"]
    arguments = ", ".join((*input_names(operation), *operation.parameters))
    function: Callable[..., tuple[float, tuple[float, ...]]] = define(
        f"def evaluate({arguments}):\n    " + "\n    ".join(body), "evaluate", dict(FLOAT_FUNCTIONS)
    )
    return function


def _count_calls(item: Any, uses: dict[str, int]) -> None:
    """How often each function call occurs; the inside of a repeated call counts once."""
    if isinstance(item, Symbol) and item.operands:
        if item.head.isidentifier() and item.head not in ("where", "neg"):
            text = _python(item, {})
            uses[text] = uses.get(text, 0) + 1
            if uses[text] > 1:
                return
        for operand in item.operands:
            _count_calls(operand, uses)


def _python(item: Any, shared: dict[str, str]) -> str:
    """A formula as Python source over the functions of `floats`."""
    if not isinstance(item, Symbol):
        return repr(float(item))
    head, operands = item.head, [_python(operand, shared) for operand in item.operands]
    if not operands:
        return head
    if head == "where":
        return f"({operands[1]} if {operands[0]} else {operands[2]})"
    if head == "neg":
        return f"-{operands[0]}"
    if head in ("/", "**"):
        return f"{'divide' if head == '/' else 'power'}({operands[0]}, {operands[1]})"
    if head in _INFIX or head in _COMPARISONS:
        return f"({operands[0]} {'and' if head == '&' else head} {operands[1]})"
    call = f"{head}({', '.join(operands)})"
    return shared.get(call, call)


# Values ---------------------------------------------------------------------------------------------------


class Values:
    """Whatever has the operations as methods, such as `Value`: `values.exp(a)` is `a.exp()`.

    >>> from tinygrad_edu.value import Value
    >>> values.exp(Value(0.0))
    Value(1.0, op='exp')
    """

    where = staticmethod(_where)
    abs = staticmethod(abs)

    def shares(self, terms: Sequence[Any], total: Any) -> list[Any]:
        """exp(termᵢ - total) for each term, made to add up to 1 as on floats."""
        shares = [(term - total).exp() for term in terms]
        whole = reduce(operator.add, shares)
        return [share / whole for share in shares] if math.isfinite(whole) and whole > 0.0 else shares

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)
        return lambda a, *others: getattr(a, method)(*others)


values = Values()


# Arrays ---------------------------------------------------------------------------------------------------


class Arrays:
    """Arrays, element by element: `Arrays(numpy)`, or `Arrays(jax.numpy)` with its own `erf` and `erfc`.

    >>> Arrays().sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    def __init__(self, module: Any = np, **functions: Callable[..., Any]) -> None:
        self.module = module
        self.functions = functions

    def __getattr__(self, method: str) -> Callable[..., Any]:
        own = self.functions.get(method) or getattr(self.module, method, None)
        if own is not None:
            return cast(Callable[..., Any], own)
        if method not in ops.RULE_BOOK:
            raise AttributeError(f"no operation is called {method!r}; a rule may use those of tinygrad_edu.ops")
        return partial(self._by_rule, ops.RULE_BOOK[method])

    def _by_rule(self, operation: ops.Op, *arrays: Any) -> Any:
        with np.errstate(all="ignore"):  # as on floats: the result is IEEE's, and nobody is warned
            return operation.forward(self, *arrays)

    def fsum(self, terms: Sequence[Any]) -> Any:
        """The sum over the terms."""
        return self.module.stack(terms).sum(axis=0)

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        """The sum of products, plus the bias."""
        return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)

    def choose(self, index: Any, options: Sequence[Any]) -> Any:
        """For each element the option that its index names."""
        stacked = self.module.stack(options)
        return self.module.take_along_axis(stacked, self.module.asarray(index, dtype=int)[None], axis=0)[0]

    def shares(self, terms: Sequence[Any], total: Any) -> Any:
        """exp(termᵢ - total) for each term, made to add up to 1 as on floats."""
        shares = self.module.exp(self.module.stack(terms) - total)
        whole = shares.sum(axis=0)
        return shares / self.module.where(self.module.isfinite(whole) & (whole > 0.0), whole, 1.0)

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """The logarithm of the sum of exponentials, with the largest taken out first."""
        stacked = self.module.stack(terms)
        top = stacked.max(axis=0)
        finite = self.module.where(self.module.isfinite(top), top, 0.0)
        return finite + self.module.log(self.module.exp(stacked - finite).sum(axis=0))


arrays = Arrays(
    np,
    erf=np.vectorize(math.erf, otypes=[np.float64]),
    erfc=np.vectorize(math.erfc, otypes=[np.float64]),
)
