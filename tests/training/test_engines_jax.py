"""fit(engine="jax") trains to the same numbers as replay: on eight devices, with everything that fit does around it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from measuring import unmeasured
from training.test_engines import BINARY, CURVE, LABELS, Branching, X

from tinygrad_edu import choose
from tinygrad_edu.nn import MLP, BatchNorm, Embedding, Layer, Module, Sequential, losses
from tinygrad_edu.replay import RecordingError
from tinygrad_edu.training import fit

ON_EIGHT_DEVICES = """
import tempfile
import warnings
import numpy as np
import jax
from tinygrad_edu import MLP, SGD, Adam, AdamW, RMSprop, fit, nn
from tinygrad_edu.optim import StepLR
from tinygrad_edu.training import EarlyStopping

warnings.simplefilter("error")
assert len(jax.devices()) == 8
generator = np.random.default_rng(3)
X = generator.normal(size=(45, 3))
y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]

def weights(model):
    return [p.data for p in model.parameters()]

def trained(engine, optimizer, model=None, **also):
    model = model or nn.Sequential(nn.Layer(3, 5, "tanh", seed=0), nn.Dropout(0.2, seed=1), nn.Layer(5, 1, seed=2))
    settings = dict(epochs=6, batch_size=13, validation_data=(X[:11], y[:11]), clip_norm=0.8, clip_value=0.5)
    settings |= dict(penalty=lambda params: nn.l2_penalty(params, 0.01), schedule=lambda o: StepLR(o, 2))
    return fit(model, X[9:], y[9:], "mse", optimizer(model), engine=engine, **settings | also), weights(model)

def agree(ours, theirs):
    (history, numbers), (expected, expected_numbers) = ours, theirs
    assert history.engine == (
        "jax: the loss of one example was recorded once and runs on batches, each split over 8 devices"
    )
    assert "(jax)" in repr(history) and expected.engine.startswith("replay")
    np.testing.assert_allclose(numbers, expected_numbers, rtol=1e-10, atol=1e-12)
    for what in ("loss", "batch_loss", "validation_loss", "gradient_norm", "learning_rate"):
        np.testing.assert_allclose(getattr(history, what), getattr(expected, what), rtol=1e-10, err_msg=what)
    assert history.stopped == expected.stopped
    assert history.layer_gradient_norms.keys() == expected.layer_gradient_norms.keys()

for optimizer in (
    lambda m: SGD(m.parameters(), 0.1, momentum=0.9, nesterov=True),
    lambda m: Adam(m.parameters(), 0.05),
):
    agree(trained("jax", optimizer), trained("replay", optimizer))

# Callbacks see and change the weights, early stopping puts the best back, a part of the model stays as it is.
def shrunk(run):
    for p in run.model.parameters():
        p.data *= 0.9

agree(*[
    trained(engine, lambda m: RMSprop(m.layers[2].parameters(), 0.3), callbacks=[stopping, shrunk], epochs=30)
    for engine, stopping in [(e, EarlyStopping(patience=2, restore_best_weights=True)) for e in ("jax", "replay")]
])

# A run that one engine began, the other one goes on with.
adamw = lambda m: AdamW(m.parameters(), 0.05)
with tempfile.TemporaryDirectory() as folder:
    whole = trained("replay", adamw)
    for first, second in (("jax", "replay"), ("replay", "jax")):
        trained(first, adamw, epochs=3, checkpoint=f"{folder}/{first}")
        resumed = trained(second, adamw, checkpoint=f"{folder}/{first}", resume=True)
        np.testing.assert_allclose(resumed[1], whole[1], rtol=1e-10)
# In single precision, which is that of replay to as many digits.
adam = lambda m: Adam(m.parameters(), 0.05)
(history, numbers), (expected, expected_numbers) = [trained(e, adam, dtype="float32") for e in ("jax", "replay")]
assert history.engine.endswith("each split over 8 devices, in single precision") and history.dtype == "float32"
assert "(jax, float32)" in repr(history) and numbers == np.array(numbers, dtype=np.float32).tolist()
for what in ("loss", "batch_loss", "validation_loss", "gradient_norm"):
    np.testing.assert_allclose(getattr(history, what), getattr(expected, what), rtol=1e-5, err_msg=what)
np.testing.assert_allclose(numbers, expected_numbers, rtol=1e-4, atol=1e-5)
assert numbers != expected_numbers
assert jax.numpy.zeros(1).dtype == "float32"
print("trained alike")
"""


def test_on_eight_devices_everything_is_as_by_replay() -> None:
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ON_EIGHT_DEVICES]
    done = subprocess.run(command, env=os.environ | flags, capture_output=True, text=True, timeout=240)
    assert done.stdout == "trained alike\n", done.stderr[-3000:]


def test_a_network_that_gives_no_finite_number_is_stopped_by_the_same_step() -> None:
    histories = []
    for engine in ("replay", "jax"):
        model = MLP(2, [3, 1], "relu", seed=0)
        with pytest.warns(RuntimeWarning, match="training stopped in epoch"):
            histories.append(fit(model, 1e150 * X, CURVE, optimizer="sgd", epochs=3, batch_size=8, engine=engine))
    assert histories[0].stopped == histories[1].stopped


class LookedUp(Module):
    """A table that knows three tokens."""

    def __init__(self) -> None:
        self.table = Embedding(3, 1, seed=0)

    def __call__(self, x):
        return [choose(x[0], [row[0] for row in self.table.weights])]


def test_an_index_that_names_nothing_is_an_error_and_not_nan() -> None:
    tokens = np.column_stack([np.arange(40.0) % 3, np.zeros(40)])
    tokens[0, 1], tokens[17, 0] = 100.0, 7.0  # neither the largest number nor in any other row that is tried before
    messages = []
    for engine in ("replay", "jax"):
        with pytest.raises(IndexError) as error:
            fit(LookedUp(), tokens, np.ones(40), epochs=1, engine=engine, seed=1)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    ("model", "reason"),
    [(Branching(), "data"), (Sequential(Layer(2, 2), BatchNorm(2), Layer(2, 1)), "works on a batch")],
)
def test_what_cannot_be_recorded_is_refused(model: Module, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        fit(model, X, CURVE, epochs=1, engine="jax")


@pytest.mark.parametrize(
    ("outputs", "y", "loss"),
    [
        (3, LABELS, losses.cross_entropy),
        (1, BINARY, losses.binary_cross_entropy_with_logits),
    ],
)
def test_losses_of_classes_are_those_of_replay(outputs: int, y: np.ndarray, loss) -> None:
    histories = [
        fit(MLP(2, [3, outputs], seed=0), X, y, loss, epochs=2, batch_size=8, engine=engine)
        for engine in ("replay", "jax")
    ]
    np.testing.assert_allclose(histories[1].batch_loss, histories[0].batch_loss, rtol=1e-10)
    assert histories[1].engine.endswith("on one device")


def test_without_jax_one_sentence_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['jax'] = None\nfrom tinygrad_edu import MLP, fit\n"
    program += "fit(MLP(1, [1]), [[1.0]], [1.0], engine='jax')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=unmeasured())
    assert 'ImportError: JAX is not installed; pip install "tinygrad_edu[jax]" gives it' in done.stderr
