"""Write scalars, see every derivative, run at the speed of matrices."""

import importlib
from typing import TYPE_CHECKING, Any

from tinygrad_edu.anomaly import AnomalyError, detect_anomaly
from tinygrad_edu.backprop import backward_steps, topological_order
from tinygrad_edu.declaring import operation
from tinygrad_edu.elsewhere import not_here
from tinygrad_edu.functions import choose, dot, fsum, logsumexp, softmax, where
from tinygrad_edu.gradients import grad, hessian, jacobian
from tinygrad_edu.modes import no_grad, trace_sources
from tinygrad_edu.stopping import backward
from tinygrad_edu.value import Value, as_value
from tinygrad_edu.version import __version__

if TYPE_CHECKING:  # what the table below loads when it is first asked for
    from tinygrad_edu.arrays import ValueArray, array
    from tinygrad_edu.checking import GradCheck, gradcheck
    from tinygrad_edu.diagnosis import diagnose
    from tinygrad_edu.drawing import draw
    from tinygrad_edu.nn import MLP, Layer, Module, Neuron
    from tinygrad_edu.optim import SGD, Adam, AdamW, RMSprop
    from tinygrad_edu.replay import Program, Programs, RecordingError, record
    from tinygrad_edu.stepping import Explanation, Stepper, debug, explain, save_page
    from tinygrad_edu.training import EarlyStopping, History, fit, predict

_ROOMS = {
    "arrays": ("ValueArray", "array"),
    "checking": ("GradCheck", "gradcheck"),
    "diagnosis": ("diagnose",),
    "drawing": ("draw",),
    "nn": ("MLP", "Layer", "Module", "Neuron"),
    "optim": ("SGD", "Adam", "AdamW", "RMSprop"),
    "replay": ("Program", "Programs", "RecordingError", "record"),
    "stepping": ("Explanation", "Stepper", "debug", "explain", "save_page"),
    "training": ("EarlyStopping", "History", "fit", "predict"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "MLP", "SGD", "Adam", "AdamW", "AnomalyError", "EarlyStopping", "Explanation", "GradCheck", "History", "Layer",
    "Module", "Neuron", "Program", "Programs", "RMSprop", "RecordingError", "Stepper", "Value", "ValueArray",
    "__version__", "array", "as_value", "backward", "backward_steps", "choose", "debug", "detect_anomaly", "diagnose",
    "dot", "draw", "explain", "fit", "fsum", "grad", "gradcheck", "hessian", "jacobian", "logsumexp", "no_grad",
    "operation", "predict", "record", "save_page", "softmax", "topological_order", "trace_sources", "where",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise not_here(__name__, name)
    globals()[name] = found = getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
