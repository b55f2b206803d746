"""A name that another engine uses gets the name it has here."""

from __future__ import annotations

import pytest

from tinygrad_edu import Value
from tinygrad_edu.elsewhere import ELSEWHERE


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
