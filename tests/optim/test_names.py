"""Optimizers by name: each is the class that one would make by hand, and what is no name is refused."""

import re

import numpy as np
import pytest

from tinygrad_edu import SGD, Adam, AdamW, RMSprop, Value
from tinygrad_edu.optim.names import OPTIMIZERS, optimizer_called

BY_HAND = {
    "sgd": lambda p: SGD(p, 0.05, weight_decay=0.1),
    "momentum": lambda p: SGD(p, 0.05, momentum=0.9, weight_decay=0.1),
    "rmsprop": lambda p: RMSprop(p, 0.05, weight_decay=0.1),
    "adam": lambda p: Adam(p, 0.05, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, 0.05, weight_decay=0.1),
}


def test_every_name_is_compared_with_one_made_by_hand():
    assert set(BY_HAND) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_name_makes_the_optimizer_that_one_would_make_by_hand(name):
    params = [Value(1.0), Value(-2.0)]
    named, by_hand = optimizer_called(name, params, 0.05, weight_decay=0.1), BY_HAND[name](params)
    assert type(named) is type(by_hand)
    assert named.settings() == by_hand.settings()
    theta = np.array([1.0, -2.0])
    for gradient in ([0.5, 3.0], [-1.0, 0.25]):
        assert named.update(theta, np.array(gradient)).tolist() == by_hand.update(theta, np.array(gradient)).tolist()


def test_what_is_not_said_is_the_default_of_the_optimizer():
    made = {name: optimizer_called(name, [Value(1.0)]) for name in OPTIMIZERS}
    assert {name: (optimizer.lr, optimizer.weight_decay) for name, optimizer in made.items()} == {
        "sgd": (0.01, 0.0),
        "momentum": (0.01, 0.0),
        "rmsprop": (0.01, 0.0),
        "adam": (0.001, 0.0),
        "adamw": (0.001, 0.01),
    }


def test_a_name_may_be_spelled_as_the_class_is():
    for cls in (SGD, RMSprop, Adam, AdamW):
        assert type(optimizer_called(cls.__name__, [Value(1.0)])) is cls


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one():
    message = "no optimizer is called 'rmsprob'; did you mean 'rmsprop'? There are sgd, momentum, rmsprop, adam, adamw"
    with pytest.raises(ValueError, match=re.escape(message)):
        optimizer_called("rmsprob", [Value(1.0)], 0.1)


@pytest.mark.parametrize("choice", [None, 3, Adam, ["adam"]])
def test_what_is_no_name_is_a_type_error(choice):
    with pytest.raises(TypeError, match="an optimizer is chosen by its name here, such as 'adam', not by"):
        optimizer_called(choice, [Value(1.0)], 0.1)
