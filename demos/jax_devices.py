# %% [markdown]
"""
# Where one machine ends: the same scalars, on many devices

You will see scalar code become a pure function of JAX, compiled once, and trained on batches that are split over
eight devices. Here they are virtual (one processor, seen as eight); on a cluster or an accelerator the code is the
same. It needs JAX: pip install "tinygrad_edu[jax]".
"""

# %%
import os

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")  # read when jax is first imported
os.environ.setdefault("JAX_PLATFORMS", "cpu")

try:
    import jax
except ImportError:
    raise SystemExit('This demo needs JAX: pip install "tinygrad_edu[jax]"') from None
import numpy as np
from common import Demo, plt, title
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, Adam, History, fit, record
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.training import predict

demo = Demo(__doc__)
EPOCHS, BATCH = (2, 128) if demo.quick else (30, 128)

# %% [markdown]
# ## The devices

# %%
devices = jax.devices()
title("The devices")
for device in devices:
    print(f"  {device.id}: {device.platform} {device.device_kind}")

# %% [markdown]
# ## The same training, by two engines
# `fit(engine="jax")` records the loss of one image, as replay does, and gives it to `jax.jit`. Each device gets its
# share of a batch, and JAX adds the gradients up where the program sums over the batch. A batch that the devices cannot
# share evenly is filled up with images that count nothing.

# %%
images, labels = load_digits(return_X_y=True)
images, test_images, labels, test_labels = train_test_split(
    images / 16.0, labels, test_size=0.2, stratify=labels, random_state=0
)


def trained(engine: str) -> tuple[MLP, History]:
    """The network and the history of a run; the same weights at first, and the same batches."""
    model = MLP(64, [32, 10], "tanh", seed=0)
    adam = Adam(model.parameters(), 0.01)
    tests = (test_images, test_labels)
    return model, fit(model, images, labels, cross_entropy, adam, EPOCHS, BATCH, tests, engine=engine)


histories = {}
for engine in ("jax", "replay"):
    model, histories[engine] = trained(engine)
    accuracy = np.mean(predict(model, test_images).argmax(axis=1) == test_labels)
    title(engine)
    print(histories[engine].engine)
    print(f"{histories[engine].summary()}\ntest accuracy {accuracy:.1%}")
apart = np.abs(np.subtract(histories["jax"].batch_loss, histories["replay"].batch_loss)).max()
print(f"\nlargest difference between the losses of all {histories['jax'].iterations} batches: {apart:.1e}")

# %% [markdown]
# ## What JAX is given
# `to_jax` runs the rule book with `jax.numpy` for numbers. The result knows nothing of this library: it is a function
# `(theta, images, labels) -> (mean loss, gradient)`, for an optimizer of your own, or as a part of a larger program of
# JAX. That computes in single precision unless it is told otherwise; `fit` does so for its own calls.

# %%
program = record(lambda image, label: cross_entropy(model(image), label), (64, ()), model.parameters())
loss_and_gradient = jax.jit(program.to_jax())
with jax.enable_x64(True):
    mean, gradient = map(np.asarray, loss_and_gradient(program.theta, test_images, test_labels))
expected, expected_gradient = program.value_and_grad(test_images, test_labels)
title("The same numbers as NumPy")
print(f"test loss {expected:.6f} by NumPy, {float(mean):.6f} by JAX")
print(f"largest difference between the two gradients: {np.abs(expected_gradient - gradient).max():.1e}")

# %%
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(histories["replay"].batch_loss, linewidth=4, alpha=0.4, label="replay: NumPy, one processor")
axes.plot(histories["jax"].batch_loss, linewidth=1, color="black", label=f"jax: {len(devices)} devices")
axes.set(xlabel="step", ylabel="loss of the batch", title="One training, two engines", ylim=0)
axes.legend()
demo.save(figure, "jax_devices.svg")
demo.done("XLA_FLAGS=--xla_force_host_platform_device_count=2 python demos/jax_devices.py: are the losses the same?")
