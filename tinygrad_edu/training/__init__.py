"""Training: what changes the parameters of a network so that its loss falls."""

from tinygrad_edu.training.callbacks import Callback, EarlyStopping
from tinygrad_edu.training.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.training.data import batches
from tinygrad_edu.training.engines import predict
from tinygrad_edu.training.history import History
from tinygrad_edu.training.loop import CallbackError, Run, fit
from tinygrad_edu.training.optimisers import SGD, Adam, AdamW, Optimizer, RMSProp
from tinygrad_edu.training.saving import load, save
from tinygrad_edu.training.schedules import (
    CosineDecay,
    ExponentialDecay,
    LinearWarmUp,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "CallbackError",
    "CosineDecay",
    "EarlyStopping",
    "ExponentialDecay",
    "History",
    "LinearWarmUp",
    "OneCycle",
    "Optimizer",
    "RMSProp",
    "ReduceOnPlateau",
    "Run",
    "Schedule",
    "StepDecay",
    "batches",
    "clip_grad_norm",
    "clip_grad_value",
    "fit",
    "load",
    "predict",
    "save",
]
