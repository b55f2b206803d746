"""Schedules against what PyTorch's of the same name and arguments print, and by themselves."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import SGD, Adam, Value
from tinygrad_edu.optim import (
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


def an_optimizer(lr=0.3):
    return SGD([Value(0.0)], lr=lr)


COUNTS = (0, 1, 9, 10, 11, 29, 50, 99)
#: Each schedule for an optimizer of rate 0.3, and the rates that the one of the same name in torch.optim.lr_scheduler
#: (PyTorch 2.13), made with the same arguments and stepped 99 times, has set after so many steps.
AS_IN_PYTORCH = {
    "StepLR": (
        lambda o: StepLR(o, 7, 0.8),
        [0.3, 0.3, 0.24, 0.24, 0.24, 0.12288, 0.06291456, 0.013194139533312],
    ),
    "MultiStepLR": (
        lambda o: MultiStepLR(o, [5, 20, 20, 70], 0.5),
        [0.3, 0.3, 0.15, 0.15, 0.15, 0.0375, 0.0375, 0.01875],
    ),
    "ConstantLR": (
        lambda o: ConstantLR(o, 0.2, 40),
        [0.06, 0.06, 0.06, 0.06, 0.06, 0.06, 0.3, 0.3],
    ),
    "LinearLR": (
        lambda o: LinearLR(o, 0.01, 0.9, 37),
        [0.003, 0.010216216216216, 0.067945945945946, 0.075162162162162, 0.082378378378378, 0.21227027027027, 0.27,
         0.27],
    ),
    "ExponentialLR": (
        lambda o: ExponentialLR(o, 0.97),
        [0.3, 0.291, 0.22806931759637, 0.22122723806848, 0.21459042092642, 0.12402280470407, 0.065419612604222,
         0.014706961214043],
    ),
    "PolynomialLR": (
        lambda o: PolynomialLR(o, 60, 2.5),
        [0.3, 0.28765581506344, 0.19983362611182, 0.19018144357818, 0.18081453083252, 0.05756352268163,
         0.0034020690871989, 0.0],
    ),
    "CosineAnnealingLR, and on": (
        lambda o: CosineAnnealingLR(o, 30, 0.01),
        [0.3, 0.2992056748284, 0.24022886158241, 0.2275, 0.21397681324599, 0.0107943251716, 0.2275, 0.069771138417591],
    ),
    "warm restarts": (
        lambda o: CosineAnnealingWarmRestarts(o, 9, 1, 0.02),
        [0.3, 0.29155696691003, 0.3, 0.29155696691003, 0.26724622203666, 0.26724622203666, 0.13568925512663, 0.3],
    ),
    "warm restarts, longer and longer": (
        lambda o: CosineAnnealingWarmRestarts(o, 4, 3, 0.001),
        [0.3, 0.25621246378739, 0.18919344724283, 0.1505, 0.11180655275717, 0.21368143013023, 0.0032712409246749,
         0.18073152706364],
    ),
    "OneCycleLR": (
        lambda o: OneCycleLR(o, 0.7, 100, pct_start=0.45, div_factor=10, final_div_factor=100),
        [0.07, 0.07080258389777, 0.13282950910883, 0.14693888407841, 0.16226136392624, 0.53596343081682,
         0.67966588174656, 0.0007],
    ),
    "LambdaLR": (
        lambda o: LambdaLR(o, lambda epoch: 0.95**epoch / (1 + epoch)),
        [0.3, 0.1425, 0.018907482291738, 0.016329189251956, 0.014220002306911, 0.0022593554099257, 0.00045261750162772,
         1.8696408064213e-05],
    ),
    "a warm-up, then a cosine": (
        lambda o: SequentialLR(o, [LinearLR(o, 0.1, 1.0, 10), CosineAnnealingLR(o, 90, 0.003)], [10]),
        [0.03, 0.057, 0.273, 0.3, 0.29990953781234, 0.2685195969106, 0.17728675438354, 0.0030904621876643],
    ),
    "three in a row": (
        lambda o: SequentialLR(o, [ConstantLR(o, 0.1, 20), ExponentialLR(o, 0.9), StepLR(o, 5, 0.5)], [20, 50]),
        [0.03, 0.03, 0.03, 0.03, 0.03, 0.1162261467, 0.3, 0.0005859375],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AS_IN_PYTORCH)
def test_the_rates_are_those_of_pytorch(case):
    make, expected = AS_IN_PYTORCH[case]
    optimizer = an_optimizer()
    scheduler, rates = make(optimizer), []
    for count in range(100):
        assert scheduler.last_epoch == count
        assert scheduler.get_last_lr() == [optimizer.lr]
        rates.append(optimizer.lr)
        scheduler.step()
    assert [rates[count] for count in COUNTS] == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_the_defaults_are_those_of_pytorch():
    # The same, with as few arguments as PyTorch wants.
    expected = {
        StepLR: (lambda o: StepLR(o, 30), 45, 0.03),
        MultiStepLR: (lambda o: MultiStepLR(o, [2, 4]), 4, 0.003),
        ConstantLR: (ConstantLR, 4, 0.1),
        LinearLR: (LinearLR, 2, 0.18),
        PolynomialLR: (PolynomialLR, 2, 0.18),
        OneCycleLR: (lambda o: OneCycleLR(o, 0.7, total_steps=10), 6, 0.27211938464459756),
    }
    for make, count, rate in expected.values():
        assert make(an_optimizer()).rate(count) == pytest.approx(rate, rel=1e-12)


def test_plateau_does_what_pytorch_does():
    # torch.optim.lr_scheduler.ReduceLROnPlateau of the same arguments, PyTorch 2.13
    optimizer, seen = an_optimizer(), []
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.1, min_lr=0.05)
    for loss in (1.0, 0.95, 0.91, 0.8, 0.75, 0.74, 0.3, 0.29, 0.28, 0.28, 0.28, 0.28, 0.28):
        scheduler.step(loss)
        seen.append(optimizer.lr)
    assert seen == pytest.approx([0.3, 0.3, 0.15, 0.15, 0.15, 0.075, 0.075, 0.075, 0.05, 0.05, 0.05, 0.05, 0.05])
    assert scheduler.last_epoch == 13


def test_plateau_takes_nan_for_no_improvement():
    scheduler = ReduceLROnPlateau(an_optimizer(), 0.5, patience=1)
    for loss in (math.nan, 1.0, math.nan, math.nan, 0.5):
        scheduler.step(loss)
    assert (scheduler.best, scheduler.reductions) == (0.5, 1)


def test_a_rate_below_the_least_one_is_not_raised_to_it():
    optimizer = an_optimizer(lr=0.01)
    scheduler = ReduceLROnPlateau(optimizer, patience=0, min_lr=0.1)
    for _ in range(3):
        scheduler.step(1.0)
    assert optimizer.lr == 0.01


@given(st.integers(4, 400), st.floats(0.05, 0.95))
def test_one_cycle_goes_up_then_down_and_stays_far_below_its_start(total, pct_start):
    scheduler = OneCycleLR(an_optimizer(), 1.0, total, pct_start=pct_start)
    rates = [scheduler.rate(t) for t in range(total)]
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(1 / 25 / 1e4)
    assert max(rates) <= 1.0
    assert scheduler.rate(total + 7) == pytest.approx(rates[-1])


@pytest.mark.parametrize("case", AS_IN_PYTORCH)
def test_the_state_resumes_to_the_last_bit_whatever_the_rate_was(case):
    make, _ = AS_IN_PYTORCH[case]
    whole, other = an_optimizer(), an_optimizer(lr=0.9)
    scheduler = make(whole)
    for _ in range(12):
        scheduler.step()
    resumed = make(other)
    resumed.load_state_dict(json.loads(json.dumps(scheduler.state_dict())))
    assert (resumed.last_epoch, other.lr) == (12, whole.lr)
    for _ in range(12):
        scheduler.step()
        resumed.step()
        assert other.lr == whole.lr


def test_plateau_remembers_through_json():
    optimizer, other = an_optimizer(1.0), an_optimizer(1.0)
    one, resumed = (ReduceLROnPlateau(each, 0.5, patience=1) for each in (optimizer, other))
    for loss in (1.0, 2.0, 3.0, 4.0):
        one.step(loss)
    resumed.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert other.lr == optimizer.lr == 0.5
    one.step(5.0)
    resumed.step(5.0)
    assert resumed.state_dict() == one.state_dict()
    assert other.lr == optimizer.lr == 0.25


def test_every_schedule_begins_with_the_rate_that_was_given_by_hand():
    optimizer = an_optimizer(lr=0.4)
    assert LinearLR(optimizer, 0.5).base_lr == 0.4
    assert optimizer.lr == 0.2
    assert StepLR(optimizer, 10).base_lr == 0.4
    assert optimizer.lr == 0.4
    optimizer.lr = 0.6
    assert ConstantLR(optimizer, 0.5).base_lr == 0.6
    state = optimizer.state_dict()
    resumed = an_optimizer()
    resumed.load_state_dict(state)
    assert (resumed.lr, resumed.initial_lr) == (0.3, 0.6)


def test_in_a_loop_of_ones_own_the_rate_of_each_step_is_the_schedules():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    scheduler = ExponentialLR(optimizer, gamma=0.5)
    moved = []
    for _ in range(3):
        before, w.grad = w.data, 1.0
        optimizer.step()
        scheduler.step()
        moved.append(before - w.data)
    assert moved == pytest.approx([0.1, 0.05, 0.025])


OPTIMIZER = an_optimizer()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "step_size should be a whole number of at least 1, not 0"),
        (lambda o: StepLR(o, 2, -1.0), "gamma must be a finite number above 0, not -1"),
        (lambda o: MultiStepLR(o, [3, 0]), "a milestone should be a whole number of at least 1, not 0"),
        (lambda o: ExponentialLR(o, math.nan), "gamma must be"),
        (lambda o: ExponentialLR(o, 0.5, per="day"), '"epoch" or "iteration", not \'day\''),
        (lambda o: PolynomialLR(o, power=0.0), "power must be"),
        (lambda o: CosineAnnealingLR(o, 0), "T_max should be a whole number"),
        (lambda o: CosineAnnealingLR(o, 5, eta_min=-1.0), "eta_min must be"),
        (lambda o: CosineAnnealingWarmRestarts(o, 5, T_mult=0), "T_mult should be"),
        (lambda o: ConstantLR(o, 1.5), "factor is the share .* not 1.5"),
        (lambda o: LinearLR(o, end_factor=2.0), "end_factor is the share"),
        (lambda o: OneCycleLR(o, 0.1, 10, pct_start=1.0), "pct_start"),
        (lambda o: OneCycleLR(o, -0.1, 10), "max_lr must be"),
        (lambda o: ReduceLROnPlateau(o, factor=1.0), "factor multiplies .* between 0 and 1, not 1"),
        (lambda o: ReduceLROnPlateau(o, patience=-1), "patience"),
        (lambda o: LambdaLR(o, lambda epoch: math.nan), "the learning rate of a schedule must be .* not nan"),
        (lambda o: SequentialLR(o, [StepLR(o, 3), OneCycleLR(o, 0.1, 9)], [5]), "let all count the same"),
        (lambda o: SequentialLR(o, [StepLR(o, 3), StepLR(OPTIMIZER, 3)], [5]), "with another optimizer"),
        (lambda o: SequentialLR(o, [StepLR(o, 3), ReduceLROnPlateau(o)], [5]), "watches the loss"),
        (lambda o: SequentialLR(o, [StepLR(o, 3), StepLR(o, 3)], []), "1 rising numbers, not \\[\\]"),
        (lambda o: SequentialLR(o, [StepLR(o, 3)] * 3, [5, 4]), "2 rising numbers, not \\[5, 4\\]"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make(an_optimizer())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR([Value(1.0)], 10), r"such as StepLR\(optimizer, ...\), not with \[Value"),
        (lambda o: StepLR(SGD, 10), "made with the optimizer whose rate it sets"),
        (lambda o: MultiStepLR(o, 5), "milestones is a list of counts, such as"),
        (lambda o: LambdaLR(o, 0.9), "lr_lambda is a function of the count"),
        (lambda o: SequentialLR(o, [], []), "schedulers is a list of schedules"),
        (lambda o: SequentialLR(o, [StepLR], []), "schedulers is a list of schedules"),
        (lambda o: StepLR(o, 10).step(3), r"StepLR.step\(\) takes no 3"),
        (lambda o: ReduceLROnPlateau(o).step(), r"write scheduler.step\(loss\)"),
    ],
)
def test_the_wrong_kind_of_thing_is_a_type_error(make, message):
    with pytest.raises(TypeError, match=message):
        make(an_optimizer())


def test_schedules_print_their_settings():
    optimizer = Adam([Value(1.0)])
    assert repr(StepLR(optimizer, 10, 0.5)) == "StepLR(step_size=10, gamma=0.5, per='epoch')"
    plateau = "ReduceLROnPlateau(factor=0.1, patience=10, threshold=0.0001, min_lr=0.0, per='epoch')"
    assert repr(ReduceLROnPlateau(optimizer)) == plateau


def test_a_schedule_of_ones_own_is_its_rule():
    class SquareRoot(Schedule):
        def rate(self, count):
            return self.base_lr / math.sqrt(1 + count)

    optimizer = an_optimizer(lr=1.0)
    scheduler = SquareRoot(optimizer)
    for _ in range(3):
        scheduler.step()
    assert optimizer.lr == 0.5
