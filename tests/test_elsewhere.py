"""A name that another library uses gets the name it has here, and every name that is given is there."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

import tinygrad_edu
from tinygrad_edu import (
    MLP,
    SGD,
    Adam,
    AdamW,
    EarlyStopping,
    Layer,
    Module,
    Neuron,
    RMSprop,
    Value,
    array,
    draw,
    elsewhere,
    fit,
    gradcheck,
    nn,
    optim,
    record,
    training,
)
from tinygrad_edu.elsewhere import ELSEWHERE, NAMES, not_here, says_ours
from tinygrad_edu.nn import losses

# Attributes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_a_name_of_another_engine_is_told_ours(name):
    v = Value(1.0)
    with pytest.raises(AttributeError, match=f"^a Value has no attribute '{name}': ") as caught:
        getattr(v, name)
    assert (caught.value.name, caught.value.obj) == (name, v)
    with pytest.raises(AttributeError, match=f"no attribute '{name}': "):
        setattr(v, name, 1.0)
    assert not hasattr(Value, name)
    assert name not in dir(v)


def test_what_the_sentences_name_is_there():
    v = Value(1.0)
    for name in (
        "data",
        "grad",
        "op",
        "inputs",
        "local_derivatives",
        "label",
        "detach",
        "backward_steps",
        "log_sigmoid",
    ):
        assert hasattr(v, name)
    assert {"data", "grad", "tanh", "backward", "label"} <= set(dir(v))


def test_any_other_name_is_refused_as_python_does():
    v = Value(1.0)
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'color'"):
        _ = v.color
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'color'"):
        v.color = "red"


OPTIMIZER = SGD([Value(1.0)])


@pytest.mark.parametrize(
    ("thing", "owner", "table"),
    [
        (MLP(1, [1]), "a module", elsewhere.MODULE_ATTRIBUTES),
        (OPTIMIZER, "an optimizer", elsewhere.OPTIMIZER_ATTRIBUTES),
        (optim.StepLR(OPTIMIZER, 1), "a schedule", elsewhere.SCHEDULE_ATTRIBUTES),
    ],
)
def test_an_attribute_of_another_library_is_told_ours(thing, owner, table):
    for name, cure in table.items():
        assert not hasattr(thing, name)
        with pytest.raises(AttributeError) as caught:
            getattr(thing, name)
        assert str(caught.value) == f"{owner} has no attribute {name!r}: {cure}"


def test_an_attribute_of_another_librarys_arrays_is_told_ours():
    a = array([[1.0, 2.0]])
    for name, cure in elsewhere.ARRAY_ATTRIBUTES.items():
        assert not hasattr(a, name)
        with pytest.raises(AttributeError) as caught:
            getattr(a, name)
        assert str(caught.value) == f"an array of Values has no attribute {name!r}: {cure}"
    here = {*dir(a), *dir(tinygrad_edu), "losses.cross_entropy"}
    assert {re.sub(r"^a\.", "", name) for name in names_in(elsewhere.ARRAY_ATTRIBUTES.values())} <= here


def test_a_keyword_of_another_librarys_arrays_is_told_ours():
    a = array([[1.0, 2.0]])
    for keyword, cure in elsewhere.ARRAY_KEYWORDS.items():
        for name in ("sum", "mean", "argsort", "std"):
            with pytest.raises(TypeError) as caught:
                getattr(a, name)(**{keyword: 0})
            assert str(caught.value) == f"{name} has no argument {keyword!r}: {cure}"


def test_setting_the_learning_rate_by_another_name_is_refused():
    with pytest.raises(AttributeError, match="an optimizer has no attribute 'learning_rate': it is `lr`"):
        OPTIMIZER.learning_rate = 0.5
    assert OPTIMIZER.lr == 0.01


def test_a_module_of_ones_own_may_have_these_names():
    class Own(Module):
        def forward(self, x):
            return x + 1

    model = Own()
    model.fit = "fits"
    assert (model.forward(1), model.fit) == (2, "fits")


# Keywords -------------------------------------------------------------------------------------------------

SCHEDULES = [
    item for item in vars(optim).values() if inspect.isclass(item) and issubclass(item, optim.Schedule)
    if item is not optim.Schedule
]  # fmt: skip
TOLD = [
    *[(cls, elsewhere.OPTIMIZER_KEYWORDS) for cls in (SGD, RMSprop, Adam, AdamW)],
    *[(cls, elsewhere.SCHEDULE_KEYWORDS) for cls in SCHEDULES],
    *[(cls, elsewhere.MODEL_KEYWORDS) for cls in (Neuron, Layer, MLP)],
    *[(cls, elsewhere.NORM_KEYWORDS) for cls in (nn.Dropout, nn.LayerNorm, nn.RMSNorm, nn.BatchNorm)],
    *[(getattr(losses, name), elsewhere.LOSS_KEYWORDS) for name in losses.__all__],
    (fit, elsewhere.FIT_KEYWORDS),
    (EarlyStopping, elsewhere.EARLY_STOPPING_KEYWORDS),
    (OPTIMIZER.zero_grad, elsewhere.ZERO_GRAD_KEYWORDS),
    (MLP(1, [1]).zero_grad, elsewhere.ZERO_GRAD_KEYWORDS),
    (gradcheck, elsewhere.GRADCHECK_KEYWORDS),
    (record, elsewhere.RECORD_KEYWORDS),
    (draw, elsewhere.DRAW_KEYWORDS),
]


def test_all_schedules_are_among_them():
    assert len(SCHEDULES) == 12


@pytest.mark.parametrize(("function", "table"), TOLD, ids=lambda thing: getattr(thing, "__name__", ""))
def test_a_keyword_of_another_library_is_told_ours(function, table):
    own = inspect.signature(function).parameters
    assert not {"arguments", "named"} & set(own), "the signature stays that of the function itself"
    for keyword in table.keys() - own.keys():
        with pytest.raises(TypeError) as caught:
            function(**{keyword: 1})
        assert str(caught.value) == f"{function.__name__} has no argument {keyword!r}: {table[keyword]}"
    with pytest.raises(TypeError, match="unexpected keyword argument 'no_such_thing'"):
        function(no_such_thing=1)


def test_what_is_an_argument_of_the_function_is_left_to_it():
    @says_ours({"rate": "it is `speed`", "speed": "it is `rate`"})
    def move(speed, *, times=1):
        return speed * times

    assert move(2, times=3) == move(speed=2, times=3) == 6
    with pytest.raises(TypeError, match=r"^move has no argument 'rate': it is `speed`$"):
        move(rate=2)
    assert str(inspect.signature(move)) == "(speed, *, times=1)"
    assert move.__name__ == "move"


def names_in(cures):
    """What stands in backquotes and is a name by itself."""
    return {name for cure in cures for name in re.findall(r"`([\w.]+)`", cure)}


@pytest.mark.parametrize("table", {id(table): table for _, table in TOLD}.values(), ids=lambda table: next(iter(table)))
def test_the_arguments_that_are_named_are_there(table):
    here = {name for function, its in TOLD if its is table for name in inspect.signature(function).parameters}
    things = {**vars(losses), **vars(optim), **vars(training)}
    attributes = {"optimizer.lr", "history.learning_rate", "history.stopped"}
    assert names_in(table.values()) - here - attributes - things.keys() == set()


# Modules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module_name", sorted(NAMES))
def test_a_name_in_a_module_is_told_ours_however_it_is_asked_for(module_name):
    full = f"tinygrad_edu.{module_name}".rstrip(".")
    module = importlib.import_module(full)
    for name, cure in NAMES[module_name].items():
        sentence = f"module {full!r} has no {name!r}: {cure}"
        assert not hasattr(module, name)
        with pytest.raises(AttributeError) as caught:
            getattr(module, name)
        assert str(caught.value) == sentence
        with pytest.raises(ImportError) as refused:
            exec(f"from {full} import {name}")
        assert str(refused.value) == sentence
    with pytest.raises(AttributeError, match=f"module '{full}' has no attribute 'no_such_thing'"):
        _ = module.no_such_thing
    with pytest.raises(ImportError, match="cannot import name 'no_such_thing'"):
        exec(f"from {full} import no_such_thing")


def test_the_things_that_are_named_are_there():
    cures = [cure for table in NAMES.values() for cure in table.values()]
    rooms = {"": tinygrad_edu, "nn": nn, "losses": losses, "optim": optim, "training": training}
    here = {f"{room}.{name}".lstrip(".") for room, module in rooms.items() for name in dir(module)}
    here |= {name for module in rooms.values() for name in dir(module)} | {f"tinygrad_edu.{room}" for room in rooms}
    assert names_in(cures) - here - {"seed"} == set()


@pytest.mark.parametrize("room", ["nn", "nn.losses", "optim", "training", "plotting"])
def test_a_public_name_that_is_looked_for_at_the_top_is_told_where_it_is(room):
    module = importlib.import_module(f"tinygrad_edu.{room}")
    names = {*module.__all__, *(["MLPClassifier", "MLPRegressor"] if room == "training" else [])}
    for name in names - {*tinygrad_edu.__all__}:
        home = "nn" if name == "losses" else room
        with pytest.raises(ImportError) as caught:
            exec(f"from tinygrad_edu import {name}")
        assert str(caught.value) == f"module 'tinygrad_edu' has no '{name}': it is in `tinygrad_edu.{home}`"


def test_no_name_is_told_to_be_where_it_is_not():
    for name, cure in elsewhere._HOMES.items():
        home = importlib.import_module(re.fullmatch(r"it is in `([\w.]+)`", cure)[1])
        assert hasattr(home, name)
        assert name not in tinygrad_edu.__all__


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from tinygrad_edu.nn import StepLR", "it is in `tinygrad_edu.optim`"),
        ("from tinygrad_edu import MSELoss", "it is `losses.mean_squared_error`"),
        ("from tinygrad_edu import draw_dot", "`draw(loss, 'loss.svg')` draws a graph, and shows it in a notebook"),
        ("from tinygrad_edu import Adm", "did you mean `Adam`?"),
        ("from tinygrad_edu import mlp", "did you mean `MLP`?"),
        ("from tinygrad_edu.optim import StepLRR", "did you mean `StepLR`?"),
        ("from tinygrad_edu import steplr", "did you mean `StepLR`, which is in `tinygrad_edu.optim`?"),
        ("from tinygrad_edu.nn.losses import mean_sqared_error", "did you mean `mean_squared_error`?"),
    ],
)
def test_a_name_in_another_place_or_mistyped_is_told(line, said):
    with pytest.raises(ImportError) as caught:
        exec(line)
    assert str(caught.value).endswith(said)


def test_a_module_without_a_table_says_what_python_says():
    assert str(not_here("tinygrad_edu.cli", "Linear")) == "module 'tinygrad_edu.cli' has no attribute 'Linear'"
