"""Weight files: read back, loaded by another library's conventions, and every way in which they can be broken."""

import math
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value
from tinygrad_edu.nn import MLP, BatchNorm, Conv2d, Layer, LayerNorm, Module, Neuron, Sequential
from tinygrad_edu.training import load, save
from tinygrad_edu.training.saving import arrays_of, load_arrays, read_tensors


def weights(model):
    return [p.data for p in model.parameters()]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 4))
def test_every_network_comes_back_bit_for_bit(tmp_path_factory, sizes, n_inputs):
    file = tmp_path_factory.mktemp("saved") / "model.safetensors"
    model, copy = MLP(n_inputs, sizes, seed=1), MLP(n_inputs, sizes, seed=2)
    save(model, file)
    load(copy, file)
    assert weights(copy) == weights(model)


def test_names_and_layout_are_those_of_torch_linear(tmp_path):
    model = MLP(2, [3, 1], seed=0)
    save(model, tmp_path / "model.safetensors")
    tensors = safetensors.numpy.load_file(tmp_path / "model.safetensors")
    assert {name: (t.shape, t.dtype) for name, t in tensors.items()} == {
        "layers.0.weight": ((3, 2), np.float64),
        "layers.0.bias": ((3,), np.float64),
        "layers.1.weight": ((1, 3), np.float64),
        "layers.1.bias": ((1,), np.float64),
    }
    x = np.array([0.3, -0.7])
    hidden = np.tanh(tensors["layers.0.weight"] @ x + tensors["layers.0.bias"])
    out = tensors["layers.1.weight"] @ hidden + tensors["layers.1.bias"]
    assert model(x)[0].data == pytest.approx(out[0], rel=1e-12)


def test_a_file_of_another_program_in_single_precision_loads(tmp_path):
    tensors = {"weight": np.array([[1.0, 2.0]], dtype=np.float32), "bias": np.array([0.5], dtype=np.float32)}
    safetensors.numpy.save_file(tensors, tmp_path / "linear.safetensors")
    layer = Layer(2, 1, "linear")
    load(layer, tmp_path / "linear.safetensors")
    assert weights(layer) == [1.0, 2.0, 0.5]


def test_a_file_in_single_precision_holds_the_rounded_numbers(tmp_path):
    model, copy, file = MLP(3, [4, 1], seed=0), MLP(3, [4, 1], seed=1), tmp_path / "model.safetensors"
    save(model, file, dtype="float32")
    arrays, metadata = read_tensors(file)
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert metadata["model"] == repr(model)
    load(copy, file)
    rounded = np.array([p.data for p in model.parameters()], dtype=np.float32)
    assert [p.data for p in copy.parameters()] == rounded.tolist()
    save(copy, file)
    assert {array.dtype for array in read_tensors(file)[0].values()} == {np.dtype(np.float64)}


def test_what_single_precision_cannot_hold_is_not_saved_in_it(tmp_path):
    model, file = MLP(2, [3, 1], seed=0), tmp_path / "model.safetensors"
    model.layers[0].neurons[1].weights[0].data = -1e39
    message = r'layers.0.weight holds -1e\+39 in row 1, column 0 .* nothing above 3e38; save it with dtype="float64"'
    with pytest.raises(ValueError, match=message):
        save(model, file, dtype="float32")
    with pytest.raises(ValueError, match='dtype is "float64", or "float32"'):
        save(model, file, dtype="bfloat16")
    assert not file.exists()
    model.layers[0].neurons[1].weights[0].data = math.inf
    save(model, file, dtype="float32")


def test_buffers_and_modules_of_every_kind_come_back(tmp_path):
    def build(seed):
        return Sequential(Layer(2, 3, seed=seed), BatchNorm(3), LayerNorm(3), Layer(3, 1, seed=seed))

    model, copy = build(1), build(2)
    model([[1.0, 2.0], [3.0, -4.0]])
    save(model, tmp_path / "model.safetensors")
    load(copy, tmp_path / "model.safetensors")
    assert copy.state_dict() == model.state_dict()
    assert set(arrays_of(model)) >= {"layers.1.running_mean", "layers.1.running_var", "layers.1.weight"}


def test_nested_lists_become_arrays_and_ragged_ones_stay_numbers():
    class Odd(Module):
        def __init__(self):
            self.table = [[Value(float(3 * i + j)) for j in range(3)] for i in range(2)]
            self.ragged = [[Value(1.0)], [Value(2.0), Value(3.0)]]
            self.scale = Value(7.0)

    arrays = arrays_of(Odd())
    assert arrays["table"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert {name: float(a) for name, a in arrays.items() if a.ndim == 0} == {
        "ragged.0.0": 1.0,
        "ragged.1.0": 2.0,
        "ragged.1.1": 3.0,
        "scale": 7.0,
    }
    copy = Odd()
    load_arrays(copy, {name: array + 1 for name, array in arrays.items()})
    assert weights(copy) == [v + 1 for v in weights(Odd())]


def test_a_single_neuron_and_a_convolution_come_back():
    for make in (lambda s: Neuron(3, seed=s), lambda s: Conv2d(2, 3, 2, seed=s)):
        model, copy = make(0), make(1)
        load_arrays(copy, arrays_of(model))
        assert weights(copy) == weights(model)


def corrupt(content, kind):
    if kind == "truncated":
        return content[:-5]
    if kind == "header cut":
        return content[:30]
    if kind == "empty":
        return b""
    if kind == "length wrong":
        return struct.pack("<Q", 2**60) + content[8:]
    if kind == "pickle":
        return b"\x80\x04\x95" + content
    return content.replace(b"F64", b"F99")


@pytest.mark.parametrize("kind", ["truncated", "header cut", "empty", "length wrong", "pickle", "unknown type"])
def test_a_broken_file_is_refused_and_the_model_untouched(tmp_path, kind):
    model, file = MLP(2, [3, 1], seed=0), tmp_path / "model.safetensors"
    save(MLP(2, [3, 1], seed=1), file)
    file.write_bytes(corrupt(file.read_bytes(), kind))
    before = weights(model)
    with pytest.raises(ValueError, match=r"model.safetensors' is no whole safetensors file .*; save it again"):
        load(model, file)
    assert weights(model) == before


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (MLP(2, [4, 1]), r"'layers.0.weight' of shape \(4, 2\) instead of \(3, 2\)"),
        (MLP(2, [3]), "has no 'layers.1.weight'"),
        (MLP(2, [3, 1, 1]), "has 'layers.2.(bias|weight)', which the model does not"),
        (MLP(2, [3, 1], "relu"), r"was saved from layers.0: Layer\(2 -> 3, relu.* and this model is .*tanh"),
        (Layer(2, 3), "has no 'layers.0.weight'"),
    ],
)
def test_a_file_of_another_architecture_is_refused_and_the_model_untouched(tmp_path, other, message):
    model = MLP(2, [3, 1], seed=0)
    before = weights(model)
    save(other, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=message):
        load(model, tmp_path / "other.safetensors")
    assert weights(model) == before


def test_numbers_of_another_activation_load_when_asked(tmp_path):
    other, model = MLP(2, [3, 1], "relu", seed=1), MLP(2, [3, 1], seed=0)
    save(other, tmp_path / "other.safetensors")
    load(model, tmp_path / "other.safetensors", strict=False)
    assert weights(model) == weights(other)


def test_a_missing_file_and_a_missing_folder_are_told_plainly(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load(MLP(2, [1]), tmp_path / "nothing.safetensors")
    with pytest.raises(OSError, match="cannot write"):
        save(MLP(2, [1]), tmp_path / "no folder" / "model.safetensors")


def test_tensors_that_are_no_numbers_are_refused(tmp_path):
    tensors = {"weight": np.array([[True, False]]), "bias": np.array([False])}
    safetensors.numpy.save_file(tensors, tmp_path / "bools.safetensors")
    with pytest.raises(ValueError, match="of type bool, not numbers"):
        load(Layer(2, 1), tmp_path / "bools.safetensors")


def test_a_file_with_the_ending_of_another_format_is_not_written(tmp_path):
    for name in ("w.pt", "w.PTH", "w.npz", "w.keras"):
        with pytest.raises(ValueError, match=r"save writes the format safetensors, .* end in .safetensors"):
            save(MLP(2, [1]), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    save(MLP(2, [1]), tmp_path / "epoch.10")


def test_what_is_no_model_and_swapped_arguments_are_told(tmp_path):
    class Estimator:
        model_ = MLP(2, [1])

    file = tmp_path / "w.safetensors"
    for what in (save, load):
        with pytest.raises(TypeError, match=rf"{what.__name__} takes the model first, .*\(model, 'w.safetensors'\)"):
            what("w.safetensors", MLP(2, [1]))
        with pytest.raises(TypeError, match=rf"{what.__name__} needs a Module, .* estimator is its .model_"):
            what(Estimator(), file)


def test_without_safetensors_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_edu\[learn\]"'):
        save(MLP(2, [1]), tmp_path / "model.safetensors")


def test_lists_of_different_depth_stay_numbers():
    class Deep(Module):
        def __init__(self):
            self.table = [Value(1.0), [Value(2.0), Value(3.0)]]

    assert {name: float(array) for name, array in arrays_of(Deep()).items()} == {
        "table.0": 1.0,
        "table.1.0": 2.0,
        "table.1.1": 3.0,
    }
