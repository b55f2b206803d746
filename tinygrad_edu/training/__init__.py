"""Training: what changes the parameters of a network so that its loss falls.

    loop         `fit`, and the run that it makes
    callbacks    what happens around the loop; early stopping. `progress` and `tensorboard` are callbacks, too
    checks       what `fit` is given, checked before anything changes
    data         examples and targets, and the order of batches
    objective    what is made small: a model, a loss, a penalty
    engines      what turns a batch into the mean loss and its gradient: eager code, or replay
    comparison   on which rows, and when, replay is compared with eager code
    prediction   `predict`
    history      the record of a run
    saving       weights in files; `checkpoints` holds whole runs
    estimators   the networks as scikit-learn has them; `estimator_network` and `estimator_solvers` are what they train,
                 and `feature_effects` what they explain

`MLPClassifier` and `MLPRegressor` can be imported from here too; only then is scikit-learn needed.
So `from tinygrad_edu.training import *` leaves them out.
"""

from typing import TYPE_CHECKING, Any

from tinygrad_edu.elsewhere import not_here
from tinygrad_edu.training.callbacks import Callback, EarlyStopping, RunView
from tinygrad_edu.training.data import batches
from tinygrad_edu.training.history import History
from tinygrad_edu.training.loop import CallbackError, Run, fit
from tinygrad_edu.training.prediction import predict
from tinygrad_edu.training.saving import load, save
from tinygrad_edu.training.tensorboard import TensorBoard

if TYPE_CHECKING:
    from tinygrad_edu.training.estimators import MLPClassifier as MLPClassifier
    from tinygrad_edu.training.estimators import MLPRegressor as MLPRegressor

__all__ = [
    "Callback",
    "CallbackError",
    "EarlyStopping",
    "History",
    "Run",
    "RunView",
    "TensorBoard",
    "batches",
    "fit",
    "load",
    "predict",
    "save",
]


def __getattr__(name: str) -> Any:
    if name in ("MLPClassifier", "MLPRegressor"):
        from tinygrad_edu.training import estimators

        return getattr(estimators, name)
    raise not_here(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), "MLPClassifier", "MLPRegressor"})
