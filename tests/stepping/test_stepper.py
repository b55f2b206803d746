"""The stepper: both passes, both directions, exactly; where it stops; what it shows; how it refuses."""

from __future__ import annotations

import math
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import read

from tinygrad_edu import MLP, Value, dot, topological_order
from tinygrad_edu.backprop import Step
from tinygrad_edu.stepping import NON_FINITE, ForwardStep, NodeStage, Stepper


def example() -> tuple[Value, dict[str, Value]]:
    """d = tanh(a * b + f); e = (d - c * c) * 0.5 with c = a * b, so that c is used three times."""
    a, b, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "f")
    c = a * b
    c.label = "c"
    d = (c + f).tanh()
    d.label = "d"
    e = (d - c * c) * 0.5
    e.label = "e"
    return e, {"a": a, "b": b, "c": c, "d": d, "f": f, "e": e}


def bits(number: float | None) -> bytes | None:
    return None if number is None else struct.pack("<d", number)


def snapshot(stepper: Stepper) -> list[object]:
    looks = [stepper.look(node) for node in stepper.nodes]
    return [(look.stage, bits(look.data), bits(look.grad), look.arrived, look.expected) for look in looks]


def random_graph(seed: int, size: int) -> Value:
    choose = random.Random(seed)
    nodes = [Value(choose.uniform(-2, 2), f"x{k}") for k in range(3)]
    for _ in range(size):
        a, b = choose.choice(nodes), choose.choice(nodes[-4:])
        nodes.append(choose.choice([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: (a - b).tanh()])(a, b))
    return nodes[-1]


# Both passes ----------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_the_end_is_what_backward_gives_bit_for_bit(seed: int, size: int) -> None:
    root = random_graph(seed, size)
    stepper = Stepper(root)
    stepper.goto(stepper.total)
    assert all(node.grad == 0.0 for node in stepper.nodes), "stepping must leave the nodes' own gradients alone"
    root.backward()
    assert [bits(stepper.grad(node)) for node in stepper.nodes] == [bits(node.grad) for node in stepper.nodes]


@given(st.integers(0, 10_000), st.lists(st.integers(-6, 6), max_size=12))
def test_back_undoes_step_whatever_the_walk(seed: int, moves: list[int]) -> None:
    root = random_graph(seed, 8)
    forward = Stepper(root)
    states = [snapshot(forward)]
    while forward.position < forward.total:
        forward.step()
        states.append(snapshot(forward))
    wanderer = Stepper(root)
    for move in moves:
        wanderer.goto(min(max(wanderer.position + move, 0), wanderer.total))
        assert snapshot(wanderer) == states[wanderer.position]


def test_steps_come_forward_first_and_then_backward_in_the_order_of_the_sweep() -> None:
    root, _ = example()
    steps = Stepper(root).steps()
    forward = [step.node for step in steps if isinstance(step, ForwardStep)]
    backward = [step.node for step in steps if isinstance(step, Step)]
    assert steps[: len(forward)] == [s for s in steps if isinstance(s, ForwardStep)]
    assert forward == [node for node in forward if node.inputs]
    assert list(map(id, backward)) == list(map(id, reversed(forward)))
    assert [step.index for step in steps] == [*range(1, 7), *range(1, 7)]
    assert {step.total for step in steps} == {6}


def test_steps_leaves_the_position_and_the_state_as_they_are() -> None:
    root, _ = example()
    stepper = Stepper(root)
    stepper.goto(8)
    before = snapshot(stepper)
    stepper.steps()
    assert (stepper.position, snapshot(stepper)) == (8, before)


def test_the_states_of_a_node_in_their_order() -> None:
    root, nodes = example()
    stepper = Stepper(root)
    seen = [stepper.stage(nodes["c"])]
    while stepper.position < stepper.total:
        stepper.step()
        if stepper.stage(nodes["c"]) is not seen[-1]:
            seen.append(stepper.stage(nodes["c"]))
    assert seen == [
        NodeStage.NOT_REACHED,
        NodeStage.COMPUTED,
        NodeStage.NOT_REACHED,
        NodeStage.ACCUMULATING,
        NodeStage.COMPLETE,
        NodeStage.PASSED_ON,
    ]


def test_a_node_not_reached_shows_neither_number_nor_gradient() -> None:
    root, nodes = example()
    stepper = Stepper(root)
    assert (stepper.data(nodes["a"]), stepper.data(nodes["c"])) == (2.0, None)
    stepper.step()
    assert (stepper.data(nodes["c"]), stepper.grad(nodes["c"])) == (-6.0, None)
    stepper.goto(6)
    assert (stepper.grad(root), stepper.grad(nodes["d"]), stepper.gradients()) == (1.0, None, {root: 1.0})


def test_a_gradient_that_arrived_in_part_says_how_much() -> None:
    root, nodes = example()
    stepper = Stepper(root)
    stepper.goto(9)
    look = stepper.look(nodes["c"])
    assert (look.stage, look.arrived, look.expected, look.grad) == (NodeStage.ACCUMULATING, 2, 3, 6.0)


def test_a_hundred_thousand_nodes_step_back_and_forth_from_one_record_each() -> None:
    x = Value(0.5, "x")
    chain = x
    for _ in range(33_400):
        chain = (chain + x) * 0.5
    stepper = Stepper(chain)
    assert len(stepper.nodes) > 100_000
    assert stepper.total == 2 * 66_800
    stepper.goto(stepper.total)
    end = stepper.grad(x)
    stepper.goto(66_800)
    assert stepper.gradients() == {chain: 1.0}
    stepper.goto(stepper.total)
    assert bits(stepper.grad(x)) == bits(end)


# Where it stops -------------------------------------------------------------------------------------------


def stops(stepper: Stepper, where: object) -> list[int]:
    """All positions at which a run until `where` stops before the end."""
    found = []
    while stepper.position < stepper.total:
        stepper.run(until=where)  # type: ignore[arg-type]  # every kind of place in turn
        found.append(stepper.position)
    return found[:-1] if found and found[-1] == stepper.total and not is_met(stepper, where) else found


def is_met(stepper: Stepper, where: object) -> bool:
    current = stepper.current
    assert current is not None
    return stepper.stops_at(where)(current)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "positions"),
    [
        ("c", [1, 12]),
        ("tanh", [3, 10]),
        ("*", [1, 4, 6, 7, 9, 12]),
        ("multiply", [1, 4, 6, 7, 9, 12]),
        ("v1", [2, 11]),
        ("a", [1, 12]),  # a leaf: the steps that use it
        (lambda step: step.upstream < 0, [9]),
    ],
)
def test_a_run_stops_right_after_the_steps_that_are_meant(where: object, positions: list[int]) -> None:
    root, _ = example()
    assert stops(Stepper(root), where) == positions


def test_a_value_is_a_place_to_stop() -> None:
    root, nodes = example()
    stepper = Stepper(root)
    assert stepper.run(until=nodes["d"]).node is nodes["d"]


def test_a_module_path_means_all_operations_of_that_module() -> None:
    model = MLP(2, [3, 1], seed=0)
    root = (model([1.0, -2.0])[0] - 1.0) ** 2
    stepper = Stepper(root)
    neuron = model.layers[0].neurons[2].weights[0]
    found = stops(stepper, "layers.0.neurons.2")
    assert len(found) == 4, "the weighted sum and the activation, forward and backward"
    stepper.goto(found[0])
    assert stepper.current is not None
    assert any(value is neuron for value in stepper.current.node.inputs)
    assert len(stops(Stepper(root), "layers.0")) == 12


def test_a_module_path_does_not_mean_modules_whose_number_begins_alike() -> None:
    root = MLP(1, [11, 1], seed=0)([1.0])[0]
    assert len(stops(Stepper(root), "layers.0.neurons.1")) == len(stops(Stepper(root), "layers.0.neurons.10")) == 4


def test_breakpoints_stop_a_run_until_they_are_cleared() -> None:
    root, nodes = example()
    stepper = Stepper(root)
    at_c, at_tanh = stepper.add_breakpoint("c"), stepper.add_breakpoint("tanh")
    assert [b.text for b in stepper.breakpoints] == ["c", "tanh"]
    assert stepper.run().node is nodes["c"]
    assert stepper.clear_breakpoint(at_tanh.number) is at_tanh
    stepper.run()
    assert stepper.position == stepper.total
    assert [b.number for b in stepper.breakpoints] == [at_c.number]


def test_the_first_non_finite_number_is_found_forward_and_backward() -> None:
    x = Value(-1.0, "x")
    forward = Stepper(x.log() * 2.0 + 1.0)
    assert forward.run(until=NON_FINITE).node.op.name == "log"  # type: ignore[union-attr]
    backward = Stepper(Value(0.0, "zero").sqrt() * 3.0)
    step = backward.run(until=NON_FINITE)
    assert isinstance(step, Step)
    assert step.node.op.name == "sqrt"
    assert math.isinf(step.contributions[0].after)


# Names ----------------------------------------------------------------------------------------------------


def test_nodes_are_found_by_label_by_variable_and_by_number() -> None:
    x = Value(3.0, "x")
    product = x * 2.0
    stepper = Stepper((product + x).exp())
    assert stepper.find("product") is product
    assert [stepper.names[node] for node in stepper.operations] == ["product", "v1", "L"]


def test_nodes_that_share_a_label_are_told_apart() -> None:
    one, two = Value(1.0, "w"), Value(2.0, "w")
    stepper = Stepper(one * two, names={})
    assert stepper.find("w_2") is two
    with pytest.raises(ValueError, match=r"2 nodes share the label 'w'; say w_1 or w_2"):
        stepper.find("w")
    with pytest.raises(ValueError, match="share the label"):
        stepper.add_breakpoint("w")
    assert not stepper.breakpoints


# Refusals -------------------------------------------------------------------------------------------------


def test_stepping_past_either_end_is_refused_and_changes_nothing() -> None:
    root, _ = example()
    stepper = Stepper(root)
    with pytest.raises(IndexError, match="no step to undo"):
        stepper.back()
    stepper.goto(stepper.total)
    end = snapshot(stepper)
    with pytest.raises(IndexError, match="ended with step 6"):
        stepper.step()
    with pytest.raises(IndexError, match="ended with step 6"):
        stepper.run()
    for position in (-1, 13):
        with pytest.raises(IndexError, match="from 0 to 12"):
            stepper.goto(position)
    with pytest.raises(TypeError, match="whole number"):
        stepper.goto("3")  # type: ignore[arg-type]
    assert (stepper.position, snapshot(stepper)) == (12, end)


def test_a_root_that_is_a_leaf_or_no_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Value\(2.0\) is a leaf"):
        Stepper(Value(2.0))
    with pytest.raises(TypeError, match="the Value that a computation ended in"):
        Stepper([Value(2.0)])  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["nowhere", "", "tanhh"])
def test_a_place_that_is_nowhere_is_refused(where: str) -> None:
    stepper = Stepper(Value(2.0, "a").tanh())
    with pytest.raises(ValueError, match=f"no node of this graph has the label '{where}'"):
        stepper.add_breakpoint(where)
    with pytest.raises(ValueError, match="no node of this graph"):
        stepper.run(until=where)
    assert stepper.position == 0


def test_a_place_of_another_graph_or_another_type_is_refused() -> None:
    stepper = Stepper(Value(2.0, "a").tanh())
    with pytest.raises(ValueError, match="not part of this graph"):
        stepper.add_breakpoint(Value(2.0, "a"))
    with pytest.raises(ValueError, match="not part of this graph"):
        stepper.look(Value(2.0))
    with pytest.raises(TypeError, match="a place to stop"):
        stepper.add_breakpoint(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no breakpoint 7; set: none"):
        stepper.clear_breakpoint(7)


# Words ----------------------------------------------------------------------------------------------------


def test_a_step_in_words_shows_the_rule_the_numbers_and_the_sum() -> None:
    root, _ = example()
    stepper = Stepper(root)
    words = stepper.wording
    forward = [words.computation(node) for node in stepper.operations]
    assert forward[:3] == [
        "c = a * b = 2 * (-3) = -6",
        "v1 = c + f = (-6) + 10 = 4",
        "d = tanh(v1) = tanh(4) = 0.999329",
    ]
    step = stepper.goto(9)
    assert isinstance(step, Step)
    assert (words.definition(step.node), words.upstream(step)) == ("v2 = c²", "∂e/∂v2 = -0.5")
    assert [(c.rule, c.sum) for c in words.contributions(step)] == [
        ("∂v2/∂c = c = -6", "c.grad = 0 + -0.5 × -6 = 3"),
        ("∂v2/∂c = c = -6", "c.grad = 3 + -0.5 × -6 = 6"),
    ]
    step = stepper.goto(10)
    assert isinstance(step, Step)
    assert words.contributions(step)[0].rule == "∂d/∂v1 = 1 - d² = 1 - 0.999329² = 0.00134095"


def test_equal_numbers_are_not_taken_for_the_same_node() -> None:
    a, b = Value(3.0, "a"), Value(3.0, "b")
    stepper = Stepper(a * b, {})
    assert stepper.wording.computation(stepper.root) == "L = a * b = 3 * 3 = 9"


def test_a_weighted_sum_of_many_inputs_is_abbreviated() -> None:
    root = dot([Value(k, f"w{k}") for k in range(64)], [Value(1.0, f"x{k}") for k in range(64)], Value(0.5, "b"))
    assert Stepper(root, {}).wording.rule(root) == "w0 * x0 + w1 * x1 + … + w63 * x63 + b"


def test_a_drawing_shows_the_gradients_that_there_are(tmp_path: Path) -> None:
    x = Value(2.0, "x")
    root = (x.exp() * x).tanh()
    root.label = "root"
    stepper = Stepper(root, {})
    stepper.goto(4)  # the root has handed on its gradient; the product has not
    nodes, edges, _ = read(stepper.draw(tmp_path / "step.svg").pipe("svg", encoding="utf-8"))
    order = topological_order(root)
    shown = {order[int(id_.split("-")[1])]: part.texts["grad"] for id_, part in nodes.items()}
    assert (shown[x], shown[root]) == ("–", "1")
    assert {id_ for id_, edge in edges.items() if "amount" in edge.texts} == {f"edge-{len(order) - 1}-0"}
    assert (tmp_path / "step.svg").exists()
    assert x.grad == 0.0, "nobody's gradient is touched"


def test_every_position_of_a_network_can_be_drawn() -> None:
    model = MLP(2, [2, 1], "tanh", seed=0)
    root = (model([1.0, 2.0])[0] - 1.0) ** 2
    stepper = Stepper(root, {})
    arrows = []
    for position in range(stepper.total + 1):
        stepper.goto(position)
        arrows.append(stepper.draw().source.count("← "))
    assert arrows == sorted(arrows)
    assert arrows[0] == 0
    assert arrows[-1] == 8, "four inputs of the hidden layer, two of the output, the loss and the difference"


def test_the_nodes_of_a_stepper_are_in_topological_order() -> None:
    """Page, terminal and formula line call nodes by their place in it."""
    a = Value(2.0, "a")
    root = (a * 3.0 + Value(1.0, "b")).tanh() - 1.5
    assert [id(node) for node in Stepper(root).nodes] == [id(node) for node in topological_order(root)]
