"""A program on all devices of JAX, in processes of their own: how many devices there are is decided only once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from measuring import unmeasured

from tinygrad_edu import Value, record
from tinygrad_edu.replay.devices import OnDevices, device_text

SETUP = """
import warnings
import numpy as np
import jax
from tinygrad_edu import MLP, Value, choose, fsum, nn, record
from tinygrad_edu.replay.devices import OnDevices, device_text

warnings.simplefilter("error")
generator = np.random.default_rng(0)
X, labels = generator.normal(size=(50, 3)), generator.integers(0, 4, 50)
model = MLP(3, [5, 4], "gelu", seed=0)
dropouts = [nn.Dropout(0.3, seed=1), nn.Dropout(0.3, seed=1)]

def loss_with(dropout):
    def loss(x, label):
        hidden = dropout([v * w for v, w in zip(model(x), model.parameters())])
        return nn.losses.cross_entropy(hidden, label) + 0.01 * fsum(w * w for w in model.parameters())
    return loss

ours, theirs = [record(loss_with(dropout), ((3,), ()), model.parameters(), check=(X, labels)) for dropout in dropouts]
on_devices = OnDevices(ours, batch=17)

def agree(count):
    X_part, y_part = X[:count], labels[:count]
    before = ours.theta.copy()
    for got, expected in zip(on_devices.value_and_grad(X_part, y_part), theirs.value_and_grad(X_part, y_part)):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(on_devices(X_part, y_part), theirs(X_part, y_part), rtol=1e-12)
    np.testing.assert_array_equal(ours.theta, before)   # the memory that is given away is a copy
"""
EIGHT = """
assert device_text() == "each split over 8 devices" and on_devices.size == 24
for count in (1, 7, 8, 17, 24, 25, 50):
    agree(count)
assert jax.numpy.zeros(1).dtype == "float32"   # float64 for those calls only
_, gradient = on_devices.value_and_grad(X, labels)
gradient += 1.0   # an array of one's own
theirs.value_and_grad(X, labels)   # so that both have drawn as often

# In single precision, and with float64 switched on everywhere, too.
single = record(lambda x: model(x)[0], ((3,),), model.parameters(), dtype="float32")
for switched_on in (False, True):
    with jax.enable_x64(switched_on):
        split = OnDevices(single, batch=17)
        (mean, gradient), values = split.value_and_grad(X), split(X)
    assert values.dtype == gradient.dtype == np.float32 and split.theta is single.theta
    np.testing.assert_allclose(values, single(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, single.value_and_grad(X)[1], rtol=1e-5, atol=1e-6)
    double, same = [way for way, _ in split.twins(single.theta.astype(float))]
    assert double(X).dtype == np.float64 and same(X).dtype == np.float32
traced = jax.make_jaxpr(split._evaluate)(single.theta, np.ones(24, np.float32), X[:24].astype(np.float32))
assert str(traced).count("dot_general") == str(traced).count("precision=(Precision.HIGHEST, Precision.HIGHEST)") > 0

# Other parameters: those of the program are read at each call, a twin has its own.
expected = theirs.twin(theirs.theta + 0.5)(X, labels)
twin = on_devices.twin(ours.theta + 0.5)
np.testing.assert_allclose(twin(X, labels), expected, rtol=1e-12)
assert twin.params is on_devices.params and not np.allclose(on_devices(X, labels), expected)

# What is the same for all examples, and what does not depend on the parameters.
w = Value(3.0)
constant = OnDevices(record(lambda x: w * w, ((),), [w]), batch=4)
assert constant(np.ones(10)).tolist() == [9.0] * 10
mean, gradient = constant.value_and_grad(np.ones(10))
assert (mean, gradient.shape) == (9.0, (1,)) and abs(gradient[0] - 6.0) < 1e-12
free = OnDevices(record(lambda x: x * x, ((),), [w]), batch=4)
assert free.value_and_grad(np.array([1.0, 3.0]))[1].tolist() == [0.0]

# No real example is changed by one that fills a batch up, and an index that names nothing is nan for all of them.
root = OnDevices(record(lambda x: w / x, ((),), [w]), batch=8)
with np.errstate(all="ignore"):
    assert root(np.array([2.0, 0.0])).tolist() == [1.5, np.inf]
chosen = OnDevices(record(lambda k: choose(k, [w, w * w]), ((),), [w]), batch=8)
assert chosen(np.array([0.0, 1.0])).tolist() == [3.0, 9.0]
assert np.isnan(chosen(np.array([0.0, 2.0]))).all()

# The batch is really shared, and the parameters' memory really becomes the gradient's.
parts = on_devices._put(np.ones((24, 3)), on_devices._split)
assert parts.sharding.shard_shape(parts.shape) == (3, 3) and len(parts.sharding.device_set) == 8
with jax.enable_x64(True):
    theta = on_devices._put(ours.theta, on_devices._everywhere)
    noises = [np.full(24, 0.5) for _ in ours.noises]
    arrays = [np.full(24, 1 / 24), X[:24], labels[:24].astype(float), *noises]
    weights, *given = [on_devices._put(array, on_devices._split) for array in arrays]
    on_devices._values_and_grad(theta, weights, *given)
assert theta.is_deleted() and not weights.is_deleted()
print("agreed on eight devices")
"""
PROCESSES = """
import sys
import jax
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize("localhost:" + sys.argv[2], 2, int(sys.argv[1]))
"""
AGREE = """
assert device_text() == "each split over 8 devices" and len(jax.local_devices()) == 4
agree(20)
print("agreed in process", jax.process_index())
"""


def started(program: str, devices: int, *arguments: str) -> subprocess.Popen[str]:
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=os.environ | flags, stdout=pipe, stderr=pipe, text=True)


def output_of(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors[-3000:]
    return output


def test_eight_devices_compute_what_numpy_does_whatever_the_size_of_the_batch() -> None:
    assert "agreed on eight devices" in output_of(started(SETUP + EIGHT, 8))


def test_two_processes_share_the_examples_and_get_the_same_numbers() -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    processes = [started(PROCESSES + SETUP + AGREE, 4, str(rank), port) for rank in (0, 1)]
    for rank, process in enumerate(processes):
        assert f"agreed in process {rank}" in output_of(process)


def test_on_one_device_there_is_nothing_to_fill_up() -> None:
    w = Value(2.0)
    on_devices = OnDevices(record(lambda x: w * x * x, ((),), [w]), batch=3)
    mean, gradient = on_devices.value_and_grad(np.array([1.0, 2.0, 3.0]))
    assert mean == pytest.approx(28.0 / 3.0, rel=1e-15)
    assert gradient == pytest.approx([14.0 / 3.0], rel=1e-15)
    assert device_text() == "on one device"


def test_the_gradient_is_written_where_it_is_wanted_as_by_the_program() -> None:
    w = Value(2.0)
    on_devices = OnDevices(record(lambda x: w * x * x, ((),), [w]), batch=2)
    out = np.zeros(1)
    assert on_devices.value_and_grad(np.array([1.0, 3.0]), out=out)[1] is out
    assert out == pytest.approx([5.0], rel=1e-15)
    with pytest.raises(ValueError, match=r"out is a writable array of shape \(1,\)"):
        on_devices.value_and_grad(np.array([1.0, 3.0]), out=np.zeros(2))


@pytest.mark.parametrize("arrays", [(np.ones((3, 2)),), (np.ones(3), np.ones(3)), ()])
def test_what_does_not_fit_is_refused_as_by_the_program(arrays: tuple[np.ndarray, ...]) -> None:
    w = Value(2.0)
    program = record(lambda x: w * x, ((),), [w])
    on_devices = OnDevices(program, batch=2)
    with pytest.raises((TypeError, ValueError)) as expected:
        program(*arrays)
    with pytest.raises(expected.type) as got:
        on_devices(*arrays)
    assert str(got.value) == str(expected.value)


def test_without_jax_one_sentence_says_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['jax'] = None\nfrom tinygrad_edu.replay.devices import device_text\ndevice_text()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=unmeasured())
    assert 'ImportError: JAX is not installed; pip install "tinygrad_edu[jax]" gives it' in done.stderr
