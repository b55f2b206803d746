"""A module says that it runs, to those who ask: what it computes knows its place, and they hear what it answers."""

import asyncio
import copy
import gc
import inspect
import pickle
import threading
import weakref

import pytest

from tinygrad_edu import Value, no_grad, topological_order, trace_sources
from tinygrad_edu.modes import changed_mode, running_module
from tinygrad_edu.nn import MLP, RNN, Conv2d, Layer, Module, Neuron, Sequential


class Times(Module):
    """Multiplies by its weight, and so makes one node."""

    def __init__(self, weight=2.0):
        self.weight = Value(weight)

    def __call__(self, x):
        return x * self.weight


def path_of(value):
    return value.module.path


def traced(function, *arguments):
    with trace_sources():
        return function(*arguments)


def heard(function, *arguments):
    """The class of each module that answered, with its answer."""
    found = []
    with changed_mode(answers=lambda module, answer: found.append((type(module).__name__, answer))):
        function(*arguments)
    return found


@pytest.fixture(autouse=True)
def nothing_runs_afterwards():
    yield
    assert running_module.get() is None


# Where a module is ----------------------------------------------------------------------------------------


def test_nobody_asks_in_eager_code():
    assert Times()(Value(1.0)).module is None
    with no_grad():
        assert Times()(Value(1.0)).module is None
    assert MLP(1, [1])([1.0])[0].module is None


def test_the_path_begins_at_the_outermost_module_that_runs():
    model = MLP(2, [3, 1], seed=0)
    assert path_of(traced(model, [1.0, 2.0])[0]) == "layers.1.neurons.0"
    assert path_of(traced(model.layers[1], [1.0, 2.0, 3.0])[0]) == "neurons.0"
    assert path_of(traced(model.layers[1].neurons[0], [1.0, 2.0, 3.0])) == ""


def test_what_is_computed_in_no_module_has_an_empty_path():
    assert traced(lambda: Value(1.0) * 2.0).module.path == ""


class Nested(Module):
    """Modules in modules, called by attribute, through a list and a dictionary, and past the one between."""

    def __init__(self):
        self.inner = Sequential(Times(), lambda x: x + 1.0)
        self.table = {"a": [Times()]}

    def __call__(self, x):
        y = self.inner(x)
        z = self.table["a"][0](y)
        return y, z, self.inner.layers[0](z)


def test_each_module_is_called_what_the_one_around_it_calls_it():
    y, z, past = traced(Nested(), Value(1.0))
    assert path_of(y) == "inner", "a function inside a module belongs to the module"
    assert path_of(y.inputs[0]) == "inner.layers.0"
    assert path_of(z) == "table.a.0"
    assert past.module == y.inputs[0].module, "also where it is called past the module that holds it"


def test_constants_belong_to_the_module_that_made_them():
    y, _, _ = traced(Nested(), Value(1.0))
    assert path_of(y.inputs[1]) == "inner"


class Anonymous(Module):
    """Modules that no public attribute leads to."""

    def __init__(self):
        self._hidden = Sequential(Times())

    def __call__(self, x):
        return Times(3.0)(self._hidden(x))


def test_a_module_without_a_name_goes_by_that_of_its_class():
    made = traced(Anonymous(), Value(1.0))
    assert path_of(made) == "Times"
    assert path_of(made.inputs[0]) == "Sequential.layers.0"
    assert path_of(made.inputs[1]) == "", "made in the outermost module, and a parameter of none that knows it"
    assert not made.inputs[1].origin.is_parameter


class Twice(Module):
    """One module in two places."""

    def __init__(self):
        shared = Times()
        self.left, self.right = Sequential(shared), Sequential(shared)
        self.again = shared

    def __call__(self, x):
        return self.left(x), self.right(x), self.again(x)


def test_a_shared_module_is_where_it_is_called_and_the_same_everywhere():
    values = traced(Twice(), Value(1.0))
    assert list(map(path_of, values)) == ["left.layers.0", "right.layers.0", "again"]
    assert len({value.module.identity for value in values}) == 1
    assert len({value.module for value in values}) == 3


class Countdown(Module):
    """Calls itself, through another module and directly."""

    def __init__(self, through=None):
        self.step = Times()
        self.through = through

    def __call__(self, x, n):
        if n == 0:
            return x + 1.0
        return self.step(self(x, n - 1) if self.through is None else self.through(self, x, n - 1))


class Through(Module):
    def __call__(self, module, x, n):
        return module(x, n)


@pytest.mark.parametrize("through", [None, Through()])
def test_a_module_that_calls_itself_stays_where_it_is(through):
    value = traced(Sequential(lambda x: Countdown(through)(x, 3)), Value(1.0))
    paths = []
    while value.inputs:
        paths.append(path_of(value))
        value = value.inputs[0]
    assert paths == ["Countdown.step"] * 3 + ["Countdown"]


def test_a_module_that_knows_the_one_around_it_does_not_confuse_anyone():
    inner = Sequential(Times())
    outer = Sequential(inner, lambda x: x * 1.0)
    inner.parent = outer
    value = traced(outer, Value(1.0))
    assert (path_of(value), path_of(value.inputs[0])) == ("", "layers.0.layers.0")


def test_modules_with_the_same_path_are_told_apart():
    one, other = Sequential(Times()), Sequential(Times())
    places = [traced(model, Value(1.0)).module for model in (one, other, one)]
    assert places[0].path == places[1].path
    assert places[0] == places[2] != places[1]


def test_a_graph_does_not_keep_its_modules_alive():
    model = Sequential(Times())
    gone = weakref.ref(model)
    value = traced(model, Value(1.0))
    del model
    gc.collect()
    assert gone() is None
    assert path_of(value) == "layers.0"


def test_a_graph_with_modules_is_no_cycle():
    value = traced(MLP(1, [2, 1], seed=0), [1.0])[0]
    gone = weakref.ref(value)
    gc.collect()
    gc.disable()
    try:
        del value
        assert gone() is None
    finally:
        gc.enable()


def test_a_copy_of_a_module_is_another_module():
    model = Sequential(Times())
    before = traced(model, Value(1.0)).module
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        place = traced(twin, Value(1.0)).module
        assert place.path == before.path
        assert place != before
    assert traced(model, Value(1.0)).module == before


# How it is called -----------------------------------------------------------------------------------------


class Doubled(Times):
    def __call__(self, x, *more, scale=1.0):
        """Twice what it was."""
        return super().__call__(x) * 2.0 * scale


def test_a_call_of_the_base_class_is_part_of_the_same_call():
    model = Sequential(Doubled())
    value = traced(model, Value(1.0))
    assert {path_of(each) for each in topological_order(value) if each.inputs} == {"layers.0"}
    assert [name for name, _ in heard(model, Value(1.0))] == ["Doubled", "Sequential"]


class TimesTen:
    """A class beside `Module` that says how to call one."""

    def __call__(self, x):
        return x * 10.0


class Mixed(TimesTen, Module):
    pass


class MixedFurther(Mixed):
    pass


@pytest.mark.parametrize("kind", [Mixed, MixedFurther])
def test_a_call_may_come_from_a_class_that_is_no_module(kind):
    assert path_of(traced(Sequential(kind()), Value(1.0))) == "layers.0"
    assert [name for name, _ in heard(kind(), Value(1.0))] == [kind.__name__]
    assert TimesTen()(2.0) == 20.0


def test_a_call_says_what_it_said_before():
    assert list(inspect.signature(Doubled()).parameters) == ["x", "more", "scale"]
    assert inspect.getdoc(Doubled.__call__) == "Twice what it was."
    assert Doubled.__call__.__qualname__ == "Doubled.__call__"


@pytest.mark.parametrize("call", [lambda f: f, lambda f: lambda *a, **k: traced(lambda: f(*a, **k))])
def test_arguments_arrive_as_they_were_given(call):
    class Echo(Module):
        def __call__(self, /, *arguments, **named):
            return arguments, named

    class Named(Module):
        def __call__(self, x=1, *, y=2):
            return x, y

    echo, named = call(Echo()), call(Named())
    assert echo() == ((), {})
    assert echo(None) == ((None,), {})
    assert echo(1, 2, self=3, first=4, module=5, call=6) == ((1, 2), {"self": 3, "first": 4, "module": 5, "call": 6})
    assert (named(), named(5), named(x=5), named(5, y=6)) == ((1, 2), (5, 2), (5, 2), (5, 6))
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        named(z=1)


@pytest.mark.parametrize("call", [lambda f: f, lambda f: lambda *a: traced(f, *a)])
def test_the_numbers_of_an_example_are_one_list(call):
    for model in (MLP(2, [3, 1]), Layer(2, 1), Neuron(2), Sequential(Layer(2, 1)), Times()):
        with pytest.raises(TypeError) as caught:
            call(model)(1.0, 2.0)
        said = f"{type(model).__name__} is called with one argument, not 2: an example is one list, model([1.0, 2.0])"
        assert str(caught.value) == said


def test_an_error_ends_the_run_of_its_module():
    class Fails(Module):
        def __call__(self, x):
            raise ZeroDivisionError

    class Saved(Module):
        def __init__(self):
            self.fails = Fails()

        def __call__(self, x):
            try:
                self.fails(x)
            except ZeroDivisionError:
                return x * 2.0

    assert path_of(traced(Sequential(Saved()), Value(1.0))) == "layers.0"
    assert [name for name, _ in heard(Sequential(Saved()), Value(1.0))] == ["Saved", "Sequential"]
    with pytest.raises(ZeroDivisionError):
        traced(Fails(), Value(1.0))


class Letters(Module):
    """A module that yields, one number at a time."""

    def __init__(self, closed):
        self.closed = closed

    def __call__(self, x):
        try:
            while True:
                try:
                    sent = yield x * 1.0
                except KeyError:
                    sent = 10.0
                if sent == 0.0:
                    return "end"
                x = x + (sent or 1.0)
        finally:
            self.closed.append(True)


def test_a_module_that_yields_runs_only_while_it_computes():
    closed = []
    with trace_sources():
        letters = Sequential(Letters(closed))(Value(1.0))
        first = next(letters)
        between = first * 2.0
        second, third, fourth = letters.send(5.0), letters.throw(KeyError()), next(letters)
        with pytest.raises(StopIteration, match="end"):
            letters.send(0.0)
    assert [v.data for v in (first, second, third, fourth)] == [1.0, 6.0, 16.0, 17.0]
    assert [path_of(v) for v in (first, between, second, third)] == ["layers.0", "", "layers.0", "layers.0"]
    assert closed == [True]
    with trace_sources():
        letters = Letters(closed)(Value(1.0))
        next(letters)
        letters.close()
    assert closed == [True, True]


class Later(Module):
    def __init__(self):
        self.times = Times()

    async def __call__(self, x, wait):
        await wait()
        return self.times(x)


def test_a_module_that_is_awaited_runs_in_its_task_alone():
    async def main():
        models = [Sequential(lambda x: x), Later(), Sequential(Times())]
        ready = asyncio.Event()
        tasks = [asyncio.create_task(models[1](Value(1.0), ready.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        outside = Value(1.0) * 2.0
        within = models[2](Value(1.0))
        ready.set()
        return outside, within, *await asyncio.gather(*tasks)

    with trace_sources():
        values = asyncio.run(main())
    assert list(map(path_of, values)) == ["", "layers.0", "times", "times"]


def test_two_threads_run_different_models_at_once():
    models = [MLP(1, [2, 1], seed=0), Sequential(Times(), Nested())]
    inside = threading.Barrier(2, timeout=30)
    found = {}

    class Waits(Module):
        """Lets the other thread come as far as this one."""

        def __init__(self, model):
            self.model = model

        def __call__(self, x):
            inside.wait()
            answer = self.model(x)
            inside.wait()
            return answer

    def work(k, x):
        with trace_sources():
            for _ in range(20):
                found[k] = Waits(models[k])(x)

    threads = [threading.Thread(target=work, args=each) for each in ((0, [1.0]), (1, Value(1.0)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path_of(found[0][0]) == "model.layers.1.neurons.0"
    assert path_of(found[1][0].inputs[0]) == "model.layers.1.inner.layers.0"


# What it answers ------------------------------------------------------------------------------------------


def test_those_who_listen_hear_every_answer_inner_modules_first():
    model = MLP(2, [2, 1], seed=0)
    answers = heard(model, [1.0, 2.0])
    assert [name for name, _ in answers] == ["Neuron", "Neuron", "Layer", "Neuron", "Layer", "MLP"]
    assert answers[2][1].tolist() == [answer for _, answer in answers[:2]]
    assert answers[-1][1].tolist() == answers[-2][1].tolist()


def test_the_neurons_of_a_convolution_say_what_they_answer_to_each_patch():
    answers = heard(Conv2d(1, 2, 2), [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    assert [name for name, _ in answers] == ["Neuron"] * 4 + ["Conv2d"]
    value = traced(Conv2d(1, 2, 2), [[[1.0, 2.0], [3.0, 4.0]]])[1][0][0]
    assert path_of(value) == "filters.1"


def test_a_neuron_of_another_kind_answers_the_same_whether_someone_listens_or_not():
    class Sharp(Neuron):
        def respond(self, inputs):
            return super().respond(inputs) * 10.0

    layer = Layer(1, 1, seed=0)
    layer.neurons = [Sharp(1, seed=0)]
    ((name, answer), _) = heard(layer, [1.0])
    assert name == "Sharp"
    assert answer.data == layer([1.0])[0].data


def test_a_cell_answers_at_each_step():
    answers = heard(RNN(1, 2, seed=0), [[1.0], [2.0], [3.0]])
    assert [name for name, _ in answers].count("RNNCell") == 3


def test_a_module_that_yields_or_is_awaited_answers_when_it_does():
    async def now():
        pass

    assert [name for name, _ in heard(lambda: next(Letters([])(Value(1.0))))] == ["Letters"]
    answers = heard(lambda: asyncio.run(Later()(Value(3.0), now)))
    assert [(name, answer.data) for name, answer in answers] == [("Times", 6.0), ("Later", 6.0)]


class TidiesUp(Module):
    """A generator that computes one more Value when it is closed."""

    def __init__(self):
        self.last = None

    def __call__(self, x):
        try:
            yield x + 1.0
        finally:
            self.last = x * 2.0


def test_what_a_generator_computes_when_it_is_closed_is_computed_in_its_module():
    outer = Sequential(TidiesUp())
    with trace_sources():
        steps = outer(Value(1.0))
        next(steps)
        steps.close()
    assert type(outer.layers[0]) is TidiesUp
    assert path_of(outer.layers[0].last) == "layers.0"
