"""A network of layers, neuron by neuron: the picture of a textbook, from the real numbers.

Each column is a layer, each circle a neuron, each line a weight: as wide as the weight is large, blue and solid where
it is positive, vermilion and dashed where it is negative. Without an example the fill of a circle is the neuron's
bias; with one, its activation. Positions are computed here, and Graphviz draws what stands where it is told.

May import: `texts`, `arrays`, `drawing`; `dense`, `layers`, `module`, `shapes` and `tracing` of this folder.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tinygrad_edu.arrays import array
from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.drawing.markup import PADDING, SMALL, bold, caption, cell, table, tooltip_text
from tinygrad_edu.drawing.palette import (
    BROKEN,
    FONT,
    GRAY,
    INK,
    LINE,
    NEGATIVE,
    PAPER,
    POSITIVE,
    TINTS,
    sign_color,
    tint,
)
from tinygrad_edu.drawing.paper import paper_name
from tinygrad_edu.drawing.widths import text_width
from tinygrad_edu.nn.dense import DenseLayer
from tinygrad_edu.nn.layers import Layer, Neuron
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.shapes import flatten
from tinygrad_edu.nn.tracing import trace
from tinygrad_edu.texts import counted, drawn_number

__all__ = ["MAX_NEURONS", "NeuronPicture"]

#: A network of more neurons is drawn as blocks.
MAX_NEURONS = 200
#: Of more inputs than these, the first and the last are drawn, with dots between them.
_MAX_INPUTS, _SHOWN_INPUTS = 100, 24
#: More lines than these are a gray cloud; then each neuron shows its strongest weights alone.
_MAX_LINES = 700
#: A picture of layers of at most so many neurons, and of so few lines, has room for the numbers of the weights.
_NUMBERED_NEURONS, _NUMBERED_LINES = 3, 12
#: The width of the strongest line in points, by how many lines there are, and of the weakest that is still seen.
_WIDEST, _THINNEST = {120: 4.0, 400: 2.5, 10**9: 1.5}, 0.3


class Size(NamedTuple):
    """How large circles are: their diameter, how far apart they stand, the sizes of type in them, in points.

    A size of type is 0 where that text has no room.
    """

    diameter: float
    pitch: float
    name: int
    bias: int


#: By the number of circles in the longest column.
_SIZES = {8: Size(56, 66, 10, 8), 20: Size(38, 44, 9, 0), 40: Size(16, 20, 0, 0)}
#: How long the lines of the legend are, in points.
_SAMPLE = 30.0
_SMALLEST = Size(10, 12.5, 0, 0)


@dataclass
class Column:
    """What stands one above the other: the inputs, or the neurons of a layer.

    `shown` are the places of those that are drawn, counted from 0; `values` the numbers that an example gave them.
    """

    title: str
    size: str
    names: list[str]
    shown: list[int]
    neurons: list[Neuron]
    values: list[float] | None
    activation: str = ""


class Line(NamedTuple):
    """A weight: its column and row, which are those of its neuron, the row of its input, and the number."""

    column: int
    row: int
    source: int
    weight: float


class NeuronPicture:
    """The picture of a network of layers.

    >>> from tinygrad_edu.nn import MLP
    >>> from tinygrad_edu.nn.dense import dense_layers
    >>> model = MLP(2, [3, 1])
    >>> NeuronPicture(model, dense_layers(model)).drawing().source.count('class=weight')
    9
    """

    def __init__(self, model: Module, layers: Sequence[DenseLayer], example: Any = None) -> None:
        self.model = model
        self.numbers = [None] * (len(layers) + 1) if example is None else _activations(model, layers, example)
        self.columns = _columns(layers, self.numbers, _labels(example))
        longest = max(len(column.shown) for column in self.columns)
        self.size = next((size for most, size in _SIZES.items() if longest <= most), _SMALLEST)
        self.lines, self.strongest = self._lines()
        self.largest = _largest([line.weight for line in self.lines])
        widest = max(len(layer.neurons) for layer in layers)
        numbered = len(self.lines) <= _NUMBERED_LINES and widest <= _NUMBERED_NEURONS and longest <= 8
        self.label_share = 0.36 if widest == 1 else min(0.32, 1.0 / (widest + 0.8))
        self.numbered = numbered
        self.xs = self._places()
        self.height = longest * self.size.pitch

    # What is drawn

    def _lines(self) -> tuple[list[Line], int]:
        """The lines, and how many weights of each neuron they are at most; 0 if all."""
        neurons = sum(len(column.neurons) for column in self.columns)
        possible = sum(len(before.shown) * len(after.shown) for before, after in itertools.pairwise(self.columns))
        strongest = max(1, _MAX_LINES // neurons) if possible > _MAX_LINES else 0
        lines = [
            Line(k, row, source, weight)
            for k, column in enumerate(self.columns[1:], start=1)
            for row, neuron in enumerate(column.neurons)
            for source, weight in self._shown_weights(neuron, self.columns[k - 1].shown, strongest)
        ]
        return lines, strongest

    def _shown_weights(self, neuron: Neuron, shown: Sequence[int], strongest: int) -> list[tuple[int, float]]:
        weights = [(source, neuron.weights[source].data) for source in shown]
        return heapq.nlargest(strongest, weights, key=lambda one: _strength(one[1])) if strongest else weights

    def _places(self) -> list[float]:
        """How far to the right each column is: far enough for titles, lines, and numbers on them."""
        longest = max(len(column.shown) for column in self.columns)
        room = max(90.0, min(240.0, 0.3 * longest * self.size.pitch)) + self.size.diameter
        if self.numbered:
            room = max(room, (0.5 * self.size.diameter + 26.0) / self.label_share)
        widths = [max(_title_width(column), self.size.diameter) for column in self.columns]
        places = [0.0]
        for left, right in itertools.pairwise(widths):
            places.append(places[-1] + max(room, (left + right) / 2 + 18.0))
        return places

    def _y(self, column: int, row: int) -> float:
        """How far up a circle is; columns are centered."""
        shown = self.columns[column].shown
        place = row if len(shown) == len(self.columns[column].names) else shown.index(row)
        gap = len(shown) != len(self.columns[column].names)
        if gap and place >= len(shown) // 2:
            place += 1  # where the dots are
        return ((len(shown) + gap - 1) / 2 - place) * self.size.pitch

    # The drawing

    def drawing(self) -> Drawing:
        """All of it: lines, circles, titles, and what the lines mean."""
        drawing: Drawing = Drawing(
            name=f"The architecture of {type(self.model).__name__}"[:80],
            graph_attr={
                "layout": "nop2",  # everything stands where `pos` says, also for those who render the source themselves
                "tooltip": tooltip_text([self._description()]),
                "splines": "line",
                "outputorder": "edgesfirst",
                "bgcolor": PAPER,
                "pad": "0.2",
                "fontname": FONT,
            },
            node_attr={
                "shape": "circle", "fixedsize": "true", "width": f"{self.size.diameter / 72:.4f}", "label": "",
                "style": "filled", "color": LINE, "fontname": FONT, "fontcolor": INK, "fontsize": "10",
            },
            edge_attr={"arrowhead": "none"},
        )  # fmt: skip
        for line in self.lines:
            self._add_line(drawing, line)
        for k, column in enumerate(self.columns):
            for row in column.shown:
                self._add_circle(drawing, k, row)
            self._add_dots(drawing, k)
            self._add_title(drawing, k)
        if self.numbered:
            for line in self.lines:
                self._add_number(drawing, line)
        self._add_legend(drawing)
        return drawing

    def _description(self) -> str:
        first, *layers = self.columns
        sizes = ", ".join(f"{counted(len(column.names), 'neuron')} ({column.activation})" for column in layers)
        parts = [
            counted(len(first.names), "input"),
            f"{counted(len(layers), 'layer')}: {sizes}",
            counted(len(self.model.parameters()), "parameter"),
            "lines are weights",
            *self._legend_texts(),
        ]
        return f"{'; '.join(parts)}."

    def _add_line(self, drawing: Drawing, line: Line) -> None:
        source, target = self._key(line.column - 1, line.source), self._key(line.column, line.row)
        look = _line_look(line.weight, self.largest, len(self.lines))
        names = self.columns[line.column - 1].names[line.source], self.columns[line.column].names[line.row]
        text = f"{self._weight_name(line)} = {drawn_number(line.weight)}, from {names[0]} to {names[1]}"
        drawing.edge(
            source, target, tooltip=tooltip_text([text]), **look,
            id=f"weight-{line.column}-{line.row + 1}-{line.source + 1}", **{"class": "weight"},
        )  # fmt: skip

    def _weight_name(self, line: Line) -> str:
        numbers = (line.source + 1,) if self._is_neuron else (line.row + 1, line.source + 1)
        return paper_name("w", self._layer_number(line.column), *numbers)

    @property
    def _is_neuron(self) -> bool:
        return isinstance(self.model, Neuron)

    def _layer_number(self, column: int) -> int | None:
        return column if len(self.columns) > 2 else None

    def _key(self, column: int, row: int) -> str:
        return f"{column}-{row + 1}"

    def _add_circle(self, drawing: Drawing, k: int, row: int) -> None:
        column = self.columns[k]
        drawing.node(
            self._key(k, row),
            label=f"<{label}>" if (label := self._circle_label(k, row)) else "",
            pos=self._pos(self.xs[k], self._y(k, row)),
            fillcolor=self._fill(k, row),
            tooltip=tooltip_text(self._circle_tooltip(k, row)),
            id=f"neuron-{k}-{row + 1}" if column.neurons else f"input-{row + 1}",
            **{"class": "neuron" if column.neurons else "input"},
        )

    def _fill(self, k: int, row: int) -> str:
        """The activation or, without an example, the bias: as a share of the largest in the column."""
        column = self.columns[k]
        if column.values is None and not column.neurons:
            return TINTS["input"]
        numbers = [neuron.bias.data for neuron in column.neurons] if column.values is None else column.values
        return tint(numbers[row], _largest(numbers))

    def _circle_label(self, k: int, row: int) -> str:
        column, room = self.columns[k], self.size.diameter - 5.0
        if not self.size.name:
            return ""
        short = paper_name("x" if k == 0 else "a", None, *([] if self._is_neuron and k else [row + 1]))
        if k == 0 and text_width(column.names[row], self.size.name) <= room:
            short = column.names[row]
        text = short if column.values is None else fitting_number(column.values[row], room, self.size.name)
        rows = [[cell(text, "value" if column.values else "name", "center", size=self.size.name)]]
        if self.size.bias:
            below = short if column.values is not None and k == 0 else ""
            if column.neurons:
                below = f"b {fitting_number(column.neurons[row].bias.data, room - 17.0, self.size.bias)}"
            if below:
                rows.append([cell(below, "bias", "center", size=self.size.bias, color=GRAY)])
        return table(rows)

    def _circle_tooltip(self, k: int, row: int) -> list[str]:
        column = self.columns[k]
        name = column.names[row]
        value = "" if column.values is None else f" = {drawn_number(column.values[row])}"
        if not column.neurons:
            return [f"{name}{value}: an input"]
        numbers = [] if self._is_neuron else [row + 1]
        bias = paper_name("b", self._layer_number(k), *numbers)
        return [f"{name}{value}: {column.activation}, bias {bias} = {drawn_number(column.neurons[row].bias.data)}"]

    def _add_dots(self, drawing: Drawing, k: int) -> None:
        column = self.columns[k]
        if len(column.shown) < len(column.names):
            drawing.node(f"dots-{k}", "⋮", shape="plain", style="", pos=self._pos(self.xs[k], 0.0), fontsize="14")

    def _add_title(self, drawing: Drawing, k: int) -> None:
        column = self.columns[k]
        rows = [[bold(column.title, "title", "center")], [caption(column.size, "center")]]
        drawing.node(
            f"title-{k}", f"<{table([row for row in rows if row])}>", shape="plain", style="", fixedsize="false",
            pos=self._pos(self.xs[k], self.height / 2 + 26.0), tooltip=" ",
        )  # fmt: skip

    def _add_number(self, drawing: Drawing, line: Line) -> None:
        """The number of a weight on its line, nearer to where lines part than to where they meet."""
        share, text = self.label_share, f"{line.weight:.3g}".replace("-", "−")
        x = self.xs[line.column - 1] * (1 - share) + self.xs[line.column] * share
        y = self._y(line.column - 1, line.source) * (1 - share) + self._y(line.column, line.row) * share
        label = table([[cell(text, "number", "center", size=8, color=sign_color(line.weight), tint=PAPER)]])
        drawing.node(
            f"number-{line.column}-{line.row + 1}-{line.source + 1}", f"<{label}>", shape="plain", style="",
            fixedsize="false", pos=self._pos(x, y), tooltip=" ",
        )  # fmt: skip

    def _pos(self, x: float, y: float) -> str:
        return f"{x:.2f},{y:.2f}"

    # What the lines mean

    def _legend_texts(self) -> list[str]:
        texts = [f"widest line: weight of ±{drawn_number(self.largest)}"]
        if self.strongest:
            texts.append(f"the {self.strongest} strongest lines of each neuron")
        texts.append("fill: bias" if self.numbers[0] is None else "fill: activation")
        return [*texts[:-1], f"{texts[-1]}, scaled by column"]

    def _add_legend(self, drawing: Drawing) -> None:
        """Below the picture: a line of each kind, and what else one must know, in rows as wide as the picture."""
        left = -max(_title_width(self.columns[0]), self.size.diameter) / 2
        right = self.xs[-1] + max(_title_width(self.columns[-1]), self.size.diameter) / 2
        x, y = left, -self.height / 2 - 20.0
        for k, (text, weight) in enumerate(self._legend_entries()):
            sample = _SAMPLE + 2.0 if weight else 0.0
            room = math.ceil(text_width(text, SMALL)) + 2 * PADDING
            if x > left and x + sample + room > max(right, left + 250.0):
                x, y = left, y - 14.0
            if weight:
                self._add_sample(drawing, f"sample-{k}", weight, x, y)
            drawing.node(
                f"legend-{k}", f"<{table([[caption(text)]])}>", shape="plain", style="", fixedsize="false",
                pos=self._pos(x + sample + room / 2, y), tooltip=" ",
            )  # fmt: skip
            x += sample + room + 10.0

    def _add_sample(self, drawing: Drawing, name: str, weight: float, x: float, y: float) -> None:
        """A line of the kind that a weight has."""
        for end, place in ((f"{name}-a", x), (f"{name}-b", x + _SAMPLE)):
            drawing.node(end, shape="point", style="invis", width="0.01", pos=self._pos(place, y))
        look = {**_line_look(weight, 1.0, 1), "penwidth": "2"}
        drawing.edge(f"{name}-a", f"{name}-b", tooltip=" ", id=name, **{"class": "sample"}, **look)

    def _legend_entries(self) -> Iterator[tuple[str, float]]:
        """Texts, each with a weight that has the line beside it; 0 where there is no line."""
        yield "positive weight", 1.0
        yield "negative weight", -1.0
        if any(not math.isfinite(line.weight) for line in self.lines):
            yield "nan or infinite", math.nan
        yield from ((text, 0.0) for text in self._legend_texts())


# Numbers --------------------------------------------------------------------------------------------------


def fitting_number(number: float, room: float, size: float) -> str:
    """A number with as many digits, four at most, as the room has place for.

    >>> fitting_number(-0.84923, 50.0, 10), fitting_number(-0.84923, 30.0, 10)
    ('−0.8492', '−0.8')
    """
    texts = [
        f"{number + 0.0:.{digits}g}".replace("-", "−").replace("e−0", "e−").replace("e+0", "e")
        for digits in (4, 3, 2, 1)
    ]
    return next((text for text in texts if text_width(text, size) <= room), texts[-1])


def _strength(weight: float) -> float:
    """How strong a weight is; one that is no number stronger than any."""
    return abs(weight) if math.isfinite(weight) else math.inf


def _largest(numbers: Sequence[float]) -> float:
    return max(map(abs, filter(math.isfinite, numbers)), default=0.0)


def _line_look(weight: float, largest: float, n_lines: int) -> dict[str, str]:
    """The color, the width and the dashes of a line; among many lines the weak ones are pale."""
    widest = next(width for most, width in _WIDEST.items() if n_lines <= most)
    if not math.isfinite(weight):
        return {"color": BROKEN, "penwidth": f"{widest:g}", "style": "solid"}
    if weight == 0.0:
        return {"color": GRAY + "80", "penwidth": f"{_THINNEST:g}", "style": "dotted"}
    share = abs(weight) / largest
    opacity = 1.0 if n_lines <= min(_WIDEST) else 0.25 + 0.75 * share**2
    return {
        "color": (POSITIVE if weight > 0.0 else NEGATIVE) + f"{round(255 * opacity):02x}",
        "penwidth": f"{max(_THINNEST, widest * share):.3g}",
        "style": "solid" if weight > 0.0 else "dashed",
    }


# Columns --------------------------------------------------------------------------------------------------


def _columns(
    layers: Sequence[DenseLayer], numbers: Sequence[list[float] | None], labels: Sequence[str]
) -> list[Column]:
    """The inputs, and then a column for each layer."""
    n_inputs, several = layers[0].n_inputs, len(layers) > 1
    half = _SHOWN_INPUTS // 2
    shown = list(range(n_inputs))
    if n_inputs > _MAX_INPUTS:
        shown = [*shown[:half], *shown[-half:]]
    names = [label or paper_name("x", None, k) for k, label in enumerate([*labels, *[""] * n_inputs][:n_inputs], 1)]
    columns = [Column("input", counted(n_inputs, "number"), names, shown, [], numbers[0])]
    for k, layer in enumerate(layers, start=1):
        size = len(layer.neurons)
        names = [
            paper_name("a", k if several else None, *([] if isinstance(layer.module, Neuron) else [row + 1]))
            for row in range(size)
        ]
        text = " · ".join([counted(size, "neuron"), layer.activation, *layer.also])
        name = layer.name or type(layer.module).__name__
        columns.append(Column(name, text, names, list(range(size)), layer.neurons, numbers[k], layer.activation))
    return columns


def _title_width(column: Column) -> float:
    return max(text_width(column.title[:40], 11, True), text_width(column.size[:40], 9)) + 6.0


def _activations(model: Module, layers: Sequence[DenseLayer], example: Any) -> list[list[float]]:
    """The numbers of the example, and those that each layer answered."""
    seen = trace(model, example)
    kind = Neuron if isinstance(model, Neuron) else Layer
    answers = [_numbers(call.answer) for call in seen.calls if isinstance(call.module, kind)]
    return [_numbers(example), *answers]


def _labels(example: Any) -> list[str]:
    """What somebody called the numbers of an example, if it is one of `Value`s."""
    return [] if example is None else [value.label for value in flatten(array(example))]


def _numbers(nested: Any) -> list[float]:
    return [float(number) for number in flatten(array(nested)).data]
