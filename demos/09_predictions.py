# %% [markdown]
"""
# 9. Making predictions: probabilities, and whether to believe them

You will see a network that tells malignant from benign tumours by 30 measurements of 569 real biopsies; which mistakes
it makes; whether its "90 %" comes true in nine cases of ten; what speaks for and against one patient; and the network
saved, loaded, and giving the same answers.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from tinygrad_edu import MLP, Value, no_grad
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits
from tinygrad_edu.optim import Adam
from tinygrad_edu.plotting import plot_confusion, plot_loss
from tinygrad_edu.training import EarlyStopping, fit, load, predict, save

demo = Demo(__doc__)

# %% [markdown]
# The data: the Wisconsin breast cancer data (Street, Wolberg & Mangasarian, 1993). 1 stands for malignant here. Each
# measurement is moved to mean 0 and standard deviation 1, by the training data alone: the test must stay unknown.

# %%
data = load_breast_cancer()
X, rest, y, y_rest = train_test_split(data.data, 1.0 - data.target, test_size=0.5, stratify=data.target, random_state=1)
X_valid, X_test, y_valid, y_test = train_test_split(rest, y_rest, test_size=0.7, stratify=y_rest, random_state=1)
mean, deviation = X.mean(axis=0), X.std(axis=0)
X, X_valid, X_test = ((part - mean) / deviation for part in (X, X_valid, X_test))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities."""
    return 1.0 / (1.0 + np.exp(-logits))


# %%
title(f"Learning from {len(X)} biopsies, stopped by {len(X_valid)} others")
model = MLP(30, [8, 1], "relu", seed=0)
history = fit(model, X, y, loss=binary_cross_entropy_with_logits, optimizer=Adam(model.parameters(), 0.01),
              epochs=5 if demo.quick else 100, validation_data=(X_valid, y_valid), callbacks=[EarlyStopping(15)],
              progress=False)  # fmt: skip
print(f"{history.epochs} epochs of {history.iterations // history.epochs} batches; {history.stopped or 'not stopped'}")
demo.save(plot_loss(history), "09_loss.png")

# %% [markdown]
# ## Probabilities and decisions
# The output is a logit; its sigmoid is the probability of "malignant". Where to draw the line is not for the network to
# say: a tumour that is overlooked costs more than one that is looked at twice.

# %%
title(f"{len(y_test)} biopsies it has never seen")
probabilities = sigmoid(predict(model, X_test)[:, 0])
rows = []
for threshold in (0.5, 0.2, 0.05):
    decisions = probabilities > threshold
    (_, alarms), (missed, found) = confusion_matrix(y_test, decisions)
    rows.append([f"p > {threshold}", f"{np.mean(decisions == y_test):.1%}", int(found), int(missed), int(alarms)])
table(["decide by", "right", "found", "missed", "false alarms"], rows, width=14)
demo.save(plot_confusion(confusion_matrix(y_test, probabilities > 0.5), ["benign", "malignant"]), "09_confusion.png")

# %% [markdown]
# ## Do its probabilities come true?
# Sort the cases by what was predicted, and look how many of each group were malignant: on the diagonal, a network means
# what it says (few of these cases lie in the middle, so that single ones move the points there). Now let a larger one
# learn by heart: it is right as often, and far too sure when it is wrong, which cross-entropy sees.

# %%
title("Calibration")
sure = MLP(30, [32, 32, 1], "relu", seed=0)
fit(sure, X, y, loss=binary_cross_entropy_with_logits, optimizer=Adam(sure.parameters(), 0.01),
    epochs=5 if demo.quick else 150, progress=False)  # fmt: skip
figure, axis = plt.subplots(figsize=(4.6, 4.2))
axis.plot([0, 1], [0, 1], color="0.6", linestyle=":")
rows = []
for name, network in {"stopped early": model, "learned by heart": sure}.items():
    logits = predict(network, X_test)[:, 0]
    axis.plot(*reversed(calibration_curve(y_test, sigmoid(logits), n_bins=5)), "o-", label=name)
    wrong = (logits > 0) != (y_test > 0.5)
    loss = np.mean(np.logaddexp(0.0, logits) - y_test * logits)
    confidence = sigmoid(np.abs(logits[wrong])).mean() if wrong.any() else np.nan
    rows.append([name, f"{1 - wrong.mean():.1%}", float(loss), f"{confidence:.1%}"])
axis.set(title="calibration", xlabel="predicted probability", ylabel="share that was malignant")
axis.legend()
table(["network", "right", "cross-entropy", "confidence when wrong"], rows, width=23)
demo.save(figure, "09_calibration.png")

# %% [markdown]
# ## One patient
# The gradient of the logit by the inputs says what would change the answer most, here and now. Prediction itself needs
# no graph: inside `no_grad` none is kept, which saves memory.

# %%
title("The patient it is least sure about")
doubtful = int(np.argmin(np.abs(probabilities - 0.5)))
patient = [Value(x, name) for x, name in zip(X_test[doubtful], data.feature_names, strict=True)]
logit = model(patient)[0]
logit.backward()
print(f"p(malignant) = {logit.sigmoid().data:.2f}; it was {'malignant' if y_test[doubtful] else 'benign'}")
strongest = sorted(patient, key=lambda value: -abs(value.grad))[:4]
table(["measurement", "here", "∂logit/∂"], [[value.label, value.data, value.grad] for value in strongest])
with_graph = [model(x)[0] for x in X_test]
with no_grad():
    without = [model(x)[0] for x in X_test]
kept = [len({node for y in outputs for node in topological_order(y)}) for outputs in (with_graph, without)]
print(f"Values kept in memory for all test cases: {kept[0]:,} with graphs, {kept[1]:,} in no_grad()")

# %%
title("Saved and loaded")
save(model, demo.path("09_model.safetensors"))
copy = MLP(30, [8, 1], "relu", seed=99)
load(copy, demo.out / "09_model.safetensors")
print("the copy gives the same answers:", np.array_equal(predict(copy, X_test), predict(model, X_test)))

# %% [markdown]
# ## Exercises
# 1. Lower the threshold from 0.5 to 0.05: which of precision and recall can only rise? Which is likely to fall?
# 2. What are the accuracy and the cross-entropy of a network that says 0.5 to everybody? Is it calibrated?
# 3. In code: precision and recall. Fill in `demos/exercises/09_predictions.py`; `tinygrad-edu exercise 9` says what is
#    wrong with it.

# %%
demo.done("move the threshold until nothing is missed, and count the false alarms; then 10_pitfalls.py")
