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

import time

try:
    import jax
except ImportError:
    raise SystemExit('This demo needs JAX: pip install "tinygrad_edu[jax]"') from None
import numpy as np
from common import Demo, plt, title
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, record
from tinygrad_edu.nn.losses import cross_entropy

demo = Demo(__doc__)
jax.config.update("jax_enable_x64", True)  # the float64 of our Values
EPOCHS, BATCH = (2, 128) if demo.quick else (30, 128)

# %% [markdown]
# ## The devices

# %%
devices = jax.devices()
title("The devices")
for device in devices:
    print(f"  {device.id}: {device.platform} {device.device_kind}")

# %% [markdown]
# ## Scalar code, recorded, as a function of JAX
# `to_jax` runs the same rule book with `jax.numpy` for numbers. The result knows nothing of this library: it is a
# function `(theta, images, labels) -> (mean loss, gradient)` that `jax.jit` compiles.

# %%
images, labels = load_digits(return_X_y=True)
images, test_images, labels, test_labels = train_test_split(
    images / 16.0, labels, test_size=0.2, stratify=labels, random_state=0
)
model = MLP(64, [32, 10], "tanh", seed=0)
program = record(lambda image, label: cross_entropy(model(image), label), (64, ()), model.parameters())
loss_and_gradient = program.to_jax()


@jax.jit
def step(theta: jax.Array, batch: jax.Array, classes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step of gradient descent."""
    loss, gradient = loss_and_gradient(theta, batch, classes)
    return theta - 0.5 * gradient, loss


# %% [markdown]
# ## Split over the batch
# Each device gets its share of the examples; JAX adds the gradients up where the program sums over the batch.

# %%
mesh = Mesh(np.array(devices), ("batch",))
by_example, everywhere = NamedSharding(mesh, PartitionSpec("batch")), NamedSharding(mesh, PartitionSpec())
theta = jax.device_put(program.theta, everywhere)
generator, losses = np.random.default_rng(0), []
started = time.perf_counter()
for _ in range(EPOCHS):
    order = generator.permutation(len(images))
    for batch in order[: len(order) // BATCH * BATCH].reshape(-1, BATCH):
        given = [jax.device_put(array[batch], by_example) for array in (images, labels)]
        theta, loss = step(theta, *given)
        losses.append(float(loss))
seconds = time.perf_counter() - started

title("Training")
shown = given[0].sharding.shard_shape(given[0].shape)
print(f"each of {len(devices)} devices sees {shown[0]} of the {BATCH} images of a batch")
print(f"{len(losses)} steps in {seconds:.1f} s, compilation included; loss {losses[0]:.3f} -> {losses[-1]:.3f}")

# %% [markdown]
# ## The same numbers as NumPy

# %%
program.theta = np.asarray(theta)
mean, gradient = program.value_and_grad(test_images, test_labels)
jax_mean, jax_gradient = jax.jit(loss_and_gradient)(theta, test_images, test_labels)
program.write_parameters()
answers = record(model, (64,), model.parameters())(test_images).argmax(axis=1)
print(
    f"test accuracy {np.mean(answers == test_labels):.1%}; test loss {mean:.6f} by NumPy, {float(jax_mean):.6f} by JAX"
)
print(f"largest difference between the two gradients: {np.abs(gradient - jax_gradient).max():.1e}")

# %%
figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(losses)
axes.set(xlabel="step", ylabel="loss of the batch", title=f"Training on {len(devices)} devices", ylim=0)
demo.save(figure, "jax_devices.svg")
demo.done("XLA_FLAGS=--xla_force_host_platform_device_count=2 python demos/jax_devices.py: are the losses the same?")
