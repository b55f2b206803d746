"""The reader of formulas: it means what Python means, it evaluates nothing, and it always comes to an end."""

from __future__ import annotations

import keyword
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.stepping.calls import callable_operations
from tinygrad_edu.stepping.expression import ExpressionError, constants_in, names_in, parse_expression

NAMES = {"w": 1.5, "x": -2.0, "b": 0.25}

numbers = st.sampled_from(["2.0", "0.5", "3.", ".25", "1e1", "4E-1"])
atoms = st.one_of(numbers, st.sampled_from(sorted(NAMES)))


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaces = st.sampled_from(["", " ", "  "])
    infix = st.tuples(inner, spaces, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), spaces, inner).map("".join)
    return st.one_of(
        infix,
        inner.map("-{}".format),
        inner.map("+{}".format),
        inner.map("({})".format),
        inner.map("(\n{}\t)".format),
        inner.map("{}**2.0".format),
        inner.map("2.0**{}".format),
        inner.map("tanh({})".format),
        st.tuples(inner, inner).map(lambda pair: f"maximum({pair[0]}, {pair[1]})"),
    )


def python_says(text: str) -> float | None:
    """Python's own value of the same text, on floats, or None where Python's floats raise or turn complex.

    It runs what `larger` made of numbers and our names, and nothing that anybody else wrote.
    """
    scope = {**NAMES, "tanh": math.tanh, "maximum": max, "__builtins__": {}}
    try:
        value = eval(text, scope)
    except (OverflowError, ZeroDivisionError, TypeError):  # the last where a complex number meets // or %
        return None
    return None if isinstance(value, complex) else float(value)


@given(st.recursive(atoms, larger, max_leaves=12))
def test_a_formula_means_what_it_means_in_python(text: str) -> None:
    expected = python_says(text)
    if expected is not None:
        assert parse_expression(text, NAMES).data == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    "text", ["7 // 2 % 2", "-7 % 3", "-7 // 3", "7 * 5 % 3 / 2", "2 ** 3 % 5", "x % 2 // 0.4", "-w//x"]
)
def test_division_with_remainder_binds_as_in_python(text: str) -> None:
    assert parse_expression(text, NAMES).data == python_says(text)


def refusal(text: str) -> str:
    """What is said against a text; nothing if it is a formula."""
    try:
        parse_expression(text, NAMES)
    except ValueError as error:
        return str(error)
    return ""


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_a_value_error(text: str) -> None:
    said = refusal(text)
    assert "\n" not in said
    assert said.encode() is not None, "it can be printed"


@given(st.text(st.sampled_from("wxbtanhclip()+-*/,. 0123456789e²_é"), max_size=60))
def test_text_that_is_nearly_a_formula_is_a_formula_or_a_value_error(text: str) -> None:
    said = refusal(text)
    assert not said or "at character" in said


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9",
        "(" * 10_000,
        "-" * 10_000,
        "x" * 10_000,
        "2**" * 3_000 + "2",
        "tanh(" * 2_000,
        "x+" * 4_999 + "x",
        "9" * 10_000,
        " " * 10_000,
        "x" * 1_000_000,
        "fsum(" + "x," * 4_990 + "x)",
    ],
    ids=lambda text: f"{text[:8]}... of {len(text)}",
)
def test_hostile_text_is_answered_in_a_sentence(text: str) -> None:
    assert len(refusal(text)) < 1_000


def test_a_long_sum_is_no_deep_nesting() -> None:
    assert parse_expression("x+" * 1_999 + "x", {"x": 1.0}).data == 2_000


def test_a_hundred_levels_are_not_too_deep_and_one_more_is() -> None:
    assert parse_expression("relu(" * 99 + "x" + ")" * 99, {"x": 3.0}).data == 3.0
    assert parse_expression("-" * 98 + "x", {"x": 3.0}).data == 3.0
    for text in ("relu(" * 100 + "x" + ")" * 100, "-" * 100 + "x", "2**" * 100 + "x", "(" * 201 + "x" + ")" * 201):
        assert "nested more than 100 deep" in refusal(text)


@pytest.mark.parametrize("text", ["-" * 10_000, "2**" * 3_000 + "2"], ids=["signs", "powers"])
def test_what_is_too_much_for_pythons_parser_is_refused_in_our_words(text: str) -> None:
    assert "too deep for Python's parser" in refusal(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("w * * x", 4),
        ("  w x", 4),
        ("é\n+ q", 4),
        ("tanh(w", 4),
        ("", 0),
        ("w *", 3),
        ("w + tahn(x)", 4),
        ("x" * 10_001, 10_000),
        ("((((x))", 1),
    ],
)
def test_a_refusal_knows_its_place_in_the_text(text: str, place: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse_expression(text, {**NAMES, "é": 1.0})
    assert refused.value.place == place
    assert str(refused.value).startswith(f"{refused.value.problem}, at character {place + 1} of the expression: ")


def test_the_names_of_a_formula_are_those_that_stand_for_numbers() -> None:
    assert names_in("x2*x1 + tanh(é)*b + x1") == ["x2", "x1", "é", "b"]
    assert names_in(" lambda*lambd_ + \n ﬁ") == ["lambda", "lambd_", "fi"]
    assert names_in("2 + relu(-1)") == []
    assert names_in("tanh + q(x)") == ["x"], "what only lacks its brackets is no name; what is called, neither"
    with pytest.raises(ExpressionError, match="there is no value for 'tanh'"):
        parse_expression("tanh + 1", {})
    with pytest.raises(ExpressionError, match="at character 5"):
        names_in("w ++* x")
    with pytest.raises(TypeError, match="an expression is text"):
        names_in(3)  # type: ignore[arg-type]


@given(st.recursive(atoms, larger, max_leaves=12))
def test_a_formula_needs_the_names_that_it_has(text: str) -> None:
    names = names_in(text)
    assert parse_expression(text, {name: NAMES[name] for name in names}) is not None
    for name in names:
        with pytest.raises(ExpressionError, match=f"no value for '{name}'"):
            parse_expression(text, {other: NAMES[other] for other in names if other != name})


@given(st.recursive(atoms, larger, max_leaves=12))
def test_the_places_of_constants_are_those_of_the_graph_in_its_order(text: str) -> None:
    nodes = topological_order(parse_expression(text, NAMES))
    constants = [node.data for node in nodes if not node.inputs and not node.label]
    written = [text[place].replace("-(", "(").strip("+-() \n\t") for place in constants_in(text)]
    assert [abs(float(number)) for number in written] == [abs(constant) for constant in constants]


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ("2*x - 3", ["2", "3"]),
        ("x**2 + x**-2 + 2**x", ["2"]),
        ("2**3", ["2"]),
        ("power(x, 2)", ["2"]),
        ("leaky_relu(x - 1, 0.5) + clip(2, 0, 1)", ["1", "2"]),
        ("fsum(x, 1, -2.5)", ["1", "-2.5"]),
        ("abs(-3) - -x", ["-3"]),
        ("é*2 + ß*3", ["2", "3"]),
        ("--2*x + - (3)", ["--2", "- (3)"]),
        ("x", []),
    ],
)
def test_constants_are_plain_numbers_that_are_no_settings(text: str, constants: list[str]) -> None:
    assert [text[place] for place in constants_in(text)] == constants


def test_names_become_labeled_leaves_one_for_each() -> None:
    root = parse_expression("x*x + w", NAMES)
    square, w = root.inputs
    assert square.inputs[0] is square.inputs[1]
    assert (square.inputs[0].label, w.label) == ("x", "w")


def test_a_value_given_for_a_name_is_that_leaf() -> None:
    x = Value(3.0, "x")
    root = parse_expression("x**2", {"x": x})
    root.backward()
    assert x.grad == 6.0


def test_a_plain_exponent_is_a_setting_and_a_name_is_an_input() -> None:
    assert len(parse_expression("x**-2", NAMES).inputs) == 1
    assert len(parse_expression("x**w", NAMES).inputs) == 2


def test_each_node_knows_its_part_of_the_text() -> None:
    root = parse_expression("tanh( w*x + b ) - -x", NAMES)
    tanh, negative = root.inputs
    texts = [
        node.source.text for node in (root, tanh, tanh.inputs[0], tanh.inputs[0].inputs[0], negative) if node.source
    ]
    assert texts == ["tanh( w*x + b ) - -x", "tanh( w*x + b )", "w*x + b", "w*x", "-x"]


def test_places_are_counted_in_characters_not_in_bytes() -> None:
    root = parse_expression("  é*ß +\n tanh(é)", {"é": 2.0, "ß": 3.0})
    assert [node.source.text for node in root.inputs if node.source] == ["é*ß", "tanh(é)"]
    with pytest.raises(ValueError, match=r"'q' .*, at character 6 of the expression: é\*ß\\n\+⟨here⟩q"):
        parse_expression("é*ß\n+q", {"é": 2.0, "ß": 3.0})


def test_names_are_compared_as_python_compares_them() -> None:
    assert parse_expression("ﬁ * 2", {"fi": 3.0}).data == 6.0


def test_words_of_pythons_own_are_names_like_any_other() -> None:
    root = parse_expression("lambda*x**2 + lambd_", {"lambda": 0.5, "x": 4.0, "lambd_": 1.0})
    assert root.data == 9.0
    assert root.inputs[0].source is not None
    assert root.inputs[0].source.text == "lambda*x**2"
    assert [parse_expression(f"2*{word}", {word: 3.0}).data for word in keyword.kwlist] == [6.0] * len(keyword.kwlist)


@pytest.mark.parametrize("name", sorted(callable_operations()))
def test_every_function_is_an_operation_and_takes_its_inputs(name: str) -> None:
    operation = RULE_BOOK["absolute" if name == "abs" else name]
    count = 3 if callable(operation.derivatives) else len(operation.derivatives)
    arguments = ["x", "w", "b"][:count] + ["0.5", "0.75"][: len(operation.parameters)]
    root = parse_expression(f"{name}({', '.join(arguments)})", {"x": 0.5, "w": 1.5, "b": 0.25})
    assert root.op is not None
    assert root.op.method == operation.method
    assert len(root.inputs) == count


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the expression ends"),
        ("w *", "the expression ends"),
        ("w x", "expected an operator, not 'x'"),
        ("2x", r"'2x' is neither .*: a product needs its sign, as in 2\*x, at character 1"),
        ("x + 1_000", "'1_000' is neither a number nor a name.*, at character 5"),
        ("0x10", "'0x10' is neither"),
        ("1j", "'1j' is neither"),
        ("1if x else w", "'1if' is neither"),
        ("x + 007", "'007' is no number to Python: it begins with 0, .*, at character 5"),
        ("9" * 5_000, "'9{30}…' is no number to Python: .* has 400 digits and more"),
        ("\u0663", "this character has no meaning"),
        ("(w", "this bracket is never closed, at character 1"),
        ("tanh(w", "this bracket is never closed, at character 5"),
        ("w)", "expected an operator, not a bracket that closes nothing, at character 2"),
        ("q + 1", "no value for 'q' .w, x, b given; give it a value, as in name=1"),
        ("tanh", r"write tanh\(...\)"),
        ("tahn(x)", r"no function is called 'tahn'; did you mean 'tan'\? There are \d+, among them tan, tanh"),
        ("tanh(x, w)", "tanh takes 1 argument, not 2"),
        ("maximum(x)", "maximum takes 2 arguments, not 1"),
        ("leaky_relu(x, 1, 2)", "leaky_relu takes 1 or 2 arguments, not 3"),
        ("leaky_relu(x, w)", "the negative_slope of leaky_relu must be a plain number"),
        ("clip(x, 2, 1)", "clip needs low <= high"),
        ("x²", "this character has no meaning in a formula, at character 2"),
        ("x; w", "';' has no meaning"),
        ("x.real", "'.' has no meaning in a formula, at character 2"),
        ("x1.real", "'x1.real' is no number, no name, no arithmetic and no call"),
        ("...", "'.' has no meaning"),
        ("x.5", "but there is '.', at character 2"),
        ("x, w", "'x, w' is no number, no name"),
        ("()", r"'\(\)' is no number, no name"),
        ("tanh()", r"tanh takes something, as in tanh\(x\)"),
        ("tanh(*x)", r"'\*x' is no number, no name, no arithmetic and no call, at character 6"),
        ("tanh(**x)", r"'tanh\(\*\*x\)' is no number"),
        ("tanh(x=w)", "'=' has no meaning"),
        ("(x)(w)", "no function is called 'x'; there are abs, .*, where, at character 1"),
        ("2(x)", r"'2\(x\)' is no number"),
        ("(x) w", "expected an operator, not 'w', at character 5"),
        ("tanh(x w)", "expected an operator, not 'w', at character 8"),
        ("tanh(x,,w)", "but there is ',', at character 8"),
        ("x < w", "'<' has no meaning"),
        ("(x := w)", "':' has no meaning"),
        ("x # w", "'#' has no meaning"),
        ("x + \\\nw", r"'\\\\' has no meaning"),
        ("lambda x", "expected an operator, not 'x', at character 8"),
        ("not x", "expected an operator, not 'x', at character 5"),
        ("x and w", "expected an operator, not 'and', at character 3"),
        ("None", "no value for 'None'"),
        ("await(x)", "no function is called 'await'"),
        ("x if w else b", "expected an operator, not 'if', at character 3"),
        ("[x]", r"'\[' has no meaning"),
        ("__import__('os')", r"\"'\" has no meaning"),
        ("__import__(x)", "no function is called '__import__'"),
        ("x\0", r"'\\x00' has no meaning"),
        ("\ud800", r"'\\ud800' has no meaning"),
        ("x" * 10_001, "10,000 characters, and this one has 10,001"),
    ],
)
def test_what_is_no_formula_is_refused_with_a_sentence(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_expression(text, NAMES)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="an expression is text"):
        parse_expression(3, NAMES)  # type: ignore[arg-type]
