"""Saving and loading weights: safetensors files, which hold arrays and nothing that could run.

The scalars of a model are gathered into arrays by their paths: `layers.0.neurons.3.weights.1` is the number in row 3,
column 1 of `layers.0.weight`, and `layers.0.neurons.3.bias` number 3 of `layers.0.bias`, just as `torch.nn.Linear`
lays them out. Any other list of `Value`s becomes an array under its own path.

May import: `files`, `nn`, `replay`; `data` of this folder; NumPy; safetensors inside functions.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.files import write_whole
from tinygrad_edu.nn.module import Module, checked_module
from tinygrad_edu.replay.given import checked_dtype
from tinygrad_edu.training.data import Array, in_single

__all__ = [
    "FilePath",
    "arrays_of",
    "imported_safetensors",
    "load",
    "load_arrays",
    "read_tensors",
    "save",
    "write_tensors",
]

#: Where a file is, as people give it.
FilePath: TypeAlias = str | os.PathLike[str]

#: Endings that promise a format which other programs would look for in the file.
_OF_OTHER_FORMATS = frozenset(
    [".pt", ".pth", ".h5", ".hdf5", ".keras", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".onnx", ".json"]
)

_NEURON = re.compile(r"(?:^|\.)neurons\.(\d+)\.(weights\.(\d+)|bias)$")
_TRAILING_INDICES = re.compile(r"((?:\.\d+)*)$")


# Arrays and scalars ---------------------------------------------------------------------------------------


def _place_of(path: str) -> tuple[str, tuple[int, ...]]:
    """The array that a parameter is gathered into, and where in it.

    >>> _place_of("layers.0.neurons.3.weights.1"), _place_of("table.2.5"), _place_of("slope")
    (('layers.0.weight', (3, 1)), ('table', (2, 5)), ('slope', ()))
    """
    if match := _NEURON.search(path):
        row, what, column = match.groups()
        name = "bias" if what == "bias" else "weight"
        owner = path[: match.start()]
        return f"{owner}.{name}" if owner else name, (int(row),) if column is None else (int(row), int(column))
    indices = _TRAILING_INDICES.search(path)
    assert indices is not None  # the pattern matches the empty end of any path
    return path[: indices.start()], tuple(int(index) for index in indices.group(1).split(".")[1:])


def _places_of(model: Module) -> dict[str, tuple[str, tuple[int, ...]]]:
    """For each parameter its array and its index there; lists of different lengths stay single numbers."""
    places = {path: _place_of(path) for path, _ in model.named_parameters()}
    members: dict[str, list[tuple[int, ...]]] = {}
    for name, index in places.values():
        members.setdefault(name, []).append(index)
    full = {name for name, indices in members.items() if _is_whole(indices)}
    return {path: (name, index) if name in full else (path, ()) for path, (name, index) in places.items()}


def _is_whole(indices: list[tuple[int, ...]]) -> bool:
    """Whether the indices are all those of one array, none missing."""
    if len({len(index) for index in indices}) > 1:
        return False
    return int(np.prod([max(axis) + 1 for axis in zip(*indices, strict=True)])) == len(indices)


def arrays_of(model: Module, dtype: Any = np.float64) -> dict[str, Array]:
    """All numbers of a model, its buffers included, as arrays by name; the parameters as arrays of `dtype`.

    >>> from tinygrad_edu.nn import MLP
    >>> {name: array.shape for name, array in arrays_of(MLP(2, [3, 1])).items()}
    {'layers.0.weight': (3, 2), 'layers.0.bias': (3,), 'layers.1.weight': (1, 3), 'layers.1.bias': (1,)}
    """
    places = _places_of(model)
    gathered: dict[str, dict[tuple[int, ...], float]] = {}
    arrays: dict[str, Array] = {}
    for path, number in model.state_dict().items():
        if path in places:
            name, index = places[path]
            gathered.setdefault(name, {})[index] = number
            arrays[name] = np.empty(0)  # keeps the order; filled below
        else:
            arrays[path] = np.array(number, dtype=np.float64)
    for name, numbers in gathered.items():
        array = np.empty([max(axis) + 1 for axis in zip(*numbers, strict=True)], dtype)
        for index, number in numbers.items():
            array[index] = number
        arrays[name] = array
    return arrays


def load_arrays(model: Module, arrays: Mapping[str, Any], source: str = "the arrays") -> None:
    """Set all numbers of a model from arrays by name; all of them or, on an error, none.

    Raises ValueError when a name is missing or unknown, a shape differs, or something is not numbers.

    >>> from tinygrad_edu.nn import Neuron
    >>> neuron = Neuron(2)
    >>> load_arrays(neuron, {"weights": np.array([1.0, 2.0]), "bias": np.array(3.0)})
    >>> [p.data for p in neuron.parameters()]
    [1.0, 2.0, 3.0]
    """
    _check_arrays(model, arrays, source)
    places = _places_of(model)
    state = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    for path, (name, index) in places.items():
        if path != name:
            state[path] = state[name][index]
    model.load_state_dict({path: state[path] for path in model.state_dict()})


def _check_arrays(model: Module, arrays: Mapping[str, Any], source: str) -> None:
    """Raise ValueError unless these are the arrays of such a model."""
    expected = arrays_of(model)
    for name in expected:
        if name not in arrays:
            raise ValueError(_misfit(source, f"has no {name!r}", model))
    for name in arrays:
        if name not in expected:
            raise ValueError(_misfit(source, f"has {name!r}, which the model does not", model))
    for name, own in expected.items():
        fault = _fault_of(np.asarray(arrays[name]), own.shape)
        if fault:
            raise ValueError(_misfit(source, f"has {name!r} of {fault}", model))


def _fault_of(array: NDArray[Any], shape: tuple[int, ...]) -> str:
    """What is wrong with an array that should hold numbers in this shape; nothing if all is well."""
    if array.shape != shape:
        return f"shape {array.shape} instead of {shape}"
    return "" if array.dtype.kind in "fiu" else f"type {array.dtype}, not numbers"


def _misfit(source: str, what: str, model: Module) -> str:
    return (
        f"{source} {what}; build the {type(model).__name__} with the sizes it was saved with (the model is unchanged)"
    )


# Files ----------------------------------------------------------------------------------------------------


def write_tensors(file: FilePath, tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write arrays and strings to a safetensors file, whole or not at all.

    Raises ImportError without safetensors, OSError where the file cannot be written.
    """
    safetensors = imported_safetensors()
    contiguous = {name: np.ascontiguousarray(array).reshape(np.shape(array)) for name, array in tensors.items()}
    write_whole(file, safetensors.save(contiguous, dict(metadata)))


def read_tensors(file: FilePath) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the strings of a safetensors file.

    Raises ImportError without safetensors, FileNotFoundError, and ValueError for a truncated or corrupt file.
    """
    safetensors = imported_safetensors()
    try:
        content = Path(file).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {str(file)!r} to load; save(model, file) makes one") from None
    try:
        tensors = safetensors.load(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
    except Exception as error:  # safetensors has its own kinds, which it does not promise to keep
        raise ValueError(f"{str(file)!r} is no whole safetensors file ({error}); save it again") from error
    return tensors, dict(header.get("__metadata__") or {})


def imported_safetensors() -> Any:
    """The module that files are read and written with. Raises ImportError, with the cure, where there is none."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            'saving and loading weights needs safetensors; install it with: pip install "tinygrad_edu[learn]"'
        ) from error
    return safetensors.numpy


def _check_model_and_file(model: Any, file: Any, what: str) -> None:
    if isinstance(file, Module):
        raise TypeError(f"{what} takes the model first, then the file: {what}(model, {model!r:.80})")
    checked_module(model, f"{what} needs")


def save(model: Module, file: FilePath, *, dtype: Any = "float64") -> None:
    """Write the weights and buffers of a model to a safetensors file, whole or not at all.

    They are written as float64, or with `dtype="float32"` as float32, rounded to seven digits, in half the space. What
    `fit(..., dtype="float32")` has trained loses nothing by that. `load` reads both.

    `torch.nn.Linear` layers of the same sizes load the weights of an `MLP` directly: `layers.0.weight` has shape (out,
    in), `layers.0.bias` (out,). The file also says what the model was, so that `load` can refuse another one.

    Raises ImportError without safetensors, OSError where the file cannot be written, TypeError for what is no `Module`,
    and ValueError for another dtype, for a number that float32 cannot hold, and for a file with the ending of another
    format, such as .pt.

    >>> import tempfile
    >>> from tinygrad_edu.nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], seed=1), f"{folder}/model.safetensors")
    ...     copy = MLP(2, [3, 1], seed=2)
    ...     load(copy, f"{folder}/model.safetensors")
    >>> copy.state_dict() == MLP(2, [3, 1], seed=1).state_dict()
    True
    """
    _check_model_and_file(model, file, "save")
    ending = Path(file).suffix.lower()
    if ending in _OF_OTHER_FORMATS:
        raise ValueError(
            f"save writes the format safetensors, and {ending} is another's: let the file end in .safetensors"
        )
    kind, arrays = checked_dtype(dtype), arrays_of(model)
    if kind == np.float32:
        arrays = {name: in_single(array, name, 'save it with dtype="float64"') for name, array in arrays.items()}
    write_tensors(file, arrays, {"format": "tinygrad_edu", "model": repr(model)})


def load(model: Module, file: FilePath, *, strict: bool = True) -> None:
    """Read weights and buffers into a model built alike; all of them or, on an error, none.

    A file that another program wrote, such as PyTorch's, need only have the right names and shapes. One of ours must
    also come from a model that describes itself in the same words, activations included, unless `strict` is False.

    Raises FileNotFoundError, and ValueError for a file that is truncated, corrupt or of another model.

    >>> import tempfile
    >>> from tinygrad_edu.nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1], seed=1), f"{folder}/model.safetensors")
    ...     load(MLP(2, [4, 1]), f"{folder}/model.safetensors")
    Traceback (most recent call last):
        ...
    ValueError: ...
    """
    _check_model_and_file(model, file, "load")
    arrays, metadata = read_tensors(file)
    _check_arrays(model, arrays, repr(str(file)))
    described = metadata.get("model", repr(model))
    if strict and described != repr(model):
        ours, theirs = _first_difference(repr(model), described)
        raise ValueError(
            f"{str(file)!r} was saved from {theirs}, and this model is {ours}; "
            "build it alike, or pass strict=False to load the numbers all the same"
        )
    load_arrays(model, arrays, repr(str(file)))


def _first_difference(one: str, other: str) -> tuple[str, str]:
    for ours, theirs in zip(one.splitlines(), other.splitlines(), strict=False):
        if ours != theirs:
            return ours.strip(), theirs.strip()
    return one, other
