"""Curves over counted things, such as epochs, as an SVG in the colors of the text around it.

May import: `drawing`, `texts`; `elements` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from tinygrad_edu.drawing.palette import CYCLE, FONT
from tinygrad_edu.notebooks.elements import safe
from tinygrad_edu.texts import drawn_number

__all__ = ["Axis", "Curve", "chart", "keys"]

_WIDTH, _HEIGHT = 560, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 26, 26, 40
#: Heights that span more than this factor get a logarithmic axis, as in `plotting`.
_WIDE_SPAN = 30.0
#: More points than these are not told apart; of each group its lowest and its highest are drawn.
_POINTS = 600
#: Between twice this height and its negative there is no distance that is finite.
_HIGHEST = 1e300
#: Fewer points than these make no line that can be seen.
_A_LINE = 3
_DASHES = ("", "7 4", "2 3")


@dataclass(frozen=True)
class Curve:
    """A name, and a height for each of 1, 2, 3, ...

    >>> Curve("training", [2.0, 1.0]).name
    'training'
    """

    name: str
    heights: Sequence[float]

    @property
    def is_drawn(self) -> bool:
        """Whether there is a point of it that can be drawn."""
        return any(map(_is_drawn, self.heights))


def _is_drawn(height: float) -> bool:
    """Whether a height has a place: it is finite, and so is what one computes from it."""
    return abs(height) <= _HIGHEST


class Axis:
    """From numbers to places on the paper, evenly or by their logarithms, with ticks at round numbers.

    >>> axis = Axis(0.0, 10.0, start=0.0, end=100.0)
    >>> axis.place(2.5), axis.ticks()
    (25.0, [0.0, 5.0, 10.0])
    """

    def __init__(self, low: float, high: float, start: float, end: float, *, is_log: bool = False) -> None:
        self.low, self.high, self.start, self.end, self.is_log = low, high, start, end, is_log

    def place(self, number: float) -> float:
        """Where a number is."""
        low, high, number = (math.log10(x) if self.is_log else x for x in (self.low, self.high, number))
        return self.start + (number - low) / (high - low) * (self.end - self.start)

    def ticks(self, *, whole: bool = False) -> list[float]:
        """Three to eight round numbers, or fewer where only whole ones are asked for and there are not as many."""
        if self.is_log:
            return self._powers()
        power = 10.0 ** math.floor(math.log10(self.high - self.low))
        steps = [step for step in (5 * power, 2 * power, power, power / 2, power / 5) if step >= 1.0 or not whole]
        for step in steps:
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            if last - first >= 2:
                break
        return [step * k for k in range(first, last + 1)]

    def _powers(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        every = max(1, math.ceil((last - first) / 5))
        return [10.0**power for power in range(first, last + 1, every)]


def chart(curves: Sequence[Curve], across: str, up: str, *, marked: tuple[int, float] | None = None) -> str:
    """Curves that are drawn, at least one; `marked` is a point with a ring and a line down to its place.

    >>> chart([Curve("loss", [2.0, 1.0, 0.5])], "epoch", "loss").count("<polyline")
    1
    """
    finite = [height for curve in curves for height in curve.heights if _is_drawn(height)]
    longest = max(len(curve.heights) for curve in curves)
    x = Axis(1.0 if longest > 1 else 0.0, max(longest, 2.0), _LEFT, _WIDTH - _RIGHT)
    y = _axis_of(min(finite), max(finite))
    counts = [tick for tick in x.ticks(whole=True) if 1.0 <= tick <= longest]
    parts = [*_heights(y, up), *_counts(x, counts, across)]
    for number, curve in enumerate(curves):
        parts += _line(curve, x, y, CYCLE[number], _DASHES[number])
    if marked is not None and _is_drawn(marked[1]):
        parts += _mark(x.place(marked[0]), y.place(marked[1]))
    said = "; ".join(f"{curve.name} from {_said(curve, 0)} to {_said(curve, -1)}" for curve in curves)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" font-family="{FONT}, Arial, sans-serif" font-size="12" fill="currentColor">'
        f"<title>{safe(f'{up} by {across}: {said}', 300)}</title>{''.join(parts)}</svg>"
    )


def keys(curves: Sequence[Curve], marked: str = "") -> str:
    """What each curve is and, with a name for it, the ring.

    >>> keys([Curve("training", [1.0])], "best epoch").count("<span>")
    2
    """
    samples = [
        (curve.name, f'<path d="M1 6H27" stroke="{CYCLE[k]}" stroke-width="2.2" stroke-dasharray="{_DASHES[k]}"/>')
        for k, curve in enumerate(curves)
    ]
    if marked:
        samples.append((marked, _ring(14, 6)))
    written = [
        f'<span><svg class="key" width="28" height="12" fill="currentColor" aria-hidden="true">{sample}</svg>'
        f"{safe(name)}</span>"
        for name, sample in samples
    ]
    return f'<p class="keys">{" ".join(written)}</p>'


def _axis_of(low: float, high: float) -> Axis:
    """The axis up for heights from `low` to `high`, with some air around them."""
    start, end = float(_HEIGHT - _BOTTOM), float(_TOP)
    if low > 0.0 and high > _WIDE_SPAN * low:
        return Axis(low / (high / low) ** 0.05, high * (high / low) ** 0.05, start, end, is_log=True)
    air = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return Axis(0.0 if 0.0 <= low < 0.3 * high else low - air, high + air, start, end)


def _heights(y: Axis, up: str) -> Iterator[str]:
    """Lines and numbers upwards."""
    for tick in y.ticks():
        place = y.place(tick)
        yield f'<path d="M{_LEFT} {place:.1f}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity="0.15"/>'
        yield _text(_LEFT - 8, place + 4, drawn_number(tick), "end")
    yield _text(8, 12, f"{up}{' (logarithmic)' if y.is_log else ''}", "start")


def _counts(x: Axis, counts: Sequence[float], across: str) -> Iterator[str]:
    """The line below, with its counts."""
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    yield f'<path d="M{_LEFT} {floor}H{right}" stroke="currentColor" stroke-opacity="0.5"/>'
    for count in counts:
        place = x.place(count)
        yield f'<path d="M{place:.1f} {floor}v4" stroke="currentColor" stroke-opacity="0.5"/>'
        yield _text(place, floor + 18, f"{count:,.0f}", "middle")
    yield _text((_LEFT + right) / 2, _HEIGHT - 5, across, "middle")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill-opacity="0.8">{safe(text)}</text>'


def _line(curve: Curve, x: Axis, y: Axis, color: str, dashes: str) -> Iterator[str]:
    """A curve, which has a gap where a height has no place; a point where there is none beside it."""
    dashed = f' stroke-linejoin="round" stroke-dasharray="{dashes}"' if dashes else ' stroke-linejoin="round"'
    for stretch in _stretches(curve.heights):
        points = [(x.place(position), y.place(height)) for position, height in _thinned(stretch)]
        if len(points) > 1:
            places = " ".join(f"{across:.1f},{up:.1f}" for across, up in points)
            yield f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2.2"{dashed}/>'
        if len(points) < _A_LINE:
            yield from (f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3.5" fill="{color}"/>' for across, up in points)


def _stretches(heights: Sequence[float]) -> Iterator[list[tuple[int, float]]]:
    """The positions and heights of those that have a place, as far as they follow each other."""
    for is_drawn, group in groupby(enumerate(heights, 1), key=lambda point: _is_drawn(point[1])):
        if is_drawn:
            yield list(group)


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The points or, of very many, the lowest and the highest of each group, and both ends."""
    if len(points) <= _POINTS:
        return points
    size = math.ceil(2 * len(points) / _POINTS)
    chosen = {points[0], points[-1]}
    for start in range(0, len(points), size):
        group = points[start : start + size]
        chosen |= {min(group, key=itemgetter(1)), max(group, key=itemgetter(1))}
    return sorted(chosen)


def _mark(x: float, y: float) -> Iterator[str]:
    line = f"M{x:.1f} {y:.1f}V{_HEIGHT - _BOTTOM}"
    yield f'<path d="{line}" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="1 4"/>'
    yield _ring(x, y)


def _ring(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'


def _said(curve: Curve, position: int) -> str:
    return drawn_number(curve.heights[position])
