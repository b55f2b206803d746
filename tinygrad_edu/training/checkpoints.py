"""Checkpoints: a whole run in one file, so that it can continue as if it had never stopped.

The state of a run is a tree of dicts, lists, numbers and strings with arrays at some of its leaves. The arrays become
the tensors of a safetensors file, the rest its metadata, as JSON. Files are written whole or not at all: whenever the
process is killed, the previous checkpoint is still there.

May import: `data` and `saving` of this folder; NumPy.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_edu.training.data import Array, Data
from tinygrad_edu.training.saving import FilePath, read_tensors, write_tensors

__all__ = ["checksum", "name_of", "plain_settings", "read_checkpoint", "write_checkpoint"]

_FORMAT = "tinygrad_edu checkpoint 1"


def write_checkpoint(file: FilePath, state: dict[str, Any]) -> None:
    """Write the state of a run, whole or not at all.

    Raises ImportError without safetensors, OSError where the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_checkpoint(f"{folder}/run", {"epoch": 3, "best": [np.array([1.0, 2.0])]})
    ...     read_checkpoint(f"{folder}/run")
    {'epoch': 3, 'best': [array([1., 2.])]}
    """
    tensors: dict[str, Array] = {}
    tree = _without_arrays(state, "", tensors)
    write_tensors(file, tensors, {"format": _FORMAT, "state": json.dumps(tree)})


def read_checkpoint(file: FilePath) -> dict[str, Any]:
    """The state that `write_checkpoint` was given, with lists for tuples.

    Raises FileNotFoundError, and ValueError for a file that is corrupt or no checkpoint.
    """
    tensors, metadata = read_tensors(file)
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{str(file)!r} holds weights but is no checkpoint; load(model, file) reads weights")
    try:
        tree: dict[str, Any] = _with_arrays(json.loads(metadata["state"]), tensors)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{str(file)!r} is no whole checkpoint ({error!r}); continue from another one") from error
    return tree


def checksum(data: Data) -> str:
    """A word for these very numbers: others have another one, but for one case in four billion.

    >>> checksum(Data(np.ones((3, 2)), np.zeros(3)))
    'checksum 7bd753b9'
    """
    return f"checksum {zlib.crc32(data.y.tobytes(), zlib.crc32(data.X.tobytes())):08x}"


def name_of(function: Callable[..., Any]) -> str:
    """What to call a function in a file, or an object that is called like one: its name, or that of its class."""
    return str(getattr(function, "__name__", type(function).__name__))


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that come back from a file as they were, such as numbers: not functions, generators, arrays.

    >>> plain_settings({"lr": 0.1, "betas": (0.9, 0.999), "rule": max})
    {'lr': 0.1, 'betas': [0.9, 0.999]}
    """
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    return {name: value for name, value in listed.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _without_arrays(tree: Any, path: str, tensors: dict[str, Array]) -> Any:
    """The tree as JSON can hold it; its arrays go into `tensors`, by their paths.

    Each dict, list and array becomes a dict with one key, which says what it was.
    """
    if isinstance(tree, np.ndarray):
        tensors[path] = tree
        return {"array": path}
    if isinstance(tree, dict):
        return {"dict": {key: _without_arrays(value, f"{path}/{key}", tensors) for key, value in tree.items()}}
    if isinstance(tree, (list, tuple)):
        return {"list": [_without_arrays(value, f"{path}/{index}", tensors) for index, value in enumerate(tree)]}
    return tree


def _with_arrays(tree: Any, tensors: dict[str, Array]) -> Any:
    """The tree that `_without_arrays` was given."""
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "array":
        return tensors[content]
    if kind == "dict":
        return {key: _with_arrays(value, tensors) for key, value in content.items()}
    return [_with_arrays(value, tensors) for value in content]
