"""Checkpoints: a resumed run is the run that was never stopped, and being killed loses one epoch at most."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.nn import MLP, BatchNorm, Dropout, Layer, Sequential
from tinygrad_edu.optim import (
    SGD,
    Adam,
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    ReduceLROnPlateau,
    RMSprop,
    SequentialLR,
    StepLR,
)
from tinygrad_edu.training import EarlyStopping, fit, save
from tinygrad_edu.training.checkpoints import read_checkpoint, write_checkpoint
from tinygrad_edu.training.saving import write_tensors

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 2)), RNG.normal(size=20)
VALID = (RNG.normal(size=(8, 2)), RNG.normal(size=8))


def plain():
    return MLP(2, [4, 1], seed=3)


def with_noise_and_buffers():
    return Sequential(Layer(2, 4, seed=3), BatchNorm(4), Dropout(0.3, seed=5), Layer(4, 1, "linear", seed=4))


@pytest.mark.parametrize("build", [plain, with_noise_and_buffers])
@pytest.mark.parametrize(
    ("make", "schedule"),
    [
        (lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True), lambda o: OneCycleLR(o, 0.05, 30)),
        (lambda p: RMSprop(p, 0.05), lambda o: ReduceLROnPlateau(o, 0.5, patience=0)),
        (
            lambda p: Adam(p, 0.05),
            lambda o: SequentialLR(o, [LinearLR(o, total_iters=2), CosineAnnealingLR(o, 4)], [2]),
        ),
    ],
)
@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_run_is_bit_for_bit_the_run_that_was_never_stopped(tmp_path, build, make, schedule, stop_after):
    def run(model, epochs, **options):
        stopping = EarlyStopping(patience=50)
        return fit(
            model,
            X,
            Y,
            optimizer=make(model.parameters()),
            epochs=epochs,
            batch_size=6,
            validation_data=VALID,
            callbacks=[stopping],
            schedule=schedule,
            **options,
        )

    straight, first, second = build(), build(), build()
    whole = run(straight, 6)
    file = tmp_path / "run.safetensors"
    run(first, stop_after, checkpoint=file, resume=True)
    resumed = run(second, 6, checkpoint=file, resume=True)
    assert second.state_dict() == straight.state_dict()
    one, other = whole.to_dict(), resumed.to_dict()
    assert one.pop("seconds") != other.pop("seconds")
    assert one == other
    assert (resumed.epochs, resumed.iterations) == (6, 24)


def test_a_rate_that_a_callback_has_set_by_hand_is_no_difference(tmp_path):
    def slower(run):
        run.optimizer.lr = run.optimizer.lr / 2

    def run(epochs, **options):
        model = plain()
        optimizer = SGD(model.parameters(), 0.08)
        return fit(model, X, Y, optimizer=optimizer, epochs=epochs, callbacks=[slower], **options)

    file = tmp_path / "run.safetensors"
    run(2, checkpoint=file)
    assert run(4, checkpoint=file, resume=True).learning_rate == run(4).learning_rate == [0.08, 0.04, 0.02, 0.01]


def test_the_rate_that_a_callback_has_set_is_resumed_with_the_schedule(tmp_path):
    def halve(run):
        run.optimizer.schedule_lr(run.optimizer.lr / 2)

    def run(model, epochs, **options):
        optimizer = SGD(model.parameters(), 0.1)
        schedule = StepLR(optimizer, 100, per="iteration")  # it sets the rate of the next epoch before that is halved
        return fit(
            model,
            X,
            Y,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=20,
            schedule=schedule,
            callbacks=[halve],
            **options,
        )

    whole, file = run(plain(), 4), tmp_path / "run.safetensors"
    run(plain(), 2, checkpoint=file)
    assert run(plain(), 4, checkpoint=file, resume=True).learning_rate == whole.learning_rate == [0.1, 0.05, 0.05, 0.05]


def test_resuming_a_finished_run_only_reads_it(tmp_path):
    file, model = tmp_path / "run.safetensors", plain()
    fit(model, X, Y, epochs=2, checkpoint=file)
    again = plain()
    history = fit(again, X, Y, epochs=2, checkpoint=file, resume=True)
    assert history.epochs == 2
    assert again.state_dict() == model.state_dict()


def test_without_resume_a_run_begins_anew_over_an_old_file(tmp_path):
    file = tmp_path / "run.safetensors"
    fit(plain(), X, Y, epochs=2, checkpoint=file)
    assert fit(plain(), X, Y, epochs=1, checkpoint=file).epochs == 1
    assert len(read_checkpoint(file)["history"]["loss"]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "made with seed 0, and this run has 1"),
        ({"batch_size": 5}, "made with batch_size 20, and this run has 5"),
        (
            {"schedule": lambda optimizer: CosineAnnealingLR(optimizer, 3)},
            "made with schedule None, and this run has 'CosineAnnealingLR'",
        ),
        ({"callbacks": [EarlyStopping()]}, "made with callbacks"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(tmp_path, change, message):
    file, model = tmp_path / "run.safetensors", plain()
    fit(plain(), X, Y, epochs=1, checkpoint=file)
    with pytest.raises(ValueError, match=message):
        fit(model, X, Y, epochs=2, checkpoint=file, resume=True, **change)
    assert model.state_dict() == plain().state_dict()


def test_other_settings_than_those_of_the_checkpoint_are_refused(tmp_path):
    file = tmp_path / "run.safetensors"

    def run(make=lambda p: SGD(p, 0.01), y=Y, epochs=2, checkpoint=file, **options):
        model = plain()
        options.setdefault("validation_data", VALID)
        return fit(model, X, y, optimizer=make(model.parameters()), epochs=epochs, checkpoint=checkpoint, **options)

    def refused(message, **change):
        with pytest.raises(ValueError, match=message):
            run(resume=True, **change)

    run(epochs=1)
    refused("made with lr 0.01, and this run has 1e-05", make=lambda p: SGD(p, 1e-5))
    refused("made with momentum 0.0, and this run has 0.9", make=lambda p: SGD(p, 0.01, momentum=0.9))
    refused("made with weight_decay 0.0, and this run has 0.1", make=lambda p: SGD(p, 0.01, weight_decay=0.1))
    refused("made with loss 'mean_squared_error', and this run has 'huber'", loss="huber")
    refused("made with clip_norm None, and this run has 1.0", clip_norm=1.0)
    refused("made with clip_value None, and this run has 2.0", clip_value=2.0)
    refused("made with penalty None, and this run has 'half'", penalty=half)
    refused("made with data 'checksum .*', and this run has 'checksum .*'", y=np.r_[Y[:-1], 0.0])
    refused("made with validation data 'checksum .*', and this run has None", validation_data=None)
    refused("call fit as before with epochs=1, which only reads the file, then again without resume", clip_norm=1.0)
    adam = {"make": lambda p: Adam(p, 0.01), "checkpoint": tmp_path / "adam"}
    run(**adam)
    adam["make"] = lambda p: Adam(p, 0.01, betas=(0.5, 0.999))
    refused(r"made with betas \[0.9, 0.999\], and this run has \[0.5, 0.999\]", **adam)
    steps = {"schedule": lambda o: StepLR(o, 2, 0.5), "checkpoint": tmp_path / "steps"}
    run(**steps)
    refused("made with gamma of the schedule 0.5, and this run has 0.1", **steps | {"schedule": lambda o: StepLR(o, 2)})
    assert run(resume=True).loss == run(checkpoint=None).loss  # and what is the same goes on


def half(params):
    return 0.5 * sum(p * p for p in params)


def test_a_checkpoint_from_before_its_settings_were_written_still_goes_on(tmp_path):
    file = tmp_path / "run.safetensors"
    fit(plain(), X, Y, epochs=1, checkpoint=file)
    state = read_checkpoint(file)
    known = ("model", "optimizer", "examples", "batch_size", "seed", "schedule", "callbacks")
    state["made_for"] = {what: state["made_for"][what] for what in known}
    write_checkpoint(file, state)
    assert fit(plain(), X, Y, epochs=2, checkpoint=file, resume=True).loss == fit(plain(), X, Y, epochs=2).loss


def test_settings_of_an_optimizer_that_a_file_cannot_hold_are_no_hindrance(tmp_path):
    class Noisy(SGD):
        def __init__(self, params):
            super().__init__(params, 0.01)
            self.generator, self.table = np.random.default_rng(0), np.ones(3)

    def run(epochs, **options):
        model = plain()
        return fit(model, X, Y, optimizer=Noisy(model.parameters()), epochs=epochs, **options)

    run(1, checkpoint=tmp_path / "run")
    assert run(2, checkpoint=tmp_path / "run", resume=True).loss == run(2).loss


def test_a_file_of_weights_is_no_checkpoint_and_a_broken_one_is_told(tmp_path):
    file = tmp_path / "run.safetensors"
    save(plain(), file)
    with pytest.raises(ValueError, match="is no checkpoint"):
        fit(plain(), X, Y, checkpoint=file, resume=True)
    write_checkpoint(file, {"a": 1})
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(ValueError, match="no whole safetensors file"):
        fit(plain(), X, Y, checkpoint=file, resume=True)


def test_any_tree_of_plain_things_and_arrays_comes_back(tmp_path):
    tree = {
        "a": [1, 2.5, "three", None, True, {"b": np.arange(6.0).reshape(2, 3)}],
        "c": {},
        "inf": math.inf,
        "big": 2**127,
    }
    write_checkpoint(tmp_path / "tree.safetensors", tree)
    back = read_checkpoint(tmp_path / "tree.safetensors")
    assert back["a"].pop()["b"].tolist() == tree["a"].pop()["b"].tolist()
    assert back == tree


TRAINING = """
import os, signal, sys
import numpy as np
from tinygrad_edu import files
from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import fit

def train(epochs):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    model = MLP(2, [4, 1], seed=3)
    fit(model, X, y, optimizer=Adam(model.parameters(), 0.01), epochs=epochs, batch_size=6,
        checkpoint=sys.argv[1], resume=True)
"""

TRAIN_AND_SAY_SO = """
print("ready", flush=True)
train(epochs=1_000_000)
"""

#: After one epoch, trains until there are three, and kills itself, as kill -9 does, right before it would run a line of
#: `files` for the n-th time; n goes up from 1 until it comes to the end. Each time it begins where the last one was
#: killed. A copy of the process is killed, so that only one has to start.
KILLED_AT_EACH_LINE = """
def killer(line):
    run = 0
    def trace(frame, event, argument):
        nonlocal run
        if frame.f_code.co_filename == files.__file__:
            run += event == "line"
            if run == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
    return trace

train(epochs=1)
status, line = None, 0
while status != 0:
    line += 1
    copy = os.fork()
    if copy == 0:
        sys.settrace(killer(line))
        train(epochs=3)
        os._exit(0)
    _, status = os.waitpid(copy, 0)
    print(status, flush=True)
    sys.stdin.readline()  # until the test has looked at what there is
"""

needs_kill_9 = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")


def started(program, *arguments):
    """A process with that program; it may say what is wrong on the standard error of the tests."""
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING + program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a process with threads is not to be copied
    )


def epochs_in(file):
    return len(read_checkpoint(file)["history"]["loss"]) if file.exists() else 0


def assert_continues_as_if_never_stopped(file):
    killed, straight, epochs = MLP(2, [4, 1], seed=3), MLP(2, [4, 1], seed=3), epochs_in(file) + 2
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    for model, options in ((killed, {"checkpoint": file, "resume": True}), (straight, {})):
        fit(model, X, y, optimizer=Adam(model.parameters(), 0.01), epochs=epochs, batch_size=6, **options)
    assert killed.state_dict() == straight.state_dict()


@needs_kill_9
def test_kill_9_at_any_moment_leaves_a_whole_checkpoint_to_resume_from(tmp_path):
    """Any moment that counts: before each line that has to do with the file."""
    file, reached, outcomes = tmp_path / "run.safetensors", 1, []
    with started(KILLED_AT_EACH_LINE, file) as process:
        while outcomes[-1:] != [0]:
            outcomes.append(int(process.stdout.readline()))
            epochs = epochs_in(file)  # raises unless the checkpoint is whole
            assert reached <= epochs <= 3
            reached = epochs
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == 0
    assert set(outcomes) == {signal.SIGKILL, 0}
    assert len(outcomes) > 10
    assert len(list(tmp_path.glob(".*.part"))) > 2, "some died over a file that was not yet whole"
    assert reached == 3
    assert_continues_as_if_never_stopped(file)


@needs_kill_9
def test_kill_9_from_outside_loses_one_epoch_at_most(tmp_path):
    file = tmp_path / "run.safetensors"
    with started(TRAIN_AND_SAY_SO, file) as process:
        assert process.stdout.readline() == "ready\n"
        while epochs_in(file) < 3:
            assert process.poll() is None
            time.sleep(0.005)
        seen = epochs_in(file)
        process.kill()
    assert epochs_in(file) >= seen
    assert_continues_as_if_never_stopped(file)


@pytest.mark.parametrize(
    "state",
    [
        "{",
        '{"dict": {"a": {"array": "/a"}}}',
        '{"dict": 3}',
        '{"list": [{}]}',
        '{"a": 1, "b": 2}',
        pytest.param("[" * 100_000, id="nested too deep"),
    ],
)
def test_a_checkpoint_whose_state_is_not_whole_is_told(tmp_path, state):
    file = tmp_path / "run.safetensors"
    write_tensors(file, {}, {"format": "tinygrad_edu checkpoint 1", "state": state})
    with pytest.raises(ValueError, match=r"is no whole checkpoint .*; continue from another one"):
        read_checkpoint(file)
