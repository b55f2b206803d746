"""Optimizers, schedules of the learning rate, and gradient clipping: how a gradient becomes a step."""

from typing import TYPE_CHECKING, NoReturn

from tinygrad_edu.elsewhere import not_here
from tinygrad_edu.optim.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.optim.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from tinygrad_edu.optim.schedules import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "RMSprop",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm",
    "clip_grad_value",
]


if not TYPE_CHECKING:  # for type checkers, a name that is not here is a mistake

    def __getattr__(name: str) -> NoReturn:
        raise not_here(__name__, name)
