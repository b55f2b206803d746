"""Optimizers, schedules of the learning rate, and gradient clipping: how a gradient becomes a step."""

from tinygrad_edu.optim.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.optim.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from tinygrad_edu.optim.schedules import (
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
    "CosineDecay",
    "ExponentialDecay",
    "LinearWarmUp",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "clip_grad_norm",
    "clip_grad_value",
]
