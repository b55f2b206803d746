"""What the history of a run shows: each check on either side of its threshold, with losses written down by hand."""

import numpy as np
import pytest

from tinygrad_edu.diagnosis.history_checks import overfitting, unsuitable_learning_rate
from tinygrad_edu.training import History


def found(check, **history):
    return [finding.pathology for finding in check(History(**history))]


def rate(losses, stopped=""):
    return found(unsuitable_learning_rate, loss=list(losses), stopped=stopped)


TOO_LARGE, TOO_SMALL = ["learning rate too large"], ["learning rate too small"]
FALLING = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3]


# Overfitting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        ([1.0, 0.5, 0.8, 0.9, 1.0, 1.1], ["overfitting"]),
        ([1.0, 0.5, 0.54, 0.54, 0.54, 0.54], []),  # it rose by 0.04, and less than a tenth of 0.5 is noise
        ([1.0, 0.5, 0.56, 0.56, 0.56, 0.56], ["overfitting"]),
        ([1.0, 0.9, 0.8, 0.5, 2.0, 2.0], []),  # two epochs since the best are no trend
        ([1.0, 0.9, 0.5, 2.0, 2.0, 2.0], ["overfitting"]),
        ([1.0, 0.5, 0.9, 0.9, 0.4, 0.9], []),
        ([100.0, 0.5, 5.0, 5.0, 5.0, 5.0], []),  # beside the fall from 100 to 0.5 that is nothing
        ([], []),
    ],
)
def test_overfitting_is_a_validation_loss_that_has_turned_for_good(validation, expected):
    assert found(overfitting, loss=FALLING, validation_loss=validation) == expected


def test_without_a_training_loss_that_falls_on_it_is_no_overfitting():
    validation = [1.0, 0.5, 0.8, 0.9, 1.0, 1.1]
    assert found(overfitting, loss=[1.0, 0.5, 0.5, 0.49, 0.48, 0.47], validation_loss=validation) == []
    assert found(overfitting, loss=[1.0, 0.5, 0.5, 0.49, 0.48, 0.44], validation_loss=validation) == ["overfitting"]


def test_early_stopping_is_the_cure_and_not_told_again():
    history = {"loss": FALLING, "validation_loss": [1.0, 0.5, 0.8, 0.9, 1.0, 1.1]}
    assert found(overfitting, **history, stopped="stopped early: no improvement since epoch 2") == []


def test_its_evidence_names_epochs_and_losses():
    (finding,) = overfitting(History(loss=FALLING, validation_loss=[1.0, 0.5, 0.8, 0.9, 1.0, 1.1]))
    assert finding.evidence == (
        "the validation loss was lowest in epoch 2, 0.5, and is 1.1 in epoch 6, "
        "while the training loss fell on from 0.8 to 0.3"
    )


# The learning rate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["the loss is inf", "the gradient is not finite"])
def test_a_run_that_broke_off_had_a_rate_too_large(what):
    assert rate([], stopped=f"stopped in epoch 1, iteration 3: {what}") == TOO_LARGE
    assert rate(FALLING, stopped="interrupted in epoch 7") == []


def test_a_loss_that_rises_says_so_after_five_epochs():
    assert rate([1.0, 2.0, 3.0, 4.0]) == []
    assert rate([1.0, 2.0, 3.0, 4.0, 5.0]) == TOO_LARGE
    assert rate([1.0, 1.0, 1.0, 1.0, 1.0]) == []


def test_a_loss_that_is_thrown_about_without_getting_anywhere():
    assert rate([1.0, 0.7, 1.1, 0.6, 1.0, 0.8]) == TOO_LARGE
    assert rate([1.0, 0.99, 1.0, 0.98, 1.0, 0.99]) == [], "by a hundredth is noise"
    assert rate([1.0, 0.5, 0.8, 0.3, 0.6, 0.2]) == [], "it gets somewhere"


def test_a_loss_that_creeps_keeps_its_speed_and_gets_nowhere():
    assert rate(np.linspace(1.0, 0.95, 10)) == TOO_SMALL
    assert rate(np.linspace(1.0, 0.95, 9)) == [], "nine epochs are too few to say"
    assert rate(np.linspace(1.0, 0.85, 10)) == [], "that is some progress"
    arriving = 0.95 + 0.05 * 0.5 ** np.arange(10)
    assert rate(arriving) == [], "it slows down: this is the bottom"


@pytest.mark.parametrize(
    ("losses", "first", "cost", "expected"),
    [
        ([2e5, 1e3, 113.0], 15.0, 14.0, TOO_LARGE),
        ([1e8, 2e8], 2.4, 2.3, TOO_LARGE),
        ([2e5, 1e3, 1.0], 15.0, 14.0, []),  # it came back
        ([2e5, 1e3, 113.0], 1e6, 14.0, []),  # it began there, and fell
        ([2e5, 1e3, 113.0], 15.0, 1e5, []),  # that is no more than targets as large cost
        ([2e5, 1e3, 113.0], 15.0, np.inf, []),
        ([5.0, 3.0], 1e-9, 4.0, []),  # a first batch that happened to be right
    ],
)
def test_a_loss_far_above_that_of_no_answer_was_thrown_there_by_the_first_steps(losses, first, cost, expected):
    history = History(loss=losses, batch_loss=[first, *losses])
    assert [finding.pathology for finding in unsuitable_learning_rate(history, cost)] == expected


def test_its_evidence_says_where_the_loss_came_from():
    history = History(loss=[2e5, 113.0], batch_loss=[15.0, 2e5, 113.0])
    (finding,) = unsuitable_learning_rate(history, 14.0)
    assert finding.evidence == (
        "the loss was 2e+05 in epoch 1 and is 113, after 15 before the first step; to answer 0 always would cost 14"
    )
