# %% [markdown]
"""
# 11. K-fold cross-validation: how good is it, and how sure are we?

You will see one split of the data into training and test give a different answer each time; five folds that use every
example for both, one after the other; and the folds choose between networks. The folds are scikit-learn's: our
networks are estimators like all others there.
"""

# %%
import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from sklearn.datasets import load_wine
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tinygrad_edu.training import MLPClassifier

demo = Demo(__doc__)
ITERATIONS = 5000

# %% [markdown]
# The data: 178 Italian wines, each of one of three vineyards, described by 13 measurements of a laboratory (Forina et
# al., 1988). The scaler belongs to the pipeline, so that each fold scales by its own training part; scaling before
# splitting would let the test data leak into the training.

# %%
X, y = load_wine(return_X_y=True)


def network(hidden: tuple[int, ...] = (8,), alpha: float = 0.1, seed: int = 0) -> object:
    """A scaler and a network; on so few examples, L-BFGS finds the bottom in no time."""
    model = MLPClassifier(hidden, solver="lbfgs", alpha=alpha, max_iter=ITERATIONS, random_state=seed)
    return make_pipeline(StandardScaler(), model)


title("One split at a time: the answer depends on luck")
scores = []
for seed in range(3 if demo.quick else 10):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    scores.append(network((2,)).fit(X_train, y_train).score(X_test, y_test))
print("accuracy of", ", ".join(f"{score:.1%}" for score in scores))

# %% [markdown]
# ## Five folds
# Cut the data into five parts. Train five times, each time on four parts, and test on the fifth: every wine is tested
# exactly once, by a network that has not seen it. The mean is the estimate, the spread says how far to trust it.

# %%
title("Five folds")
folds = StratifiedKFold(5, shuffle=True, random_state=0)
rows = []
for number, (train, test) in enumerate(folds.split(X, y), start=1):
    model = network((2,)).fit(X[train], y[train])
    probabilities = model.predict_proba(X[test])
    rows.append([f"fold {number}", len(train), len(test), model.score(X[train], y[train]),
                 model.score(X[test], y[test]), log_loss(y[test], probabilities)])  # fmt: skip
table(["", "trained on", "tested on", "train", "test", "cross-entropy"], rows, width=15)
tested = [row[4] for row in rows]
print(f"test accuracy {np.mean(tested):.1%} ± {np.std(tested, ddof=1):.1%} (standard deviation over the folds)")

# %% [markdown]
# ## Choosing
# The same folds for all candidates: a difference is then not due to luckier test data. Look at the fold, not at the
# mean alone, before you believe a difference that is smaller than the spread.

# %%
title("Candidates, on the same five folds")
candidates = {
    "always the commonest": DummyClassifier(),
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "2 neurons": network((2,)),
    "8 neurons": network((8,)),
    "8 neurons, not scaled": MLPClassifier((8,), solver="lbfgs", alpha=0.1, max_iter=ITERATIONS, random_state=0),
    "16-16 neurons": network((16, 16)),
}
results = {name: cross_val_score(candidate, X, y, cv=folds) for name, candidate in candidates.items()}
table(["", *(f"fold {k}" for k in range(1, 6)), "mean", "deviation"],
      [[name, *map(float, found), float(found.mean()), float(found.std(ddof=1))] for name, found in results.items()],
      width=10)  # fmt: skip
figure, axis = plt.subplots(figsize=(7, 3))
for place, found in enumerate(results.values()):
    axis.plot(found, [place] * 5, "o", color="C0", alpha=0.5, markersize=9)
    axis.plot(found.mean(), place, "k|", markersize=22, markeredgewidth=2)
axis.set(title="accuracy of five folds, and their mean", yticks=range(len(results)), yticklabels=results)
axis.invert_yaxis()
demo.save(figure, "11_folds.png")

# %% [markdown]
# ## Exercises
# 1. 178 wines in five folds: how many are in each test?
# 2. All 178 are classified right, each by a network that has not seen it. Does the network never err? If one wine in a
#    hundred were beyond it, how often would 178 in a row go well?
# 3. In code: folds. Fill in `demos/exercises/11_k_fold.py`; `tinygrad-edu exercise 11` says what is wrong with it.

# %%
demo.done("GridSearchCV over mlpclassifier__hidden_layer_sizes, or n_jobs=2 in cross_val_score; then 12_cnn.py")
