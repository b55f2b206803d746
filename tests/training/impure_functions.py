"""A generator of models and losses that do what a recording cannot follow, and of such that only look so.

Each is a few lines of Python, made from a seed: look-ups in dictionaries and sets, `isinstance`, `try`, state of their
own, `sorted`, `np.argmax`, identity, `len`. `fit` must train them with the numbers of eager code: replayed with equal
loss and gradient on every row, or refused and trained eagerly.

    python tests/training/impure_functions.py 20000    tries so many, and prints what became of them
"""

from __future__ import annotations

import collections
import random
import sys
import warnings
from typing import Any

import numpy as np

from tinygrad_edu import MLP
from tinygrad_edu.nn import Module
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.engines import Auto, Eager
from tinygrad_edu.training.objective import Objective

#: Numbers made of `t`, a number: the target, a feature, or something computed from them.
OF_A_NUMBER = [
    "{0.0: 2.0, 1.0: 3.0}.get(t, 4.0)", "{0.0: 2.0, 1.0: 3.0, 2.0: 5.0}[t]", "(2.0 if t in {0.0, 2.0} else 3.0)",
    "(2.0 if t in [0.0, 2.0] else 3.0)", "(2.0 if t in (1.0,) else 3.0)", "(2.0 if isinstance(t, float) else 3.0)",
    "(2.0 if isinstance(t, Value) else 3.0)", "(2.0 if type(t) is float else 3.0)", "len(repr(t))", "len(str(t))",
    "len(f'{t}')", "len(f'{t:.1f}')", "len('%s' % t)", "int(t)", "float(t)", "round(t)", "math.floor(t)",
    "math.ceil(t)", "math.trunc(t)", "abs(t)", "t // 1", "t % 2", "divmod(t, 2.0)[0]", "hash(t) % 7",
    "(2.0 if t else 3.0)", "(2.0 if not t else 3.0)", "(2.0 if t is None else 3.0)", "(2.0 if t != None else 3.0)",
    "(2.0 if t == 'a' else 3.0)", "(2.0 if t == 1.0 else 3.0)", "(2.0 if t > 0.5 else 3.0)",
    "(2.0 if 0 < t < 1.5 else 3.0)", "(t == 1.0) * 2.0", "(t > 0.5) + 1.0", "max(t, 0.5)", "min(t, 0.5)",
    "sorted([t, 0.5, 1.5])[0]", "sorted([1.5, 0.5, t])[-1]", "np.argmax([t, 0.5])",
    "np.argmax(np.array([t, 0.5], dtype=object))", "np.sign(t)", "np.abs(t)", "np.maximum(t, 0.5)",
    "np.isclose(t, 1.0) * 2.0", "np.float64(t)", "np.array([t])[0]", "np.array([t, 1.0]).sum()", "np.asarray(t).ndim",
    "float(np.ndim(t))", "np.sqrt(abs(t))", "np.exp(-abs(t))", "[0.0, 1.0, 2.0].count(t)",
    "[0.0, 1.0, 2.0, t].index(t)", "len({t, 1.0})", "len({t: 1, 0.0: 2})", "len(frozenset([t, t]))",
    "len(dict.fromkeys([t, 1.0]))", "collections.Counter([t])[1.0]", "(2.0 if copy.copy(t) is t else 3.0)",
    "(2.0 if copy.deepcopy(t) == t else 3.0)", "(2.0 if hasattr(t, 'data') else 3.0)", "getattr(t, 'data', 2.0)",
    "(2.0 if hasattr(t, 'is_integer') else 3.0)", "(2.0 if callable(getattr(t, 'exp', None)) else 3.0)",
    "all([t > 0.0, t < 5.0]) * 1.0", "any([t > 5.0, t < 0.5]) * 1.0", "sum(1 for v in (0.0, 1.0, 2.0) if v == t)",
    "sum(v == t for v in (0.0, 1.0))", "complex(t).real", "math.exp(-abs(t))", "math.isclose(t, 1.0) * 2.0",
    "statistics.fmean([t, 1.0])", "math.fsum([t, 1.0])", "sum([t, 1.0])", "math.hypot(t, 1.0)",
    "bisect.bisect([0.5, 1.5], t)", "heapq.nsmallest(1, [t, 0.5])[0]", "range(4)[int(t)]", "[2.0, 3.0, 4.0][int(t)]",
    "(2.0, 3.0)[t > 0.5]", "[2.0, 3.0][bool(t > 0.5)]", "choose(t, [2.0, 3.0, 4.0])", "where(t > 0.5, 2.0, 3.0)",
    "where(~np.bool_(t > 0.5), 2.0, 3.0)", "where((t > 0.5) & (t < 1.5), 2.0, 3.0)",
    "where((t < 0.5) | (t > 1.5), 2.0, t)", "json.loads(json.dumps(t))", "fractions.Fraction(t).numerator % 5",
    "operator.index(t)", "struct.unpack('d', struct.pack('d', t))[0]", "float(str(t))", "eval(repr(t))",
    "(2.0 if t.__class__.__name__ == 'float' else 3.0)", "len(vars(builtins)) * t", "pickle.loads(pickle.dumps(t))",
    "(t + 0.0).__abs__()", "(2.0 if (t + 1.0) in {1.0, 3.0} else 3.0)", "{2.0: 5.0}.get(t + 1.0, 6.0)",
    "(2.0 if isinstance(t * 2.0, float) else 3.0)", "{True: 2.0}.get(t > 0.5, 3.0)", "cached(t)", "dispatch(t)",
    "state(t)", "first(t)", "next(counter) % 3", "random.random()", "next(alternating)", "np.random.normal()",
    "time.perf_counter() % 1.0",
]  # fmt: skip
#: Statements that make the number `v` of `t`, with the trap around it.
TRAPS = [
    "v = {0}",
    "try:\n    v = {0}\nexcept Exception:\n    v = 2.5",
    "try:\n    v = {0}\nexcept TypeError:\n    v = 2.5",
    "with contextlib.suppress(Exception):\n    v = 2.5\n    v = {0}",
    "try:\n    v = 1.5\n    v = {0}\nfinally:\n    v = v * 1.0",
    "v = next((f() for f in [lambda: {0}]), 2.5)",
    "v = sum(f for f in [{0}])",
]
MODELS = [
    "return inner(x)", "return inner([v for v in x])", "return inner(x[:2])", "return inner(sorted(x))",
    "return inner([max(x), min(x)])", "return inner(x) + [x[0]]", "return inner(x[::-1])",
    "return inner((x + [1.0])[:2])", "return inner((x * 2)[1:3])", "return inner([x[0], float(len(x))])",
    "return [inner(x)[0] * len(set(x))]", "return [inner(x)[0] * (2.0 if isinstance(x, list) else 3.0)]",
    "return [inner(x)[0] * x.index(x[1])]", "return [inner(x)[0] * (2.0 if x[0] is x[0] else 3.0)]",
    "return [inner(x)[0] * dict(enumerate(x))[1]]",
    "return [inner(x)[0] * (2.0 if tuple(x) in memory else memory.add(tuple(x)) or 2.0)]",
    "x = np.array(x); return inner(x / (1.0 + np.abs(x).max()))", "x = np.array(x); return inner(x * 2.0)",
    "x = np.asarray(x, dtype=float); return inner(x)", "return [np.tanh(np.array(inner(x)))[0]]",
    "return [inner(x)[0] + inner.parameters()[0] * len(x)]", "return [inner(x)[0] * inner.parameters()[0].data]",
    "return [inner(x)[0] * (1.0 + sum(p.grad for p in inner.parameters()))]",
    "return [inner(x)[0] * (2.0 if inner.parameters()[0] in set(inner.parameters()) else 3.0)]",
]  # fmt: skip
PREAMBLE = """
import bisect, builtins, collections, contextlib, copy, fractions, functools, heapq, itertools, json, math, operator
import pickle, random, statistics, struct, time
import numpy as np
from tinygrad_edu import Value, choose, where
counter, alternating, memory, seen = itertools.count(), itertools.cycle([2.0, 3.0]), set(), []
@functools.lru_cache
def cached(t): return t * 2.0
@functools.singledispatch
def dispatch(t): return 2.0
@dispatch.register
def _(t: float): return t + 3.0
def state(t): return 2.0 if seen.append(t) or len(seen) % 2 else 3.0
def first(t): return (seen or seen.append(t) or seen)[0]
"""


def source(seed: int) -> str:
    """A model and a loss, as Python."""
    r = random.Random(seed)
    model = r.choice(MODELS) if r.random() < 0.5 else MODELS[0]
    lines = []
    for _ in range(r.choice([1, 1, 2])):
        of = r.choice(["t", "t", "t", "t + 0.0", "t * 2.0", "out[0]", "e"])
        expression = r.choice(OF_A_NUMBER)
        trap = r.choice(TRAPS) if r.random() < 0.5 else TRAPS[0]
        statement = trap.format("(lambda t: " + expression + f")({of})")
        lines += [*statement.split("\n"), f"e = {r.choice(['e * v', 'e + v', 'e * (1.0 + v)', 'v * e * e'])}"]
    body = "\n".join(f"    {line}" for line in lines)
    return (
        f"{PREAMBLE}\ndef model(x):\n    {model}\n\ndef loss(out, t):\n    e = out[0] - t\n{body}\n    return e * e\n"
    )


class Generated(Module):
    """The model of a generated program."""

    def __init__(self, scope: dict[str, Any], seed: int) -> None:
        self.inner = MLP(2, [3, 1], seed=seed)
        self._scope = scope
        scope["inner"] = self.inner

    def __call__(self, x: Any) -> Any:
        return self._scope["model"](x)


def objective(text: str, seed: int) -> Objective:
    """The program once more, with a fresh state."""
    scope: dict[str, Any] = {}
    exec(compile(text, f"<program {seed}>", "exec"), scope)
    model = Generated(scope, seed)
    return Objective(model, scope["loss"], model.parameters())


def data(seed: int) -> Data:
    """Features of which some are whole numbers and equal, and whole or other targets."""
    generator = np.random.default_rng(seed)
    X = np.where(generator.random((24, 2)) < 0.3, generator.integers(-1, 3, (24, 2)), generator.normal(size=(24, 2)))
    y = generator.integers(0, 3, 24).astype(float) if seed % 3 else generator.uniform(0, 2, 24).round(2)
    return Data(X, y)


def trial(seed: int) -> str:
    """What became of a program: "raised", "refused" or "equal"; AssertionError for another number than eager code's."""
    text, examples = source(seed), data(seed)
    random.seed(seed)
    rows = [(examples.X[k : k + 1], examples.y[k : k + 1]) for k in range(24)]
    eager = Eager(objective(text, seed))
    try:
        wanted = [eager.loss_and_gradient(*row) for row in rows]
    except Exception:
        return "raised"  # it is no eager program either
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = Auto(objective(text, seed), examples)
        if engine.description.startswith("eager"):
            return "refused"
        ours = [(loss, gradient.copy()) for loss, gradient in (engine.loss_and_gradient(*row) for row in rows)]
    for (our_loss, our_gradient), (loss, gradient) in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(our_loss, loss, rtol=1e-9, atol=1e-12, err_msg=text)
        np.testing.assert_allclose(our_gradient, gradient, rtol=1e-7, atol=1e-9, err_msg=text)
    return "equal"


if __name__ == "__main__":
    counts: collections.Counter[str] = collections.Counter()
    for number in range(int(sys.argv[1])):
        try:
            counts[trial(number)] += 1
        except AssertionError as error:
            counts["different"] += 1
            print(f"program {number}:\n{source(number).partition('def model')[2]}\n{str(error)[-400:]}")
    print(dict(counts))
