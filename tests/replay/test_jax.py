"""The same program as a pure function of JAX: under jit, and sharded over eight devices."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu import record

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


def test_jit_and_eight_devices_agree_with_numpy() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", SHARDED], env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "agreed on 8 devices" in done.stdout


def test_without_jax_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    program = record(lambda x: x * x, ((),), [])
    with pytest.raises(ImportError, match=r"tinygrad_edu\[jax\]"):
        program.to_jax()
    np.testing.assert_array_equal(program(np.array([3.0])), [9.0])
