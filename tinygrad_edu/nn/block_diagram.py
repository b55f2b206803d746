"""A model as blocks: its modules, with what each does and how many parameters it has, and what takes from what.

With an example the model is called, and the picture shows what really flowed: shapes on the arrows, small joints where
something is computed between blocks, dashed arrows to the next call of a recurrent cell. Without one, the order is
known where a class of this package says it; elsewhere modules stand in the order of definition, without arrows.

May import: `texts`, `value`, `arrays`, `drawing`; `attention`, `dense`, `flow`, `layers`, `module`, `recurrent`,
`regularizers`, `tracing` and `transformer` of this folder; NumPy.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.arrays import array
from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.drawing.markup import SMALL, Cell, bold, caption, cell, spacer, table, tooltip_text
from tinygrad_edu.drawing.palette import FONT, GRAY, INK, LINE, PAPER, TINTS, tint
from tinygrad_edu.nn.attention import MultiheadAttention
from tinygrad_edu.nn.dense import works_like
from tinygrad_edu.nn.flow import Item, flow_through, values_in
from tinygrad_edu.nn.layers import MLP, Neuron
from tinygrad_edu.nn.module import Module, walk
from tinygrad_edu.nn.recurrent import LSTM, RNN, LSTMCell, RNNCell
from tinygrad_edu.nn.regularizers import Sequential
from tinygrad_edu.nn.tracing import Trace, trace
from tinygrad_edu.nn.transformer import TransformerEncoderLayer
from tinygrad_edu.texts import counted, drawn_number
from tinygrad_edu.value import Value

__all__ = ["BlockPicture"]

#: With more blocks than these, modules inside modules are not opened.
_MAX_BLOCKS = 40
#: Answers of at most so many numbers are shown as a strip of colors, this wide each in points.
_STRIP, _STRIP_CELL = 24, 9
#: The input and the output show their numbers if they are so few.
_NUMBERED = 10
_ON_PAPER = f'BORDER="0" BGCOLOR="{PAPER}"'  # so that colors are those of the lines of other pictures
_MEMORY = "-before"
_BEFORE = "one call before"
_UNORDERED = "in the order of definition; an example shows what takes from what"


class FunctionStep(Module):
    """A function in a chain of modules, which is a block of its own in a picture."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, inputs: Any) -> Any:
        """What the function returns."""
        return self._function(inputs)


@dataclass(eq=False)
class ModulePart:
    """A module in the picture: its name in the module around it, and the parts inside it that are opened."""

    name: str
    path: str
    module: Module
    key: str
    depth: int = 0
    parts: list[ModulePart] = field(default_factory=list)

    def blocks(self) -> Iterator[ModulePart]:
        """The parts that are not opened, from this one inwards."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.blocks()


class BlockPicture:
    """The picture of any model.

    >>> from tinygrad_edu.nn import Conv2d, Layer, flatten
    >>> model = Sequential(Conv2d(1, 2, 3, activation="relu"), flatten, Layer(2, 1))
    >>> source = BlockPicture(model).drawing().source
    >>> source.count('class=block')
    3
    """

    def __init__(self, model: Module, example: Any = None) -> None:
        self.original = model
        self.model = _with_steps(model)
        self.root = _parts(self.model)
        self.by_module = {id(part.module): part for part in self.root.blocks()}
        self.example = example
        self.seen: Trace | None = None
        self.calls: Counter[int] = Counter()
        self.answers: dict[int, Any] = {}
        self.keys: dict[Item, str] = {}
        self.edges: dict[tuple[str, str], str] = {}  # and the kind of each: "", "earlier" or "order"
        self.joints: list[tuple[str, Item]] = []
        self.unordered: set[int] = set()
        if example is None:
            self.ends = self._expected(self.root)
        else:
            self._run(example)

    # What takes from what

    def _run(self, example: Any) -> None:
        """Call the model, and follow the numbers."""
        arguments = example if _is_of_several(example) else (example,)
        known = tuple(map(_as_values, arguments))
        try:
            self.seen = trace(self.model, *known)
        except Exception:  # a model that takes no Values; or its own error, in words that fit the example
            known = arguments
            self.seen = trace(self.model, *known)
        for call in self.seen.calls:
            self.calls[id(call.module)] += 1
            self.answers[id(call.module)] = call.answer
        self.ends = self._flow(self.seen, known)

    def _flow(self, seen: Trace, known: tuple[Any, ...]) -> tuple[list[str], list[str]]:
        """Note the arrows of what was traced; the blocks that it begins and ends with."""
        flow = flow_through(seen, lambda module: id(module) in self.by_module, *known)
        for item in flow.items[1:]:
            self.keys[item] = self._key_of(item)
        begins: list[str] = []
        remembered = Counter(source for item in flow.items for source in item.earlier)
        for item in flow.items[1:]:
            key = self.keys[item]
            for source in item.sources:
                if source is flow.items[0]:
                    begins.append(key)
                else:
                    self.edges.setdefault((self.keys[source], key), "")
            for source in item.earlier:
                self._remember(source, key, remembered[source])
            if not item.sources and not item.operation and key not in begins:
                begins.append(key)  # such as an embedding, which looks up its numbers
        return begins, [self.keys[item] for item in flow.outputs if item in self.keys]

    def _remember(self, source: Item, key: str, times: int) -> None:
        """An arrow from one call to the next; where it leads to several places, there is a joint for it."""
        origin = self.keys[source]
        if times > 1:
            memory = f"{origin}{_MEMORY}"
            if (origin, memory) not in self.edges:
                self.edges[origin, memory] = "earlier"
                self.joints.append((memory, Item(self._around(source), _BEFORE)))
            self.edges.setdefault((memory, key), "")
        else:
            self.edges.setdefault((origin, key), "earlier")

    def _around(self, item: Item) -> Module | None:
        """The module that a block or a joint is drawn in."""
        if item.operation:
            return item.module
        return next(
            (part.module for part in self._opened(self.root) if any(p.module is item.module for p in part.parts)), None
        )

    def _opened(self, around: ModulePart) -> list[ModulePart]:
        """The parts that have parts, from this one inwards."""
        found, to_visit = [], [around]
        while to_visit:
            part = to_visit.pop()
            found.append(part)
            to_visit += part.parts
        return [part for part in found if part.parts]

    def _key_of(self, item: Item) -> str:
        if not item.operation:
            return self.by_module[id(item.module)].key
        key = f"joint-{len(self.joints) + 1}"
        self.joints.append((key, item))
        return key

    def _expected(self, part: ModulePart) -> tuple[list[str], list[str]]:
        """Note the arrows that are there whatever the example; the blocks that a part begins and ends with."""
        if not part.parts:
            return [part.key], [part.key]
        if (inputs := _made_up(part.module)) is not None:
            return self._flow(trace(part.module, *inputs), inputs)
        ends = [self._expected(inner) for inner in part.parts]
        in_order = works_like(part.module, Sequential)
        for (_, before), (after, _) in itertools.pairwise(ends):
            for source in before if in_order else before[-1:]:
                for target in after if in_order else after[:1]:
                    self.edges.setdefault((source, target), "" if in_order else "order")
        if not in_order:
            self.unordered.add(id(part.module))
        return ends[0][0], ends[-1][1]

    # The drawing

    def drawing(self) -> Drawing:
        """All of it: blocks in the modules around them, joints, and arrows."""
        drawing: Drawing = Drawing(
            name=f"The architecture of {type(self.original).__name__}"[:80],
            graph_attr={
                "tooltip": tooltip_text([self._description()]),
                "rankdir": "TB", "newrank": "true", "nodesep": "0.25", "ranksep": "0.3", "bgcolor": PAPER,
                "pad": "0.2", "fontname": FONT, "fontsize": "11", "fontcolor": INK,
            },
            node_attr={"shape": "box", "fontname": FONT, "fontsize": "11", "fontcolor": INK, "margin": "0.1,0.08",
                       "style": "filled,rounded", "color": LINE, "fillcolor": TINTS["parameter"]},
            edge_attr={"fontname": FONT, "fontsize": "9", "fontcolor": GRAY, "color": GRAY, "arrowsize": "0.6"},
        )  # fmt: skip
        if self.root.parts:
            drawing.attr(label=f"<{table([*self._rows(self.root), [spacer(8)]])}>", labelloc="t")
        begins, ends = self.ends
        if id(self.model) not in self.unordered:
            self._add_port(drawing, "input", begins)
            self._add_port(drawing, "output", ends)
            for key, item in self.joints:
                if item.operation == _BEFORE:
                    self.edges["input", key] = "order"
        self._add_parts(drawing, self.root)
        for (source, target), kind in self.edges.items():
            self._add_edge(drawing, source, target, kind)
        return drawing

    def _description(self) -> str:
        blocks = list(self.root.blocks())
        text = f"{counted(len(blocks), 'block')}, {counted(len(self.model.parameters()), 'parameter')}"
        text += f": {', '.join([self._kind(block) for block in blocks][:12])}{', …' if len(blocks) > 12 else ''}."
        return f"{text} Blocks stand {_UNORDERED}." if self.unordered else text

    def _kind(self, part: ModulePart) -> str:
        module = part.module
        if isinstance(module, FunctionStep):
            return str(getattr(module._function, "__name__", type(module._function).__name__))
        return type(self.original if module is self.model else module).__name__

    def _add_parts(self, drawing: Any, part: ModulePart) -> None:
        """The blocks and joints of a part, in a frame unless it is the whole model."""
        if not part.parts:
            self._add_block(drawing, part)
            return
        for inner in part.parts:
            if not inner.parts:
                self._add_block(drawing, inner)
                continue
            with drawing.subgraph(name=f"cluster-{inner.key}") as frame:
                tip = tooltip_text(self._tooltip(inner))
                frame.attr(
                    label="", tooltip=tip, style="rounded", color=LINE, bgcolor="transparent", margin="10",
                    id=inner.key, **{"class": "module"},
                )  # fmt: skip
                self._add_parts(frame, inner)
                self._add_title(frame, inner)
        for key, item in self.joints:
            if item.module is part.module:
                self._add_joint(drawing, key, item.operation, f"{item.operation}, computed in {self._kind(part)}")
        self._add_ranks(drawing, part)

    def _add_title(self, frame: Any, part: ModulePart) -> None:
        """What a frame is called: a node of its own, which arrows go around, beside the last that stands in it."""
        key, label = f"title-{part.key}", table(self._rows(part))
        frame.node(key, label=f"<{label}>", shape="plain", style="", tooltip=" ", **{"class": "title"})
        opened = {id(inner.module) for inner in self._opened(part)}
        inside = {block.key for block in part.blocks()} | {k for k, item in self.joints if id(item.module) in opened}
        last = next((k for k in reversed(self.keys.values()) if k in inside), [*part.blocks()][-1].key)
        frame.body.append(f'{{rank=same; "{key}"; "{last}"}}\n')
        frame.edge(key, last, style="invis", **{"class": "order"})

    def _add_joint(self, drawing: Any, key: str, text: str, tip: str) -> None:
        look = {"shape": "circle", "margin": "0.02", "width": "0.3", "height": "0.3"}
        if len(text) > 1:
            look = {"shape": "box", "margin": "0.06,0.02", "width": "0.3", "height": "0.25"}
        if text == _BEFORE:
            look |= {"style": "dashed,rounded"}
            tip = "what this was in the call before"
        drawing.node(
            key, label=f"<{table([[cell(text, 'symbol', 'center', size=10)]])}>", fillcolor=TINTS["operation"],
            tooltip=tooltip_text([tip]), id=key, **look, **{"class": "joint"},
        )  # fmt: skip

    def _add_ranks(self, drawing: Any, part: ModulePart) -> None:
        """Blocks that take from the same stand side by side."""
        alike: dict[frozenset[str], list[str]] = {}
        for inner in part.parts:
            sources = [source for (source, target), kind in self.edges.items() if target == inner.key and not kind]
            if sources and not inner.parts:
                alike.setdefault(frozenset(sources), []).append(inner.key)
        for keys in alike.values():
            if len(keys) > 1:
                drawing.body.append(f"{{rank=same; {' '.join(map(_in_quotes, keys))}}}\n")

    def _add_block(self, drawing: Any, part: ModulePart) -> None:
        has_parameters = bool(part.module.parameters())
        drawing.node(
            part.key, label=f"<{table(self._rows(part))}>", id=part.key,
            tooltip=tooltip_text(self._tooltip(part)), fillcolor=TINTS["parameter" if has_parameters else "constant"],
            **{"class": "block"},
        )  # fmt: skip

    def _rows(self, part: ModulePart) -> list[list[Cell]]:
        """What stands in a block, or above the parts of a module."""
        kind, times = self._kind(part), self.calls[id(part.module)]
        what = part.module.describe().replace("->", "→")
        called = f"{kind}({what})" if what else kind
        rows = [[bold((_short(part.name) or called) + (f"  × {times}" if times > 1 else ""), "name", "center")]]
        if part.name:
            rows.append([cell(called, "kind", "center", size=10)])
        if count := len(part.module.parameters()):
            rows.append([caption(counted(count, "parameter"), "center")])
        if id(part.module) in self.unordered:
            rows.append([caption("in the order of definition", "center")])
        if not part.parts and (numbers := _few_numbers(self.answers.get(id(part.module)))):
            rows += [[spacer(3)], _strip(numbers)]
        return rows

    def _tooltip(self, part: ModulePart) -> list[str]:
        lines = [f"{part.path}: {part.module!r}".partition("\n")[0].removeprefix(": ")]
        if part.module is self.model or isinstance(part.module, FunctionStep):
            lines = [f"{part.path or 'the model'}: {self._kind(part)}"]
        if times := self.calls[id(part.module)]:
            numbers = [value.data for value in values_in(self.answers[id(part.module)])]
            shown = f"{', '.join(map(drawn_number, numbers[:6]))}{', …' if len(numbers) > 6 else ''}"
            lines.append(f"called {counted(times, 'time')}; {'the last ' if times > 1 else ''}answer: {shown}")
        if id(part.module) in self.unordered:
            lines.append(_UNORDERED)
        return lines

    def _add_port(self, drawing: Drawing, name: str, ends: Sequence[str]) -> None:
        """The input, or the output, and its arrows."""
        nested = None if self.seen is None else self.example if name == "input" else self.seen.answer
        text = "" if nested is None else _shape_text(nested)
        label = table([[cell(f"{name}  {text}" if text else name, "name", "center")]])
        if numbers := _few_numbers(nested):
            fields = _number_fields(numbers) if len(numbers) <= _NUMBERED else _strip(numbers)
            strip = Cell("<TD", 1, f">{table([fields], _ON_PAPER)}</TD>")
            label = table([[Cell("<TD", 1, f">{label}</TD>")], [strip]])
        drawing.node(
            name, label=f"<{label}>", fillcolor=TINTS["input"] if name == "input" else TINTS["operation"],
            tooltip=name, id=name, **{"class": name},
        )  # fmt: skip
        for key in dict.fromkeys(ends):
            source, target = (name, key) if name == "input" else (key, name)
            self.edges.setdefault((source, target), "")

    def _add_edge(self, drawing: Drawing, source: str, target: str, kind: str) -> None:
        look = {
            "": {"tooltip": " "},
            "order": {"style": "invis"},
            "earlier": {"style": "dashed", "constraint": "false", "tooltip": "from one call to the next"},
        }[kind]
        part = next((part for part in self.root.blocks() if part.key == source), None)
        first = next(end for start, end in self.edges if start == source) == target
        if part is not None and kind == "" and first and target != "output" and id(part.module) in self.answers:
            text = _shape_text(self.answers[id(part.module)])
            look = {**look, "label": f"<{table([[caption(text)]])}>"}
        drawing.edge(source, target, **look, **{"class": "order" if kind == "order" else "flow"})


def _in_quotes(key: str) -> str:
    return f'"{key}"'


def _short(name: str, most: int = 30) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


# Parts ----------------------------------------------------------------------------------------------------


def _with_steps(model: Module) -> Module:
    """A chain of modules whose functions are modules too, so that they can be blocks; other models as they are."""
    if not works_like(model, Sequential):
        return model
    chain: Any = copy.copy(model)
    chain.layers = [_with_steps(step) if isinstance(step, Module) else FunctionStep(step) for step in chain.layers]
    stand_in: Module = chain
    return stand_in


def _parts(model: Module) -> ModulePart:
    """The model as parts; inner modules are opened as long as there are not too many blocks."""
    root = ModulePart("", "", model, "block-0")
    found: dict[object, ModulePart] = {}
    for place, _, item in walk(model):
        if not isinstance(item, Module):
            continue
        if place.around is None:
            found[place.identity] = root
        elif place.around.identity in found and not isinstance(item, Neuron):
            around = found[place.around.identity]
            part = ModulePart(place.name, place.path, item, f"block-{len(found)}", around.depth + 1)
            around.parts.append(part)
            found[place.identity] = part
    for part in found.values():
        part.parts = [_the_only_one(inner) for inner in part.parts]
    deepest = max(part.depth for part in found.values())
    while deepest > 1 and sum(1 for _ in root.blocks()) > _MAX_BLOCKS:
        deepest -= 1
        for part in found.values():
            if part.depth >= deepest:
                part.parts = []
    return root


def _the_only_one(part: ModulePart) -> ModulePart:
    """What a part is drawn as: the one part inside it, if there is but one, as a frame around it says nothing."""
    while len(part.parts) == 1:
        (inner,) = part.parts
        inner.name = f"{part.name}.{inner.name}"
        part = inner
    return part


def _made_up(module: Any) -> tuple[Any, ...] | None:
    """Inputs of the right shape for a module whose way of working is known; None for any other."""
    shapes: list[tuple[int, ...]]
    if works_like(module, MultiheadAttention):
        shapes = [(2, module.embed_dim)]
    elif works_like(module, TransformerEncoderLayer):
        shapes = [(2, module.attention.embed_dim)]
    elif works_like(module, LSTM) or works_like(module, RNN):
        shapes = [(2, module.cell.input_size)]
    elif works_like(module, MLP):
        shapes = [(len(module.layers[0].neurons[0].weights),)]
    elif works_like(module, RNNCell):
        shapes = [(module.input_size,), (module.hidden_size,)]
    elif works_like(module, LSTMCell):
        state = array(np.zeros(module.hidden_size)), array(np.zeros(module.hidden_size))
        return array(np.zeros(module.input_size)), state
    else:
        return None
    return tuple(array(np.zeros(shape)) for shape in shapes)


# Numbers --------------------------------------------------------------------------------------------------


def _as_values(example: Any) -> Any:
    """An example of floats as `Value`s, so that one sees where they go; whole numbers, such as tokens, as they are."""
    try:
        plain = np.asarray(example)
    except (TypeError, ValueError):
        return example
    return array(example) if plain.dtype.kind == "f" and plain.ndim else example


def _first(nested: Any) -> Any:
    """What a module answers first: its outputs, and not its state or its weights."""
    return nested[0] if _is_of_several(nested) else nested


def _is_of_several(nested: Any) -> bool:
    """Whether this is a tuple of arrays or lists, and not one example of numbers."""
    return isinstance(nested, tuple) and any(isinstance(part, (list, tuple, np.ndarray)) for part in nested)


def _shape_text(nested: Any) -> str:
    """A shape as people write it, or nothing where there is none.

    >>> _shape_text(np.zeros((8, 6, 6))), _shape_text(0.5), _shape_text([[1.0], [2.0, 3.0]])
    ('8 × 6 × 6', '', '')
    """
    try:
        return " × ".join(map(str, np.shape(_first(nested))))
    except (TypeError, ValueError):
        return ""


def _few_numbers(nested: Any) -> list[float]:
    """The numbers of an answer that is one, or a row or a dictionary of few of them; none of any other."""
    row = _first(nested)
    row = [*row.values()] if isinstance(row, dict) else [row] if isinstance(row, Value) else row
    if not isinstance(row, (list, tuple, np.ndarray)) or not 1 <= len(row) <= _STRIP:
        return []
    numbers = [value.data if isinstance(value, Value) else value for value in row]
    return [float(n) for n in numbers] if all(isinstance(n, (int, float, np.number)) for n in numbers) else []


def _strip(numbers: Sequence[float]) -> list[Cell]:
    """A row of small fields whose colors are the numbers."""
    largest = max(map(abs, filter(math.isfinite, numbers)), default=0.0)
    size = f'WIDTH="{_STRIP_CELL}" HEIGHT="{_STRIP_CELL}"'
    fields = "".join([f'<TD BGCOLOR="{tint(n, largest)}" COLOR="{LINE}" BORDER="1" {size}></TD>' for n in numbers])
    strip = f'<TABLE {_ON_PAPER} CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{fields}</TR></TABLE>'
    return [Cell("<TD", _STRIP_CELL * len(numbers), f' ALIGN="CENTER">{strip}</TD>')]


def _number_fields(numbers: Sequence[float]) -> list[Cell]:
    """A row of fields with the numbers in them."""
    largest = max(map(abs, filter(math.isfinite, numbers)), default=0.0)
    texts = [f"{number + 0.0:.2g}".replace("-", "−") for number in numbers]
    return [cell(t, "value", "center", size=SMALL, tint=tint(n, largest)) for t, n in zip(texts, numbers, strict=True)]
