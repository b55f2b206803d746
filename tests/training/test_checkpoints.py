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
from tinygrad_edu.training import (
    SGD,
    Adam,
    CosineDecay,
    EarlyStopping,
    LinearWarmUp,
    OneCycle,
    ReduceOnPlateau,
    RMSProp,
    fit,
    save,
)
from tinygrad_edu.training.checkpoints import read_checkpoint, write_checkpoint

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
        (lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True), lambda: OneCycle(30)),
        (lambda p: RMSProp(p, 0.05), lambda: ReduceOnPlateau(0.5, patience=0)),
        (lambda p: Adam(p, 0.05), lambda: LinearWarmUp(2, then=CosineDecay(4))),
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
            validation=VALID,
            callbacks=[stopping],
            schedule=schedule(),
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


def test_a_resumed_run_keeps_its_own_learning_rate(tmp_path):
    file, schedule = tmp_path / "run.safetensors", CosineDecay(4)
    straight, resumed = plain(), plain()
    whole = fit(straight, X, Y, optimizer=SGD(straight.parameters(), 0.05), epochs=4, schedule=schedule)
    first = plain()
    fit(first, X, Y, optimizer=SGD(first.parameters(), 0.05), epochs=2, schedule=schedule, checkpoint=file)
    optimizer = SGD(resumed.parameters(), 0.7)
    history = fit(resumed, X, Y, optimizer=optimizer, epochs=4, schedule=schedule, checkpoint=file, resume=True)
    assert history.learning_rate == whole.learning_rate
    assert resumed.state_dict() == straight.state_dict()


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
        ({"schedule": CosineDecay(3)}, "made with schedule None, and this run has 'CosineDecay'"),
        ({"callbacks": [EarlyStopping()]}, "made with callbacks"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(tmp_path, change, message):
    file, model = tmp_path / "run.safetensors", plain()
    fit(plain(), X, Y, epochs=1, checkpoint=file)
    with pytest.raises(ValueError, match=message):
        fit(model, X, Y, epochs=2, checkpoint=file, resume=True, **change)
    assert model.state_dict() == plain().state_dict()


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
import sys
import numpy as np
from tinygrad_edu.nn import MLP
from tinygrad_edu.training import Adam, fit

rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
model = MLP(2, [4, 1], seed=3)
print("ready", flush=True)
fit(model, X, y, optimizer=Adam(model.parameters(), 0.01), epochs=int(sys.argv[2]), batch_size=6,
    checkpoint=sys.argv[1], resume=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 on this system")
def test_kill_9_at_any_moment_leaves_a_whole_checkpoint_to_resume_from(tmp_path):
    file = tmp_path / "run.safetensors"
    reached = 0
    for delay in (0.15, 0.213, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-c", TRAINING, str(file), "1000000"], stdout=subprocess.PIPE, cwd=Path.cwd()
        )
        assert process.stdout is not None
        process.stdout.readline()
        before = file.stat().st_mtime_ns if file.exists() else 0
        while not file.exists() or file.stat().st_mtime_ns == before:
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        epochs = len(read_checkpoint(file)["history"]["loss"])
        assert epochs > reached
        reached = epochs
    killed, straight = MLP(2, [4, 1], seed=3), MLP(2, [4, 1], seed=3)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    for model, options in ((killed, {"checkpoint": file, "resume": True}), (straight, {})):
        fit(model, X, y, optimizer=Adam(model.parameters(), 0.01), epochs=reached + 2, batch_size=6, **options)
    assert killed.state_dict() == straight.state_dict()
