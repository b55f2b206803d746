"""Schedules against the formulas of their papers, written here a second time."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.optim import CosineAnnealingLR, ExponentialLR, LinearWarmUp, OneCycleLR, ReduceLROnPlateau, StepLR


def test_step_decay_counts_down_stairs():
    rate, expected = StepLR(3, 0.1), []
    current = 0.5
    for t in range(10):
        if t and t % 3 == 0:
            current *= 0.1
        expected.append(current)
    assert [rate(0.5, t) for t in range(10)] == pytest.approx(expected, rel=1e-12)


def test_exponential_decay_multiplies_each_time():
    current, rate = 0.3, ExponentialLR(0.9)
    for t in range(50):
        assert rate(0.3, t) == pytest.approx(current, rel=1e-12)
        current *= 0.9


def test_cosine_decay_follows_sgdr():
    rate = CosineAnnealingLR(20, eta_min=0.01)
    for t in range(21):
        assert rate(0.2, t) == pytest.approx(0.01 + 0.5 * (0.2 - 0.01) * (1 + math.cos(t / 20 * math.pi)), rel=1e-12)
    assert rate(0.2, 1000) == rate(0.2, 20) == pytest.approx(0.01)


def test_warm_up_rises_in_equal_steps_and_hands_over():
    rate = LinearWarmUp(4, then=StepLR(2, 0.5))
    rates = [rate(1.0, t) for t in range(8)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.5, 0.5])
    assert LinearWarmUp(2)(1.0, 99) == 1.0


@given(st.integers(4, 400), st.floats(0.05, 0.95))
def test_one_cycle_goes_up_then_down_and_ends_far_below_its_start(total, rise):
    rate = OneCycleLR(total, pct_start=rise)
    rates = [rate(1.0, t) for t in range(total)]
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(1 / 25 / 1e4)
    assert max(rates) <= 1.0


def test_one_cycle_equals_what_pytorch_prints():
    # torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.7, total_steps=10, pct_start=0.3), PyTorch 2.13
    expected = [
        0.028,
        0.364,
        0.7,
        0.6653392424094315,
        0.5682219577648341,
        0.4278834153554025,
        0.27211938464459756,
        0.13178084223516587,
        0.0346635575905684,
        2.8e-06,
    ]
    rate = OneCycleLR(10, pct_start=0.3)
    assert [rate(0.7, t) for t in range(10)] == pytest.approx(expected, rel=1e-9)


def test_plateau_lowers_the_rate_after_its_patience_and_not_before():
    rate = ReduceLROnPlateau(0.5, patience=2, min_lr=0.2)
    seen = []
    for loss in (1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5):
        rate.observe(loss)
        seen.append(rate(1.0, 0))
    assert seen == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_plateau_ignores_an_improvement_below_the_threshold():
    rate = ReduceLROnPlateau(0.5, patience=0, threshold=0.1)
    rate.observe(1.0)
    rate.observe(0.95)
    assert rate(1.0, 0) == 0.5
    rate.observe(0.5)
    assert rate(1.0, 0) == 0.5


def test_plateau_takes_nan_for_no_improvement():
    rate = ReduceLROnPlateau(0.5, patience=1)
    for loss in (math.nan, 1.0, math.nan, math.nan, 0.5):
        rate.observe(loss)
    assert (rate.best, rate.reductions) == (0.5, 1)


def test_plateau_remembers_through_json():
    one, other = ReduceLROnPlateau(0.5, patience=1), LinearWarmUp(1, then=ReduceLROnPlateau(0.5, patience=1))
    for loss in (1.0, 2.0, 3.0, 4.0):
        one.observe(loss)
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert other.state_dict() == one.state_dict()
    assert other(1.0, 1) == one(1.0, 1) == 0.5
    other.observe(5.0)
    assert other.state_dict() != one.state_dict()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StepLR(0), "step_size should be a whole number of at least 1, not 0"),
        (lambda: StepLR(2, 1.0), "gamma .* between 0 and 1, not 1"),
        (lambda: ExponentialLR(-0.1), "gamma"),
        (lambda: ExponentialLR(0.5, per="day"), '"epoch" or "iteration", not \'day\''),
        (lambda: CosineAnnealingLR(0), "T_max should be a whole number"),
        (lambda: CosineAnnealingLR(5, eta_min=-1.0), "eta_min must be"),
        (lambda: LinearWarmUp(3, then=OneCycleLR(10)), "let both count the same"),
        (lambda: OneCycleLR(10, pct_start=1.0), "pct_start"),
        (lambda: ReduceLROnPlateau(patience=-1), "patience"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_schedules_print_their_settings():
    assert repr(StepLR(10, 0.5)) == "StepLR(per='epoch', step_size=10, gamma=0.5)"


def test_a_warm_up_that_nothing_follows_has_nothing_to_remember():
    rate = LinearWarmUp(2)
    rate.observe(1.0)
    assert rate.state_dict() == {}
    rate.load_state_dict({})
    assert [rate(1.0, t) for t in range(3)] == pytest.approx([1 / 3, 2 / 3, 1.0])
