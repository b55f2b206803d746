"""Training: what changes the parameters of a network so that its loss falls."""

from tinygrad_edu.training.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.training.optimisers import SGD, Adam, AdamW, Optimizer, RMSProp
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
    "CosineDecay",
    "ExponentialDecay",
    "LinearWarmUp",
    "OneCycle",
    "Optimizer",
    "RMSProp",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "clip_grad_norm",
    "clip_grad_value",
]
