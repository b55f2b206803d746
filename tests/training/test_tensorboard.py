"""The event file, read back record by record."""

import struct
import sys

import numpy as np
import pytest

from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import CosineAnnealingLR
from tinygrad_edu.training import TensorBoard, fit

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 2)), RNG.normal(size=20)


def records(folder):
    """TFRecord: the length, its checksum, the bytes of one event, their checksum; again and again."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.iterdir()
    content = file.read_bytes()
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = Event()
        event.ParseFromString(content[12 : 12 + length])
        yield from ((event.step, value) for value in event.summary.value)
        content = content[16 + length :]


def test_curves_and_histograms_are_what_the_history_says(tmp_path):
    model = MLP(2, [3, 1], seed=0)
    board = TensorBoard(tmp_path, histograms=2)
    history = fit(
        model, X, Y, epochs=4, validation_data=(X, Y), schedule=lambda o: CosineAnnealingLR(o, 4), callbacks=[board]
    )
    curves, histograms = {}, {}
    for step, value in records(tmp_path):
        if value.HasField("histo"):
            histograms.setdefault(value.tag, []).append((step, value.histo))
        else:
            curves.setdefault(value.tag, []).append((step, value.simple_value))
    expected = {
        "loss/training": history.loss,
        "loss/validation": history.validation_loss,
        "learning_rate": history.learning_rate,
        "gradient_norm/all": history.gradient_norm,
        "gradient_norm/layers.0": history.layer_gradient_norms["layers.0"],
        "gradient_norm/layers.1": history.layer_gradient_norms["layers.1"],
    }
    assert set(curves) == set(expected)
    for tag, numbers in expected.items():
        assert [step for step, _ in curves[tag]] == [1, 2, 3, 4]
        assert [number for _, number in curves[tag]] == pytest.approx(numbers, rel=1e-6)  # float32 in the file
    assert set(histograms) == {
        "weights/layers.0.weight",
        "weights/layers.0.bias",
        "weights/layers.1.weight",
        "weights/layers.1.bias",
        "gradients/layers.0",
        "gradients/layers.1",
    }
    steps, last = (
        [step for step, _ in histograms["weights/layers.0.weight"]],
        histograms["weights/layers.0.weight"][-1][1],
    )
    assert steps == [2, 4]
    weights = [w.data for neuron in model.layers[0].neurons for w in neuron.weights]
    assert (last.num, last.min, last.max) == (6, min(weights), max(weights))
    assert last.sum == pytest.approx(sum(weights))


def test_without_tensorboardx_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_edu\[learn\]"'):
        TensorBoard(tmp_path)


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="histograms counts epochs"):
        TensorBoard(tmp_path, histograms=-1)


def test_without_validation_there_is_no_such_curve(tmp_path):
    fit(MLP(2, [1], seed=0), X, Y, epochs=2, callbacks=[TensorBoard(tmp_path, histograms=0)])
    assert {value.tag for _, value in records(tmp_path)} == {
        "loss/training",
        "learning_rate",
        "gradient_norm/all",
        "gradient_norm/layers.0",
    }
