# %% [markdown]
"""
# 10. Pitfalls: four networks that fail, and what is wrong with them

You will see gradients vanish, gradients explode, neurons die, and a network learn its data by heart: each one produced
on purpose, named by `diagnose` from the evidence, cured as it suggests, and compared with its healthy twin.
"""

# %%
import textwrap
import warnings

import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.datasets import make_moons

from tinygrad_edu import MLP, SGD, Layer
from tinygrad_edu.diagnosis import diagnose
from tinygrad_edu.nn import Dropout, Sequential
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits as logit_loss
from tinygrad_edu.optim import Adam, AdamW
from tinygrad_edu.plotting import LayerHistory, plot_decision_regions, plot_distributions
from tinygrad_edu.training import EarlyStopping, fit, predict

demo = Demo(__doc__)
EPOCHS, SAMPLE = (5, 10) if demo.quick else (60, 100)

# %% [markdown]
# The data: two half moons, with noise, 100 points to learn from and 300 to test. A healthy network gets about nine of
# ten right.

# %%
X, y = make_moons(400, noise=0.25, random_state=0)
X_train, y_train, X_test, y_test = X[:100], y[:100], X[100:], y[100:]
rows, curves = [], {}


def run(name: str, model: MLP, optimizer: object, epochs: int = EPOCHS, **options: object) -> MLP:
    """Train, diagnose, and remember how it went."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # fit warns when a loss is not finite, and diagnose will say it
        history = fit(model, X_train, y_train, loss=logit_loss, optimizer=optimizer, epochs=epochs, batch_size=20,
                      validation_data=(X_test, y_test), progress=False, **options)  # fmt: skip
    findings = diagnose(model, X_train, y_train, loss=logit_loss, history=history, sample=SAMPLE)
    for text in map(str, findings) if not findings.healthy else ["no problem found"]:
        print(textwrap.fill(f"{name}: {text}", 118, subsequent_indent="    "))
    right = np.mean((predict(model, X_test)[:, 0] > 0) == (y_test > 0.5))
    rows.append([name, *(history.loss[-1:] or [np.nan]), *(history.validation_loss[-1:] or [np.nan]), f"{right:.1%}"])
    curves[name] = history
    return model


# %% [markdown]
# ## Vanishing gradients
# Eight hidden layers of sigmoids: each passes on at most a quarter of the gradient. The first layers learn nothing, and
# the last ones get random features. Cure: relu, with He's initialization.

# %%
title("1. Vanishing gradients")
layer_history = LayerHistory(X_train[: SAMPLE // 4])
deep = MLP(2, [8] * 8 + [1], "sigmoid", seed=0)
run("sigmoid, 9 layers", deep, SGD(deep.parameters(), 0.1), callbacks=[layer_history])
demo.save(plot_distributions(layer_history), "10_vanishing.png")
deep = MLP(2, [8] * 8 + [1], "relu", seed=0)
run("relu, 9 layers", deep, SGD(deep.parameters(), 0.1))

# %% [markdown]
# ## Exploding gradients
# Weights of standard deviation 2 in layers of 16: each layer multiplies the signal, and the gradient, by about
# 2 · √(16/2) ≈ 6. One step throws the weights anywhere. Cure: He's initialization. Clipping the gradient keeps the run
# alive from the same bad start, but it has to climb down from a loss of thousands.

# %%
title("2. Exploding gradients")


def large(n_inputs: int, n_outputs: int, generator: np.random.Generator) -> float:
    """Weights that are far too large."""
    return generator.normal(0.0, 2.0)


for name, init, options in (("weights of std 2", large, {}), ("He", "he_normal", {}),
                            ("std 2, clipped", large, {"clip_norm": 1.0})):  # fmt: skip
    wide = MLP(2, [16] * 6 + [1], "leaky_relu", init=init, seed=0)
    run(name, wide, SGD(wide.parameters(), 0.05), **options)

# %% [markdown]
# ## Dead neurons
# A step that is too large pushes biases so far down that a relu answers 0 to every example: its slope is 0 too, and no
# gradient ever brings it back. Cure: leaky_relu, which always leaves a slope, and a smaller learning rate.

# %%
title("3. Dead neurons")
for name, activation, rate in (("relu, rate 5", "relu", 5.0), ("leaky_relu, rate 0.2", "leaky_relu", 0.2)):
    small = MLP(2, [12, 1], activation, seed=1)
    run(name, small, SGD(small.parameters(), rate))

# %% [markdown]
# ## Overfitting
# 100 points, 1,200 parameters, and time. The training loss falls to nothing, the other turns round. Cures: stop in
# time; let neurons drop out, so that none can rely on another; make large weights cost something. Dropout, here, only
# puts the turn off.

# %%
title("4. Overfitting")


def big(seed: int = 0) -> MLP:
    """Far more parameters than points."""
    return MLP(2, [32, 32, 1], "relu", seed=seed)


by_heart = big()
run("by heart", by_heart, Adam(by_heart.parameters(), 0.01), epochs=4 * EPOCHS)
stopped = big()
run("early stopping", stopped, Adam(stopped.parameters(), 0.01), epochs=4 * EPOCHS, callbacks=[EarlyStopping(15)])
dropping = Sequential(Layer(2, 32, "relu", seed=0), Dropout(0.5, seed=1), Layer(32, 32, "relu", seed=2),
                      Dropout(0.5, seed=3), Layer(32, 1, "linear", seed=4))  # fmt: skip
run("dropout", dropping, Adam(dropping.parameters(), 0.01), epochs=4 * EPOCHS)
decayed = big()
run("weight decay", decayed, AdamW(decayed.parameters(), 0.01, weight_decay=1.0), epochs=4 * EPOCHS)
for name, model in (("by_heart", by_heart), ("early_stopping", stopped)):
    figure = plot_decision_regions(
        lambda points, model=model: predict(model, points), X_train, y_train, resolution=SAMPLE
    )
    demo.save(figure, f"10_{name}.png")

# %%
title("All of them")
table(["network", "training loss", "test loss", "right"], rows, width=15)
figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
groups = {"vanishing": list(curves)[:2], "exploding": list(curves)[2:5], "dead": list(curves)[5:7],
          "overfitting: test loss": list(curves)[7:]}  # fmt: skip
for axis, (heading, members) in zip(axes.flat, groups.items(), strict=True):
    for name in members:
        history = curves[name]
        axis.plot(history.validation_loss if heading.startswith("over") else history.loss, label=name)
    axis.set(title=heading, xlabel="epoch", yscale="log")
    axis.legend(fontsize=8)
demo.save(figure, "10_losses.png")

# %% [markdown]
# ## Exercises
# 1. Each of eight layers of sigmoids passes on at most a quarter of a gradient. What is the most that arrives at the
#    first? Compare with the picture.
# 2. A relu neuron has the weights (1, 1) and the bias -10, and its inputs lie between -2 and 3. How long will it take
#    to come back to life?
# 3. In code: clipping by the norm. Fill in `demos/exercises/10_pitfalls.py`; `tinygrad-edu exercise 10` says what is
#    wrong with it.

# %%
demo.done(
    "start from zeros (init='zeros'), or leave the inputs in thousands: what does diagnose say? Then 11_k_fold.py"
)
