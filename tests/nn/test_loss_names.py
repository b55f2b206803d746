"""Losses by name: what PyTorch and Keras call the same, computed here a second time; other meanings are refused."""

import math

import pytest

from tinygrad_edu.nn import losses
from tinygrad_edu.nn.loss_names import LOSSES, loss_called

P, T = [0.8, 0.3], [1.0, 0.0]
BY_HAND = {
    ("mse", "mean_squared_error"): (0.2**2 + 0.3**2) / 2,
    ("mae", "mean_absolute_error"): (0.2 + 0.3) / 2,
    ("rmse", "root_mean_squared_error"): math.sqrt((0.2**2 + 0.3**2) / 2),
    ("huber",): 0.5 * (0.2**2 + 0.3**2) / 2,
    ("half_squared_error",): 0.5 * (0.2**2 + 0.3**2),
    ("bce", "binary_crossentropy", "binary_cross_entropy"): -(math.log(0.8) + math.log(0.7)) / 2,
    ("binary_cross_entropy_with_logits",): (math.log1p(math.exp(-0.8)) + math.log1p(math.exp(0.3))) / 2,
    ("cross_entropy",): math.log(math.exp(0.8) + math.exp(0.3)) - 0.8,
}


def test_every_name_is_computed_by_hand():
    assert {name for names in BY_HAND for name in names} | {"hinge"} == set(LOSSES)


@pytest.mark.parametrize("names", BY_HAND)
def test_a_name_is_the_loss_that_one_would_write(names):
    for name in names:
        for spelled in (name, name.upper()):
            assert loss_called(spelled)(P, T).data == pytest.approx(BY_HAND[names], rel=1e-12)


def test_hinge_is_for_targets_of_both_signs():
    assert loss_called("hinge")(P, [1.0, -1.0]).data == pytest.approx((0.2 + 1.3) / 2)


def test_a_function_is_a_loss_itself():
    assert loss_called(losses.huber) is losses.huber


@pytest.mark.parametrize("name", ["categorical_crossentropy", "Sparse_Categorical_Crossentropy", "nll_loss"])
def test_a_name_that_means_something_else_elsewhere_is_refused_with_what_to_write(name):
    with pytest.raises(ValueError, match=rf'^{name!r} is no loss here: .* write loss="cross_entropy"$'):
        loss_called(name)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("BCELoss", "binary_cross_entropy"),
        ("log_loss", "binary_cross_entropy"),
        ("bce_with_logits", "binary_cross_entropy_with_logits"),
        ("MSELoss", "mean_squared_error"),
        ("l1_loss", "mean_absolute_error"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("NLL", "cross_entropy"),
    ],
)
def test_a_name_of_another_library_is_told_ours(name, ours):
    with pytest.raises(ValueError, match=rf"^no loss is called '{name}': .*`(losses\.)?{ours}`"):
        loss_called(name)


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match="no loss is called 'hubber'; did you mean 'huber'"):
        loss_called("hubber")


@pytest.mark.parametrize("loss", [None, 3, ["mse"]])
def test_what_is_neither_is_a_type_error(loss):
    with pytest.raises(TypeError, match=r'a function such as losses.cross_entropy, or a name such as "mse", not'):
        loss_called(loss)
