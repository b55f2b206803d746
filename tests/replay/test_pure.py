"""A program as a pure function: on NumPy whose arrays have the `.at` of JAX, and on JAX itself."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from replay.pure_arrays import PURE

from tinygrad_edu import Program, RecordingError, Value, choose, dot, fsum, logsumexp, nn, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.nn.regularizers import Dropout
from tinygrad_edu.op import RULE_BOOK, op

INF, NAN = math.inf, math.nan


def purely(program: Program, *arrays: Any) -> tuple[Any, Any]:
    with np.errstate(all="ignore"):
        return program.evaluate(PURE, program.theta, arrays)


def agree(program: Program, *arrays: Any) -> None:
    for ours, expected in zip(purely(program, *arrays), program.value_and_grad(*arrays), strict=True):
        assert np.shape(ours) == np.shape(expected)
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


generator = np.random.default_rng(0)
X = generator.normal(size=(5, 4, 4))
LABELS = np.arange(5) % 3
W, V = Value(0.5, "w"), Value(-1.5, "v")
convolution, head = nn.Conv2d(1, 2, 3, padding=1, seed=0), nn.Layer(8, 3, "tanh", seed=1)
attention, table = nn.TransformerEncoderLayer(4, 2, 6, seed=2), nn.Embedding(3, 4, seed=3)


def an_image(x: Any, label: Any) -> Any:
    return nn.losses.cross_entropy(head(nn.flatten(nn.MaxPool2d(2)(convolution([x])))), label)


def a_sequence(x: Any, label: Any) -> Any:
    return fsum(v * v for row in attention([*x, table(label)])[0] for v in row)


def the_same_weights_at_several_places(x: Any, label: Any) -> Any:
    products = [dot(head.neurons[0].weights[:4], row) * label for row in x]
    return dot([W, 0.5, W, 2.0], products) + dot([3.0], [4.0], W)


def sums_of_several_lengths(x: Any, label: Any) -> Any:
    terms = [(v * W).tanh() for v in x.ravel()]
    sums = [fsum(terms[:3]), fsum(terms[3:5]), fsum(terms[5:9])]
    largest = [logsumexp(terms[:2]), logsumexp(terms[2:7])]
    return fsum(v * v for v in [*sums, *largest]) + label


def sums_of_one_length(x: Any, label: Any) -> Any:
    return fsum(fsum((v * W).tanh() for v in row) ** 2.0 * V for row in x) * label


def a_choice_from_a_table_of_its_own(x: Any, label: Any) -> Any:
    return choose(label, [x[0][0] * W, V, x[0][1] * V]) ** 2.0 + choose(label, list(x[1][:3])) * V


def several_choices_from_one_table(x: Any, label: Any) -> Any:
    rows = zip(table(label), table(where(label > 0.5, label - 1.0, label)), strict=True)
    return fsum(a * b * c for (a, b), c in zip(rows, x[0], strict=True))


def what_no_example_changes(x: Any, label: Any) -> Any:
    return fsum([W * V, logsumexp([W, V, 0.25]), (W - V).exp()])


FUNCTIONS = [
    an_image,
    a_sequence,
    the_same_weights_at_several_places,
    sums_of_several_lengths,
    sums_of_one_length,
    a_choice_from_a_table_of_its_own,
    several_choices_from_one_table,
    what_no_example_changes,
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_mean_and_gradient_are_those_of_the_buffers(function: Callable[..., Any]) -> None:
    modules = (convolution, head, attention, table)
    program = record(function, ((4, 4), ()), [*[p for module in modules for p in module.parameters()], W, V])
    for count in (5, 1, 0):
        agree(program, X[:count], LABELS[:count])
    agree(program, X.astype(np.float32), LABELS)


def test_without_inputs_there_is_one_example() -> None:
    agree(record(lambda: W / V + fsum([W, V, 2.0]), (), [W, V]))
    agree(record(lambda: 3.0, (), [W]))
    agree(record(lambda x: x, ((),), []), np.array([2.0, 5.0]))


def test_a_formula_is_preferred_where_it_is_good() -> None:
    declared = op(
        "either",
        lambda m, a: m.prefer(a * a, a < 1.0, lambda m, a, three: a**three, a, 3.0),
        (lambda m, y, a: m.where(a < 1.0, 2.0 * a, 3.0 * a * a),),
    )
    try:
        program = record(lambda x: applied(declared, [x * W]), ((),), [W])
    finally:
        del RULE_BOOK["either"]
    mean, gradient = purely(program, np.array([1.0, 6.0]))
    np.testing.assert_allclose([mean, *gradient], [(0.25 + 27.0) / 2.0, (1.0 + 27.0 * 6.0) / 2.0], rtol=1e-15)


def chosen_or(x: Sequence[Any]) -> Any:
    return where(x[1] > 0.0, choose(x[0], [W * x[1], V]), W)


@pytest.mark.parametrize("bad", [2.0, -1.0, 0.5, NAN, INF])
def test_an_index_that_names_no_option_is_refused(bad: float) -> None:
    program = record(chosen_or, (2,), [W, V])
    agree(program, np.array([[0.0, -1.0], [1.0, 2.0], [-0.0, 3.0]]))
    for ours in (lambda x: purely(program, x), program.value_and_grad):
        with pytest.raises(IndexError, match="a whole number from 0 to 1, and these are not"):
            ours(np.array([[0.0, 1.0], [bad, 1.0]]))


def test_an_option_that_was_not_chosen_gets_0_times_an_upstream_that_is_not_finite() -> None:
    """Of a table that all examples share, of one for each example, and of one that two indices share."""
    a, b = Value(1.0), Value(2.0)
    shared = record(lambda k, x: choose(k, [a - 1.0, b, W]).log() + x, ((), ()), [a, b, W])
    own = record(lambda k, x: choose(k, [x * a, b, x * W]).log(), ((), ()), [a, b, W])
    both = record(lambda k, x: fsum(choose(i, [a * x, b]).log() for i in (k, 1.0 - k)), ((), ()), [a, b])
    for program in (shared, own, both):
        for numbers in ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0]):
            for indices in ([0, 1, 0], [1, 0, 1], [1, 1, 1]):
                agree(program, np.array(indices), np.array(numbers))
    _, gradient = purely(shared, np.array([0]), np.array([1.0]))
    np.testing.assert_array_equal(gradient, [INF, NAN, NAN])


def test_the_largest_of_terms_that_are_equal_infinite_or_nan() -> None:
    one = Value(1.0)
    program = record(lambda x: logsumexp([v * one for v in x]) + logsumexp([x[0], x[1] * one]), (3,), [one])
    for row in ([1.0, 1.0, 1.0], [NAN, 0.0, 1.0], [0.0, NAN, INF], [INF, INF, 0.0], [-INF, -INF, -INF]):
        agree(program, np.array([row]))


def test_what_does_not_fit_is_refused_as_by_the_buffers() -> None:
    program = record(lambda x, y: fsum(x) * W - y, (2, ()), [W])
    for theta in (np.ones(2), np.ones((1, 1)), np.ones(())):
        with pytest.raises(ValueError, match="one number for each parameter"):
            program.evaluate(PURE, theta, [np.ones((3, 2)), np.ones(3)])
    for arrays in ([np.ones((3, 2)), np.ones(2)], [np.ones((3, 2)), np.ones((3, 1))], [np.ones(2), np.ones(())]):
        with pytest.raises(ValueError, match="must have shape"):
            program.evaluate(PURE, program.theta, arrays)


SHARDED = """
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tinygrad_edu import MLP, Value, choose, dot, fsum, logsumexp, record, where

model = MLP(5, [8, 3], "gelu", seed=0)
table = [[Value(0.1 * r - 0.2 * c) for c in range(5)] for r in range(4)]
params = [*model.parameters(), *[v for row in table for v in row]]

def loss(x, token, label):
    x = [a + choose(token, column) for a, column in zip(x, zip(*table))]
    scale = (dot(x, x) / 5 + 1e-5) ** -0.5
    logits = [where(v > 0, v, v.tanh()) for v in model([v * scale for v in x])]
    return logsumexp(logits) - choose(label, logits) + 0.01 * fsum(w * w for w in model.parameters())

program = record(loss, (5, (), ()), params)
generator = np.random.default_rng(0)
arrays = [generator.normal(size=(64, 5)), generator.integers(0, 4, 64), generator.integers(0, 3, 64)]
mean, gradient = program.value_and_grad(*arrays)
step = jax.jit(program.to_jax())
devices = jax.devices()
assert len(devices) == 8, devices
sharding = NamedSharding(Mesh(np.array(devices), ("batch",)), PartitionSpec("batch"))
for given in (arrays, [jax.device_put(array, sharding) for array in arrays]):
    theirs, their_gradient = step(program.theta, *given)
    np.testing.assert_allclose(theirs, mean, rtol=1e-12)
    np.testing.assert_allclose(their_gradient, gradient, rtol=1e-12, atol=1e-14)
assert len(given[0].sharding.device_set) == 8
print("agreed on", len(devices), "devices")
"""
EVERY_OPERATION = """
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from tinygrad_edu import Value, dot, fsum, logsumexp, ops, record
from tinygrad_edu.functions import applied
from tinygrad_edu.op import bind, op

def far(m, a):
    return m.log1p(m.abs(a))

# An operation of one's own, with two formulas, one that is computed only where the other is no good.
op("own", lambda m, a: m.prefer(a / (1.0 + m.abs(a)), a < 1.0, far, a),
   (lambda m, y, a: m.prefer(1.0 / (1.0 + m.abs(a)) ** 2.0, a < 1.0, lambda m, a: 1.0 / (1.0 + a), a),))
settings = {"leaky_relu": (0.1,), "clip": (-1.0, 2.0), "power_by": (3.0,)}
single = [bind(o, *settings.get(name, ())) for name, o in ops.RULE_BOOK.items() if not callable(o.derivatives)]
points = [-40.0, -2.25, -0.7, 0.3, 0.99, 1.75, 37.5]
w = [Value(1.0 + 0.001 * k) for k in range(3)]

def outputs(x, operation):
    scaled = [v * w[k % 3] for k, v in enumerate([*x, *x])]
    return [applied(operation, scaled[k : k + len(operation.derivatives)]) for k in range(len(x))]

def program_of(operation):
    return record(lambda x: fsum(outputs(list(x), operation)), (len(points),), w)

arrays = [np.array([points, points[::-1]])]
programs = {operation.method: program_of(operation) for operation in single}
# All in one function, which JAX compiles much sooner than each for itself.
together = jax.jit(lambda *given: {method: program.to_jax()(*given) for method, program in programs.items()})
theta = np.array([v.data for v in w])
checked = []
for method, (theirs, their_gradient) in together(theta, *arrays).items():
    mean, gradient = programs[method].value_and_grad(*arrays)
    np.testing.assert_allclose(theirs, mean, rtol=1e-12, err_msg=method)
    np.testing.assert_allclose(their_gradient, gradient, rtol=1e-10, atol=1e-12, err_msg=method)
    checked.append(method)
assert checked == sorted(operation.method for operation in single)
assert "own" in checked and "log_sigmoid" in checked
# The logarithm of a sum at its limits.
inf, nan = np.inf, np.nan
rows = np.array([[0.0, -40.0, -50.0], [inf, 0.0, 1.0], [inf, inf, 0.0], [-inf] * 3, [1.0, 1.0, -2.0], [nan, 0.0, 1.0]])
one = Value(1.0)
program = record(lambda x: logsumexp([v + one for v in x]), (3,), [one])
compiled = jax.jit(program.to_jax())
for row in rows:
    mean, gradient = program.value_and_grad(row[None])
    theirs, their_gradient = compiled(program.theta, row[None])
    np.testing.assert_allclose(theirs, mean, rtol=1e-14)
    np.testing.assert_allclose(their_gradient, gradient, rtol=1e-14)
print("agreed on", len(checked), "operations")
"""
REFUSED_AS_BY_NUMPY = """
import functools
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from tinygrad_edu import Value, choose, fsum, logsumexp, record, where

w = Value(3.0)
error_of_two = record(lambda x, y: (fsum(x) * w - y) ** 2, (2, ()), [w])
pure = error_of_two.to_jax()
good = [np.ones((3, 2)), np.ones(3)]

def error(function, *arrays):
    try:
        function(*arrays)
    except Exception as error:
        return type(error).__name__, str(error)
    raise AssertionError(f"{function} took {[np.shape(array) for array in arrays]}")

wrong = [
    [np.ones((3, 2)), np.ones(1)], [np.ones((1, 2)), np.ones(3)], [np.ones((3, 3)), np.ones(3)], [np.ones((3, 2))],
    [np.ones((3, 2)), np.ones((3, 1))], [], [np.ones(2), np.ones(())], [*good, np.ones(3)], [1.0, 1.0],
    [np.ones((3, 2)), np.ones(3, complex)],
]
for arrays in wrong:
    expected = error(error_of_two.value_and_grad, *arrays)
    assert expected[0] in ("TypeError", "ValueError"), expected
    for function in (pure, jax.jit(pure)):
        assert error(function, error_of_two.theta, *arrays) == expected, (expected, arrays)
for theta in (np.ones(2), np.ones(0), np.ones((1, 1)), np.ones(()), 3.0):
    for function in (pure, jax.jit(pure)):
        assert error(function, theta, *good)[0] == "ValueError"

from tinygrad_edu.number_systems import Arrays
m = Arrays(jax.numpy, jax.scipy)
assert error(error_of_two.evaluate, m, np.ones(2), good)[0] == "ValueError"
assert error(error_of_two.evaluate, m, np.ones(1), good[:1])[0] == "TypeError"

@functools.cache
def compiled(program):
    return jax.jit(program.to_jax())

def agree(program, *arrays, theta=None, without_jit=False):
    expected = program.value_and_grad(*arrays)
    theta = program.theta if theta is None else theta
    # Without jit, JAX compiles each step for itself, which takes long.
    for function in (compiled(program), program.to_jax()) if without_jit else (compiled(program),):
        for ours, theirs in zip(function(theta, *arrays), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)

# Whole numbers, truth values and half precision are numbers; no examples have the mean nan and the gradient 0.
for kind in (int, bool, np.float32, np.uint8):
    agree(error_of_two, *[array.astype(kind) for array in good], theta=np.array([3]), without_jit=True)
agree(error_of_two, *good, theta=[3], without_jit=True)
agree(error_of_two, np.ones((0, 2)), np.ones(0), without_jit=True)
squared = record(lambda x: (x - 0.5) ** 2 * w, ((),), [w])
agree(squared, np.array([200, 100], np.uint8))
agree(squared, jax.numpy.array([2.0, 1.0], jax.numpy.bfloat16).astype(float))

# An index that names no option.
a, b = Value(1.0), Value(2.0)
chosen = record(lambda k: choose(k, [a, b]) + w, ((),), [a, b, w])
alone = record(lambda k, x: where(x > 0.0, choose(k, [a * x, b]), w), ((), ()), [a, b, w])
agree(chosen, np.array([0, 1, 1]), without_jit=True)
agree(alone, np.array([0.0, 1.0, -0.0]), np.array([-1.0, 2.0, 0.0]), without_jit=True)
for program, more in ((chosen, []), (alone, [np.zeros(3)])):
    for bad in (2.0, -1.0, 0.5, np.nan, np.inf, 1e300):
        arrays = [np.array([0.0, bad, 1.0]), *more]
        expected = error(program.value_and_grad, *arrays)
        assert expected[0] == "IndexError"
        assert error(program.to_jax(), program.theta, *arrays) == expected
        mean, gradient = compiled(program)(program.theta, *arrays)
        assert np.isnan(mean) and np.isnan(gradient).all(), bad

# Of an upstream that is not finite, an option that was not chosen gets 0 times that, which is nan.
rooted = record(lambda k, x: choose(k, [a - 1.0, b, w]).log() + choose(k, [x * a, x * w, b]), ((), ()), [a, b, w])
agree(rooted, np.array([1, 2, 0]), np.array([1.0, 2.0, 3.0]))
agree(rooted, np.array([1, 2, 1]), np.array([1.0, 2.0, 3.0]))
own = record(lambda k, x: choose(k, [x * a, b, x * w]).log(), ((), ()), [a, b, w])
agree(own, np.array([0, 1, 2]), np.array([0.0, 1.0, 2.0]))

# Constants, and zeros whose sign shows.
agree(record(lambda x: 3.0, ((),), [w]), np.ones(2))
agree(record(lambda x: 3.0, ((),), [w]), np.ones(0))
agree(record(lambda: w / 0.0, (), [w]))
agree(record(lambda x: x, ((),), []), np.ones(2))
minus = Value(-0.0)
agree(record(lambda x: 1.0 / where(x > 0.0, minus, 1.0) + 1.0 / (minus * x), ((),), [minus]), np.array([1.0, 2.0]))
two = record(lambda x: fsum(1.0 / v for v in (minus, x, -x, w)), ((),), [minus, w])
agree(two, np.array([0.0, -0.0]))
# The largest, where terms are equal or nan; sums of nan.
inf, nan = np.inf, np.nan
one = Value(1.0)
three = record(lambda x: logsumexp([v * one for v in x]) + logsumexp(x[:2]) + fsum(x), (3,), [one])
for row in ([1.0, 1.0, 1.0], [nan, 0.0, 1.0], [0.0, nan, inf], [inf, inf, 0.0], [-inf, -inf, -inf], [0.0, -0.0, 0.0]):
    agree(three, np.array([row]))
# A slope of 0 times an upstream that is infinite is nan.
for x in (-1.0, 1.0):
    agree(record(lambda x: (x * w).relu() / 0.0, ((),), [w]), np.array([x]))
print("refused what NumPy refuses")
"""
LAYERS = """
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
from tinygrad_edu import dot, fsum, nn, record, Value

x, y, labels = np.random.default_rng(0).normal(size=(5, 4, 4)), np.ones(5), np.arange(5) % 3
convolution, head = nn.Conv2d(1, 2, 3, padding=1, seed=0), nn.Layer(8, 3, "tanh", seed=1)
attention, table, w = nn.TransformerEncoderLayer(4, 2, 6, seed=2), nn.Embedding(3, 4, seed=3), Value(0.5)

def image(x, label):
    pooled = nn.MaxPool2d(2)(convolution([x]))
    return nn.losses.cross_entropy(head(nn.flatten(pooled)), label)

def sequence(x, label):
    return fsum(v * v for row in attention([*x, table(label)])[0] for v in row)

# One row of weights, at several places of an example; and the outputs of that as inputs of another.
def twice(x, label):
    return dot([w, 0.5, w, 2.0], [dot(head.neurons[0].weights[:4], row) * label for row in x]) + dot([3.0], [4.0], w)

# JAX compiles anew for each size of a batch, which takes long for the many operations of a sequence.
sizes = {image: (5, 1, 0), sequence: (5,), twice: (5, 1, 0)}
for function, modules in ((image, [convolution, head]), (sequence, [attention, table]), (twice, [head])):
    program = record(function, ((4, 4), ()), [*[p for module in modules for p in module.parameters()], w])
    for count in sizes[function]:
        mean, gradient = program.value_and_grad(x[:count], labels[:count])
        theirs, their_gradient = jax.jit(program.to_jax())(program.theta, x[:count], labels[:count])
        np.testing.assert_allclose(theirs, mean, rtol=1e-12)
        np.testing.assert_allclose(their_gradient, gradient, rtol=1e-11, atol=1e-13)
single = [x.astype(np.float32), labels]
theirs, _ = jax.jit(program.to_jax())(program.theta, *single)
np.testing.assert_allclose(theirs, program.value_and_grad(*single)[0], 1e-12)
print("agreed on layers")
"""


def output_of(program: str) -> str:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_jit_and_eight_devices_agree_with_numpy() -> None:
    assert "agreed on 8 devices" in output_of(SHARDED)


def test_every_operation_goes_through_jax_and_so_does_one_of_ones_own() -> None:
    assert "agreed on" in output_of(EVERY_OPERATION)


def test_jax_is_refused_what_numpy_is_refused_and_takes_what_numpy_takes() -> None:
    assert "refused what NumPy refuses" in output_of(REFUSED_AS_BY_NUMPY)


def test_layers_at_several_places_agree_with_numpy() -> None:
    assert "agreed on layers" in output_of(LAYERS)


def test_what_is_no_pure_function_of_one_number_is_refused_at_once() -> None:
    w = Value(2.0)
    with pytest.raises(RecordingError, match="this one returns a list"):
        record(lambda x: [w * x, x], ((),), [w]).to_jax()
    dropout = Dropout(0.5, seed=0)
    with pytest.raises(RecordingError, match="draws noise"):
        record(lambda x: dropout([x * w])[0], ((),), [w]).to_jax()


def test_without_jax_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    program = record(lambda x: x * x, ((),), [])
    with pytest.raises(ImportError, match=r"tinygrad_edu\[jax\]"):
        program.to_jax()
    np.testing.assert_array_equal(program(np.array([3.0])), [9.0])
