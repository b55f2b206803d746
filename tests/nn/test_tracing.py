"""What is noted while a model runs."""

import pytest

from tinygrad_edu import MLP, Layer, Module
from tinygrad_edu.nn import Dropout, Sequential
from tinygrad_edu.nn.tracing import Call, Operation, trace


def test_each_call_has_its_answer_and_the_call_around_it():
    model = MLP(1, [2, 1], seed=0)
    seen = trace(model, [0.5])
    layers = [call for call in seen.calls if isinstance(call.module, Layer)]
    assert [call.module for call in layers] == model.layers
    assert {call.around.module for call in layers} == {model}
    assert layers[-1].answer[0].data == seen.answer[0].data == model([0.5])[0].data
    assert all(operation.call in seen.calls for operation in seen.events if isinstance(operation, Operation))


def test_two_calls_of_one_module_are_two():
    class Twice(Module):
        def __init__(self):
            self.layer = Layer(1, 1, seed=0)

        def __call__(self, x):
            return self.layer(self.layer(x))

    seen = trace(Twice(), [0.5])
    first, second = [call for call in seen.calls if isinstance(call.module, Layer)]
    assert first is not second
    operations = [event.call.around for event in seen.events if isinstance(event, Operation)]
    assert operations == [first, first, second, second]
    assert first.chain[0] is second.chain[0]


def test_nothing_is_remembered_or_trained():
    model = Sequential(Layer(1, 4, seed=0), Dropout(0.9, seed=0))
    seen = trace(model, [0.5])
    assert all(value.inputs == () for value in seen.answer)
    assert [value.data for value in seen.answer] == [value.data for value in model.layers[0]([0.5])]
    assert model.training
    assert isinstance(seen.events[-1], Call)


def test_errors_are_the_models():
    with pytest.raises(ValueError, match="takes 2 inputs, not 3"):
        trace(Layer(2, 1), [1.0, 2.0, 3.0])
