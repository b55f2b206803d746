"""The callback that diagnoses while a network is trained."""

import pytest
from diagnosis.networks import LINE_X, LINE_Y, MOONS_X, MOONS_Y

from tinygrad_edu.diagnosis import Watch
from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import fit


def test_a_watch_says_in_which_epoch_it_began():
    model, watch = MLP(2, [4, 1], "relu", seed=0), Watch()

    def kill(run):
        if run.epoch == 3:
            model.layers[0].neurons[2].bias.data = -1e6

    fit(model, MOONS_X, MOONS_Y, epochs=5, callbacks=[kill, watch])
    assert [(f.epoch, f.pathology, f.where) for f in watch.findings] == [(3, "dead units", "layers.0")]
    assert watch.diagnosis.pathologies == ["dead units"]
    assert "(since epoch 3)" in str(watch.findings[0])


def test_a_watch_sees_the_end_of_a_run_that_broke_off():
    model, watch = MLP(1, [1], seed=0), Watch()
    with pytest.warns(RuntimeWarning, match="the loss is inf"):
        fit(model, 100 * LINE_X, LINE_Y, optimizer=SGD(model.parameters(), 10.0), epochs=300, callbacks=[watch])
    assert "learning rate too large" in watch.diagnosis.pathologies


def test_a_watch_of_a_healthy_run_is_silent():
    model, watch = MLP(2, [8, 1], seed=0), Watch(every=2)
    fit(model, MOONS_X, MOONS_Y, optimizer=Adam(model.parameters(), 0.02), epochs=8, callbacks=[watch])
    assert watch.findings == []


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="count from 1"):
        Watch(every=0)
