"""Optimizers by name: each is the class that one would make by hand, and what is no name is refused."""

import re

import numpy as np
import pytest

from tinygrad_edu import SGD, Adam, RMSprop, Value
from tinygrad_edu.optim.names import OPTIMIZERS, optimizer_called

BY_HAND = {
    "sgd": lambda p: SGD(p, 0.05, weight_decay=0.1),
    "momentum": lambda p: SGD(p, 0.05, momentum=0.9, weight_decay=0.1),
    "rmsprop": lambda p: RMSprop(p, 0.05, weight_decay=0.1),
    "adam": lambda p: Adam(p, 0.05, weight_decay=0.1),
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


def test_without_weight_decay_there_is_none():
    assert {optimizer_called(name, [Value(1.0)], 0.1).weight_decay for name in OPTIMIZERS} == {0.0}


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one():
    message = "no optimizer is called 'rmsprob'; did you mean 'rmsprop'? There are sgd, momentum, rmsprop, adam"
    with pytest.raises(ValueError, match=re.escape(message)):
        optimizer_called("rmsprob", [Value(1.0)], 0.1)


@pytest.mark.parametrize("choice", [None, 3, Adam, ["adam"]])
def test_what_is_no_name_is_a_type_error(choice):
    with pytest.raises(TypeError, match="an optimizer is chosen by its name here, such as 'adam', not by"):
        optimizer_called(choice, [Value(1.0)], 0.1)
