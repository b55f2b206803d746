"""Every public function, given wrong types and numbers out of range: an error that teaches, and nothing changed.

For each function there is one good call; then each of its arguments in turn is replaced by each of the things below.
Whatever the function refuses, it must refuse with an exception that its docstring may raise, in one sentence, and
leave all that it was given as it was.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import MLP, Layer, Module, Neuron, Value, optim
from tinygrad_edu.nn import losses
from tinygrad_edu.nn.loss_names import loss_called
from tinygrad_edu.optim.names import optimizer_called

WRONG: dict[str, Callable[[], Any]] = {
    "text": lambda: "text",
    "None": lambda: None,
    "complex": lambda: 1j,
    "an object": object,
    "a dict": lambda: {"a": 1},
    "an empty list": list,
    "a list of text": lambda: ["a", "b"],
    "a ragged list": lambda: [[1.0], [1.0, 2.0]],
    "an empty array": lambda: np.empty((0, 2)),
    "an array of objects": lambda: np.array([object(), None]),
    "zero": lambda: 0,
    "minus one": lambda: -1,
    "two and a half": lambda: 2.5,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "a huge whole number": lambda: 10**400,
    "True": lambda: True,
    "a function": lambda: lambda: None,
    "a Value": lambda: Value(0.5),
    "a computed Value": lambda: Value(0.5) * 2.0,
    "a list of Values": lambda: [Value(0.5)],
}


@dataclass
class Call:
    """A good call of a function; `raises` are exceptions, beyond those below, that its docstring names."""

    function: Callable[..., Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    never: tuple[str, ...] = ()  # arguments for which anything at all will do


def squared(x: Any) -> Any:
    return x * x


def values(*numbers: float) -> list[Value]:
    return [Value(number) for number in numbers]


SCHEDULES: dict[Any, dict[str, Any]] = {
    optim.StepLR: {"step_size": 3, "gamma": 0.5},
    optim.MultiStepLR: {"milestones": [3, 5], "gamma": 0.5},
    optim.ConstantLR: {"factor": 0.5, "total_iters": 3},
    optim.LinearLR: {"start_factor": 0.5, "end_factor": 0.9, "total_iters": 3},
    optim.ExponentialLR: {"gamma": 0.9},
    optim.PolynomialLR: {"total_iters": 3, "power": 2.0},
    optim.CosineAnnealingLR: {"T_max": 3, "eta_min": 0.01},
    optim.CosineAnnealingWarmRestarts: {"T_0": 3, "T_mult": 2, "eta_min": 0.01},
    optim.OneCycleLR: {"max_lr": 0.1, "total_steps": 9, "pct_start": 0.3, "div_factor": 5, "final_div_factor": 9.0},
    optim.LambdaLR: {"lr_lambda": lambda epoch: 0.5},
}


def good_calls(folder: Any) -> dict[str, Call]:
    x, w = values(0.5, -2.0)
    root = (x * w).tanh()
    model = MLP(2, [3, 1], seed=0)
    X, y = np.arange(8.0).reshape(4, 2) / 8, np.array([[0.0], [1.0], [1.0], [0.0]])
    return {
        "Value": Call(Value, {"data": 1.0, "label": "x"}, never=("label",)),
        "as_value": Call(tg.as_value, {"number": 1.0}),
        "choose": Call(tg.choose, {"index": 1, "options": values(1, 2)}),
        "dot": Call(tg.dot, {"weights": values(1, 2), "inputs": values(3, 4), "bias": Value(0.5)}),
        "fsum": Call(tg.fsum, {"values": values(1, 2)}),
        "logsumexp": Call(tg.logsumexp, {"values": values(1, 2)}),
        "softmax": Call(tg.softmax, {"values": values(1, 2)}),
        "where": Call(tg.where, {"condition": True, "a": Value(1.0), "b": Value(2.0)}),
        "grad": Call(tg.grad, {"output": root, "inputs": [x, w], "create_graph": False}, never=("create_graph",)),
        "hessian": Call(tg.hessian, {"f": squared, "at": [1.0]}),
        "jacobian": Call(tg.jacobian, {"f": squared, "at": [1.0]}),
        "gradcheck": Call(tg.gradcheck, {"f": squared, "inputs": [x], "step": 1e-6, "rtol": 1e-5, "atol": 1e-7}),
        "backward": Call(tg.backward, {"root": root, "stop_at": None}, never=("stop_at",)),
        "backward_steps": Call(tg.backward_steps, {"root": root}),
        "topological_order": Call(tg.topological_order, {"root": root}),
        "explain": Call(tg.explain, {"output": root, "wrt": x, "limit": 3}),
        "draw": Call(tg.draw, {"root": root, "file": folder / "a.dot", "rankdir": "LR"}),
        "save_page": Call(tg.save_page, {"root": root, "file": folder / "a.html"}),
        "Stepper": Call(tg.Stepper, {"root": root}),
        "Neuron": Call(Neuron, {"n_inputs": 2, "activation": "tanh", "init": None, "seed": 0}),
        "Layer": Call(Layer, {"n_inputs": 2, "n_outputs": 3, "activation": "tanh", "init": None, "seed": 0}),
        "MLP": Call(MLP, {"n_inputs": 2, "sizes": [3, 1], "activation": "tanh", "output_activation": None, "seed": 0}),
        "a neuron": Call(Neuron(2, seed=0), {"inputs": [1.0, 2.0]}),
        "a layer": Call(Layer(2, 2, seed=0), {"inputs": [1.0, 2.0]}),
        "a network": Call(model, {"inputs": [1.0, 2.0]}),
        "load_state_dict": Call(model.load_state_dict, {"state": model.state_dict()}),
        "SGD": Call(tg.SGD, {"params": model.parameters(), "lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
        "Adam": Call(tg.Adam, {"params": model.parameters(), "lr": 0.1, "betas": (0.9, 0.99), "eps": 1e-8}),
        "AdamW": Call(tg.AdamW, {"params": model.parameters(), "lr": 0.1, "weight_decay": 0.1}),
        "RMSprop": Call(tg.RMSprop, {"params": model.parameters(), "lr": 0.1, "alpha": 0.9}),
        "EarlyStopping": Call(tg.EarlyStopping, {"patience": 3, "min_delta": 0.0}),
        "array": Call(tg.array, {"x": [1.0, 2.0]}),
        "fit": Call(
            tg.fit,
            {
                "model": model,
                "X": X,
                "y": y,
                "loss": "mse",
                "optimizer": "sgd",
                "epochs": 1,
                "batch_size": 2,
                "validation_data": (X, y),
                "schedule": lambda optimizer: optim.StepLR(optimizer, 2),
            },
        ),
        "optimizer_called": Call(optimizer_called, {"name": "adam", "params": values(1, 2), "lr": 0.1}),
        "loss_called": Call(loss_called, {"loss": "mse"}),
        **{
            made.__name__: Call(made, {"optimizer": tg.SGD(values(1, 2), 0.1), **settings, "per": "epoch"})
            for made, settings in SCHEDULES.items()
        },
        "ReduceLROnPlateau": Call(
            optim.ReduceLROnPlateau,
            {"optimizer": tg.SGD(values(1, 2)), "factor": 0.5, "patience": 2, "threshold": 0.1, "min_lr": 0.01},
        ),
        "a step on a plateau": Call(optim.ReduceLROnPlateau(tg.SGD(values(1, 2))).step, {"metrics": 1.0}),
        "predict": Call(tg.predict, {"model": model, "X": X}),
        **{
            name: Call(getattr(losses, name), {"predictions": values(0.5, 0.5), "targets": [1.0, 1.0]})
            for name in losses.__all__
            if name != "cross_entropy"
        },
        "cross_entropy": Call(losses.cross_entropy, {"logits": values(1, 2), "target": 1, "label_smoothing": 0.1}),
    }


#: Arguments that say how much work to do: a huge whole number is a request for it, and is granted.
AMOUNTS = ("n_inputs", "n_outputs", "sizes", "epochs")
#: Public names that are no functions of the user's data, and why.
EXEMPT = {
    "Module": "a base class without arguments",
    "AnomalyError": "raised, not called",
    "RecordingError": "raised, not called",
    "Explanation": "a result", "GradCheck": "a result", "History": "a result", "Program": "made by record",
    "Programs": "made by fit",
    "ValueArray": "made by array",
    "debug": "interactive; it hands its arguments to Stepper",
    "detect_anomaly": "no arguments", "no_grad": "no arguments", "trace_sources": "no arguments",
    "record": "its function is the user's own code, whose errors are its own; tests/replay",
    "diagnose": "tests/diagnosis/test_examination.py",
    "operation": "tests/test_declaring.py",
}  # fmt: skip
#: Python's own ways to refuse an argument, beside what the docstring names; and NumPy 1's way to refuse an empty
#: array as a truth value.
ALWAYS = (TypeError, ValueError, OverflowError, DeprecationWarning)


def test_every_public_function_is_here(tmp_path):
    functions = {name for name in tg.__all__ if callable(getattr(tg, name))}
    assert functions - set(good_calls(tmp_path)) - set(EXEMPT) == set()
    assert set(EXEMPT) <= functions


def state_of(thing: Any) -> Any:
    """All numbers in what was passed in, to compare before and after."""
    if isinstance(thing, Value):
        return repr((thing.data, thing.grad, thing.label, thing.op, thing.local_derivatives))
    if isinstance(thing, Module):
        return {path: state_of(parameter) for path, parameter in thing.named_parameters()}
    if isinstance(thing, np.ndarray):
        return repr(thing.tolist())
    if isinstance(thing, dict):
        return {key: state_of(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [state_of(item) for item in thing]
    return None


def documented(function: Callable[..., Any]) -> set[str]:
    texts = [inspect.getdoc(function) or "", inspect.getdoc(type(function)) or ""]
    texts += [inspect.getdoc(vars(type(function)).get("__call__")) or ""]
    return set(re.findall(r"\w+(?:Error|Exception)", " ".join(texts)))


NAMES = sorted(good_calls(__import__("pathlib").Path()))


@pytest.mark.parametrize("name", NAMES)
def test_good_calls_are_good(name, tmp_path):
    call = good_calls(tmp_path)[name]
    call.function(**call.arguments)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments_are_refused_in_one_sentence_and_change_nothing(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    complaints = []
    for argument, (what, make) in [(a, w) for a in good_calls(tmp_path)[name].arguments for w in WRONG.items()]:
        call = good_calls(tmp_path)[name]
        if argument in call.never or (argument in AMOUNTS and what == "a huge whole number"):
            continue
        call.arguments[argument] = make()
        before = [state_of(call.arguments), state_of(call.function)]
        try:
            call.function(**call.arguments)
        except Exception as error:  # which one it is, is what is tested
            message = str(error)
            if not (isinstance(error, ALWAYS) or type(error).__name__ in documented(call.function)):
                complaints.append(f"{argument}={what}: {type(error).__name__}: {message}")
            elif "\n" in message or not message:
                complaints.append(f"{argument}={what}: not one sentence: {message!r}")
            if [state_of(call.arguments), state_of(call.function)] != before:
                complaints.append(f"{argument}={what}: changed what it was given")
    assert not complaints, "\n".join(complaints)
