"""Optimizers, schedules of the learning rate, and gradient clipping: how a gradient becomes a step."""

from tinygrad_edu.optim.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.optim.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from tinygrad_edu.optim.schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearWarmUp,
    OneCycleLR,
    ReduceLROnPlateau,
    Schedule,
    StepLR,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LinearWarmUp",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "StepLR",
    "clip_grad_norm",
    "clip_grad_value",
]
