# %% [markdown]
"""
# 5. Losses: what a network is told about its mistakes

You will see each loss and the gradient that it sends back; two experiments that decide between them (an outlier, and a
network that is confidently wrong); and a loss of your own, four lines long, that predicts how late a train may be.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import Value, fsum, grad, gradcheck, softmax
from tinygrad_edu.nn import losses

demo = Demo(__doc__)


def curve(loss: object, numbers: np.ndarray) -> tuple[list[float], list[float]]:
    """The loss at each number, and its slope there."""
    inputs = [Value(x) for x in numbers]
    outputs = [loss(x) for x in inputs]
    return [y.data for y in outputs], [grad(y, [x])[0] for x, y in zip(inputs, outputs, strict=True)]


# %% [markdown]
# ## Curves and gradients
# On the left, numbers are predicted and the target is 0. On the right, the target is "yes", and what the network says
# is a logit: sigmoid(logit) is its probability of yes. The dashed lines are what backpropagation starts from.

# %%
REGRESSION = {
    "mean squared": lambda x: losses.mean_squared_error(x, 0.0),
    "mean absolute": lambda x: losses.mean_absolute_error(x, 0.0),
    "Huber": lambda x: losses.huber(x, 0.0),
}
CLASSIFICATION = {
    "squared, of the probability": lambda x: losses.mean_squared_error(x.sigmoid(), 1.0),
    "binary cross-entropy": lambda x: losses.binary_cross_entropy_with_logits(x, 1.0),
    "hinge (yes is +1)": lambda x: losses.hinge(x, 1.0),
    "cross-entropy of 3 classes": lambda x: losses.cross_entropy([x, 0.0, 0.0], 0),
}
figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex="col")
for column, group, numbers in ((0, REGRESSION, np.linspace(-3, 3, 121)), (1, CLASSIFICATION, np.linspace(-6, 6, 121))):
    for name, loss in group.items():
        values, slopes = curve(loss, numbers)
        axes[0, column].plot(numbers, values, label=name)
        axes[1, column].plot(numbers, slopes, "--", label=name)
    axes[0, column].legend(fontsize=8)
axes[0, 0].set(title="a number, target 0: loss", ylim=(0, 5))
axes[1, 0].set(title="its gradient", xlabel="prediction", ylim=(-4, 4))
axes[0, 1].set(title="yes or no, target yes: loss")
axes[1, 1].set(title="its gradient", xlabel="logit")
demo.save(figure, "05_losses.png")


# %% [markdown]
# ## An outlier
# One number must stand for eight. Which one is best? Each loss has its own idea: the squared error asks for the mean,
# which one outlier drags along; the absolute error for the median. RMSE is minimal where MSE is; it only speaks in the
# units of the data.


# %%
def best_constant(loss: object, data: list[float], steps: int, rate: float = 0.5) -> float:
    """The constant prediction with the least loss, found by gradient descent with a shrinking step."""
    guess = Value(5.0)
    for step in range(steps):
        (slope,) = grad(loss([guess] * len(data), data), [guess])
        guess.data -= slope * rate / (1 + step / 50)
    return guess.data


title("One number for all")
data = [2.0, 2.5, 3.0, 3.0, 3.5, 4.0, 4.5, 40.0]
steps = 200 if demo.quick else 3000
named = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "huber"]
best = {name: best_constant(getattr(losses, name), data, steps) for name in named}
rows = [[name, found, losses.root_mean_squared_error([found] * 8, data).data,
         losses.mean_absolute_error([found] * 8, data).data] for name, found in best.items()]  # fmt: skip
table(["loss", "best constant", "RMSE", "MAE"], rows, width=14)
print(f"for comparison: mean {np.mean(data):.4g}, median {np.median(data):.4g}")

# %% [markdown]
# ## Confidently wrong
# A network says "no" with all its weight (logit -8), and the answer is yes. The squared error of the probability sends
# back almost nothing, because the sigmoid is flat there: the worse the mistake, the less it learns. Cross-entropy is
# made so that exp and log cancel: its gradient is probability - target, whatever the logit. Past ±36 a probability
# rounds to 0 or 1 and its log would be infinite: hence the version that takes logits.

# %%
title("Target yes: the gradient by the logit")
rows = []
for logit in [-100.0, -8.0, -1.0, 0.0, 4.0]:
    gradients = [curve(CLASSIFICATION[name], np.array([logit]))[1][0] for name in list(CLASSIFICATION)[:3]]
    rows.append([f"{logit:g}", Value(logit).sigmoid().data, *gradients])
table(["logit", "probability", "squared", "cross-entropy", "hinge"], rows, width=16)

logits = [Value(z) for z in (2.0, -1.0, 0.5)]
losses.cross_entropy(logits, 0).backward()
print("three classes: gradient", [round(z.grad, 4) for z in logits], "= probabilities - target:",
      [round(p.data - t, 4) for p, t in zip(softmax(logits), (1, 0, 0), strict=True)])  # fmt: skip


# %% [markdown]
# ## A loss of your own
# Any function from `Value`s to a `Value` is a loss. Missing a train costs more than waiting for it: let a minute too
# little cost nine times as much as a minute too many. Its best constant is the 90 % quantile of the delays, which
# nobody told it (Koenker & Bassett, 1978). `gradcheck` looks over your shoulder, and names kinks.


# %%
def pinball(predictions: list[Value], targets: list[float]) -> Value:
    """Too low costs 0.9 per minute, too high 0.1."""
    errors = [target - prediction for prediction, target in zip(predictions, targets, strict=True)]
    return fsum((0.9 * error).maximum(-0.1 * error) for error in errors) / len(errors)


title("A loss of one's own")
delays = np.random.default_rng(0).exponential(4.0, size=50 if demo.quick else 200).round(1).tolist()
found = best_constant(pinball, delays, steps // 5, rate=5.0)
print(f"pinball loss: leave {found:.2f} minutes; 90 % quantile of the delays {np.quantile(delays, 0.9):.2f}")
print(gradcheck(lambda *guesses: pinball(guesses, [3.0, 3.0, 3.0]), [1.0, 5.0, 3.0]))

# %% [markdown]
# | the target is | take | because |
# | --- | --- | --- |
# | a number | mean squared error | smooth, and its minimum is the mean |
# | a number, with outliers | mean absolute error, or Huber | an error of 40 pulls no harder than one of 4 |
# | to be reported | RMSE, MAE | they are in the units of the data |
# | yes or no | binary cross-entropy with logits | the gradient is probability - target |
# | one of K classes | cross-entropy | the same, for K classes |
# | a side of a boundary, no probability | hinge | what is right by a margin is left alone |

# %% [markdown]
# ## Exercises
# 1. Move the outlier from 40 to 400. Which of the four best constants move, and how far? Predict, then try.
# 2. The logit is 4 and the answer is yes: how large is the gradient of the binary cross-entropy? And if the answer is
#    no? The table has one of the two.
# 3. In code: the gradient of the cross-entropy. Fill in `demos/exercises/05_losses.py`; `tinygrad-edu exercise 5` says
#    what is wrong with it.

# %%
demo.done("weigh the classes (cross_entropy has class weights and label smoothing); then 06_backpropagation.py")
