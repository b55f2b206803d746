# %% [markdown]
"""
# 16. An operation of your own: declare, check, draw, step, train

You will see an operation that this library does not have declared in six lines; a wrong derivative found by
`gradcheck`, and named; the new one in a picture, in a step of the sweep, in a second derivative and in a page; and a
network that uses it, on real measurements, to see the seasons where tanh and relu see none.
"""

# %%
import io
import math

import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt

from tinygrad_edu import MLP, Stepper, Value, gradcheck, hessian, operation, save_page
from tinygrad_edu.declaring import forget
from tinygrad_edu.optim import Adam
from tinygrad_edu.stepping.shell import StepperShell
from tinygrad_edu.training import fit, predict

demo = Demo(__doc__)

# %% [markdown]
# ## Declare
# An operation is how to compute it, and its derivative by each input. Ours is "snake" (Ziyin, Hartwig & Ueda, 2020):
# snake(a) = a + sin²(k·a)/k, a line that sways. Its slope, by the chain rule, is
# 1 + 2 sin(k·a) cos(k·a) · k/k = 1 + sin(2k·a). The rules get a number system `m` in front, so that the same two lines
# serve floats, formulas, `Value`s and arrays; the output `y`, which a derivative may use; and `k`, a setting.
#
# The first try forgets the inner derivative, as one does.


# %%
def swaying(m: object, a: object, k: float) -> object:
    """snake(a) = a + sin²(k·a)/k."""
    return a + m.sin(k * a) ** 2 / k


title("A wrong derivative")
snake = operation("snake", swaying, lambda m, y, a, k: 1.0 + m.sin(2.0 * k * a) / k, settings={"k": math.pi})
wrong = gradcheck(lambda w, x: (w * x).snake() + w, [0.7, 0.3])
print(wrong)
assert not wrong, "gradcheck should find this"

# %% [markdown]
# Both inputs are wrong, since both get their gradient through `snake`, and the report says which operation is at fault:
# each operation of the graph was checked on its own. `forget` frees the name, and the second try is right.

# %%
title("The right one")
forget("snake")
snake = operation(
    "snake",
    swaying,
    lambda m, y, a, k: 1.0 + m.sin(2.0 * k * a),
    formula="a + sin²(k·a)/k",
    settings={"k": math.pi},
)
right = gradcheck(lambda w, x: (w * x).snake() + w, [0.7, 0.3])
print(right)
assert right

# %% [markdown]
# ## Draw it, step through it, differentiate it twice
# It is a function and a method, and everything that reads declarations knows it: the picture has its name and its local
# derivative, the stepper gets its formula from the rule, the page computes it in the browser, and `hessian`
# differentiates the derivative that you wrote: snake″(a) = 2k cos(2k·a).

# %%
title("The new operation in a graph")
w, x, b = Value(0.7, "w"), Value(0.3, "x"), Value(0.1, "b")
y = snake(w * x + b)
y.label = "y"
session = io.StringIO()
shell = StepperShell(Stepper(y), stdout=session)
for words in ("goto 3", "next"):
    session.write(f"(step) {words}\n")
    shell.onecmd(words)
print(session.getvalue(), end="")
curvature = hessian(lambda a: a.snake(), [0.31])[0, 0]
print(f"second derivative at 0.31: {curvature:.10f}; by hand {2 * math.pi * math.cos(2 * math.pi * 0.31):.10f}")
demo.draw(y, "16_graph.svg")
save_page(y, demo.path("16_page.html"))

# %% [markdown]
# ## Train a network with it
# The data: carbon dioxide in the air over Mauna Loa, Hawaii, in parts per million, each month from 1990 to 1999 (NOAA
# Global Monitoring Laboratory; public domain). It rises from year to year, and it breathes: forests take it up in
# summer. Can a network that has seen six years say how the next four go on?

# %%
MEASURED = """
    353.86 355.10 355.75 356.38 357.38 356.39 354.89 353.06 351.38 351.69 353.14 354.41
    354.93 355.82 357.33 358.77 359.23 358.23 356.30 353.97 352.34 352.43 353.89 355.21
    356.34 357.21 357.97 359.22 359.71 359.44 357.15 354.99 353.01 353.41 354.42 355.68
    357.10 357.42 358.59 359.39 360.30 359.64 357.45 355.76 354.14 354.23 355.53 357.03
    358.36 359.04 360.11 361.36 361.78 360.94 359.51 357.59 355.86 356.21 357.65 359.10
    360.04 361.00 361.98 363.44 363.83 363.33 361.78 359.33 358.32 358.14 359.61 360.82
    362.20 363.36 364.28 364.69 365.25 365.06 363.69 361.55 359.69 359.72 361.04 362.39
    363.24 364.21 364.65 366.49 366.77 365.73 364.46 362.40 360.44 360.97 362.65 364.51
    365.39 366.10 367.36 368.79 369.56 369.13 367.98 366.10 364.16 364.54 365.67 367.30
    368.35 369.28 369.84 371.15 371.12 370.46 369.61 367.06 364.95 365.52 366.88 368.26
"""
PPM = np.array(MEASURED.split(), dtype=float)
years = (np.arange(len(PPM)) + 0.5) / 12.0
seen = years < 6.0
X, mean, deviation = (years - 3.0)[:, None], PPM[seen].mean(), PPM[seen].std()


def without_trend(series: np.ndarray, when: np.ndarray) -> np.ndarray:
    """What is left of a series without its straight line: the seasons."""
    return series - np.polyval(np.polyfit(when, series, 1), when)


def error(predicted: np.ndarray, measured: np.ndarray) -> float:
    """The root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - measured) ** 2)))


# %% [markdown]
# With k = π, sin²(π·a) comes round once when a grows by 1, so a neuron of weight 1 sways once a year. All three
# networks start with such weights and eight phases; what they can make of them is up to the activation.

# %%
title("Six years seen, four years not: root mean squared error in ppm")
rows, predictions = [], {}
for activation in ("tanh", "relu", "snake"):
    model = MLP(1, [8, 1], activation, seed=0)
    for k, neuron in enumerate(model.layers[0].neurons):
        neuron.weights[0].data, neuron.bias.data = 1.0, k / 8
    fit(model, X[seen], (PPM[seen] - mean) / deviation, loss="mse", optimizer=Adam(model.parameters(), 0.01),
        epochs=100 if demo.quick else 1000, batch_size=24, progress=False)  # fmt: skip
    predicted = predictions[activation] = predict(model, X)[:, 0] * deviation + mean
    seasons = [without_trend(series[~seen], years[~seen]) for series in (predicted, PPM)]
    rows.append([activation, error(predicted[seen], PPM[seen]), error(predicted[~seen], PPM[~seen]), error(*seasons)])
table(["activation", "seen", "not seen", "of its seasons"], rows, width=16)
print("Nobody predicts how steeply it will rise; the last column leaves the straight line of the four years out.")
figure, axis = plt.subplots(figsize=(9, 3.6))
axis.plot(1990 + years, PPM, ".", color="0.5", markersize=4, label="measured")
for activation, predicted in predictions.items():
    axis.plot(1990 + years, predicted, label=activation, linewidth=1.6)
axis.axvline(1996, color="0.6", linestyle=":")
axis.set(title="CO₂ over Mauna Loa: learned up to 1996, predicted from there", ylabel="ppm")
axis.legend(ncols=4, fontsize=9)
demo.save(figure, "16_seasons.png")

# %% [markdown]
# Where its data end, tanh turns flat and relu goes straight on: so they are made. An activation is a belief about how
# things go on where nobody has looked.

# %% [markdown]
# ## Exercises
# 1. What will `gradcheck(lambda a: a.relu(), [0.0])` say? Neither right nor wrong is quite true. Predict, then ask.
# 2. With k = 2π instead of π, which weights would let the neurons sway once a year?
# 3. In code: derivatives for an operation of your own. Fill in `demos/exercises/16_your_own_operation.py`;
#    `tinygrad-edu exercise 16` says what is wrong with it.

# %%
demo.done("declare softplus of two inputs, log(exp(a) + exp(b)), with two derivatives; then 17_classical_mechanics.py")
