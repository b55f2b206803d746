"""Which block of a model takes from which, read from what was computed: no model has to say so.

A block is a module, whole. What is computed between blocks, such as the sum of a residual connection, is a joint: all
operations of one kind that take from the same blocks and joints are one.

May import: `value`, `drawing`; `module` and `tracing` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.tracing import Call, Operation, Trace
from tinygrad_edu.value import Value

__all__ = ["Item", "flow_through", "values_in"]

#: A module in which more is computed between its blocks shows the blocks alone.
_MAX_JOINTS = 8


@dataclass(eq=False)
class Item:
    """A block or, with an operation, a joint inside `module`; neither is the input of the model.

    `sources` are the items that it takes from, and `earlier` those whose answer to one call it takes in the next call.

    >>> given = Item()
    >>> total = Item(operation="+", sources={given: None})
    >>> Item(operation="×", sources={total: None}).before == {given, total}
    True
    """

    module: Module | None = None
    operation: str = ""
    sources: dict[Item, None] = field(default_factory=dict)
    earlier: dict[Item, None] = field(default_factory=dict)

    @property
    def before(self) -> set[Item]:
        """All that must be known before this item is."""
        found: set[Item] = set()
        to_visit = [self]
        while to_visit:
            new = [item for item in to_visit.pop().sources if item not in found]
            found.update(new)
            to_visit += new
        return found


@dataclass
class Flow:
    """The input, then blocks and joints in the order in which they first ran, and those that the answer is from."""

    items: list[Item]
    outputs: list[Item]


def flow_through(seen: Trace, is_block: Callable[[Module], bool], *inputs: Any) -> Flow:
    """What takes from what, of the modules that are blocks; `inputs` are those of the call that was traced.

    >>> from tinygrad_edu.arrays import array
    >>> from tinygrad_edu.nn import MLP, Layer
    >>> from tinygrad_edu.nn.tracing import trace
    >>> example = array([0.5])
    >>> flow = flow_through(trace(MLP(1, [2, 1]), example), lambda module: isinstance(module, Layer), example)
    >>> [len(item.sources) for item in flow.items], flow.outputs == flow.items[-1:]
    ([0, 1, 1], True)
    """
    flow = _Flow(is_block, inputs)
    for event in seen.events:
        if isinstance(event, Operation):
            flow.computed(event)
        elif is_block(event.module):
            flow.passed_on(event)
    return flow.finished(seen.answer)


def values_in(nested: Any) -> Iterator[Value]:
    """The `Value`s in what a module answered: an array, or lists and tuples of them.

    >>> [value.data for value in values_in(([Value(1.0)], {"rest": Value(2.0)}, 3.0))]
    [1.0, 2.0]
    """
    if isinstance(nested, Value):
        yield nested
    elif isinstance(nested, Iterable) and not isinstance(nested, (str, bytes)):
        for part in nested.values() if isinstance(nested, dict) else nested:
            yield from values_in(part)


class _Flow:
    """The items while they are found. `homes` says of a number, by `id`, which item it is from, and of which call."""

    def __init__(self, is_block: Callable[[Module], bool], inputs: tuple[Any, ...]) -> None:
        self.is_block = is_block
        self.input = Item()
        self.blocks: dict[int, Item] = {}
        self.joints: dict[tuple[int, str, frozenset[Item]], Item] = {}
        self.items = [self.input]
        self.homes: dict[int, tuple[Item, Call | None]] = {id(v): (self.input, None) for v in values_in(inputs)}

    def computed(self, operation: Operation) -> None:
        """Put what was computed where it belongs."""
        block = self._block_around(operation.call)
        now, earlier = self._sources(operation.inputs, operation.call)
        if block is not None:
            item = self._block(block.module)
        elif now or earlier:
            item = self._joint(operation, now)
        else:
            return  # of constants alone
        for taken, found in ((item.sources, now), (item.earlier, earlier)):
            taken.update((source, None) for source in found if source is not item or taken is item.earlier)
        self.homes[id(operation.node)] = item, operation.call

    def passed_on(self, call: Call) -> None:
        """A block also has what it answers without having computed it, as `Dropout` does."""
        if self._block_around(call) is not call:
            return
        item = self._block(call.module)
        for value in values_in(call.answer):
            home, _ = self.homes.get(id(value), (None, None))
            if home is not None and home is not item:
                item.sources[home] = None
            if home is not item:
                self.homes[id(value)] = item, call

    def finished(self, answer: Any) -> Flow:
        """What was found; a joint that is one of too many leads on to what it takes from."""
        first = answer[0] if isinstance(answer, tuple) and answer else answer
        outputs = dict.fromkeys(self.homes[id(value)][0] for value in values_in(first) if id(value) in self.homes)
        _fold_softmax(self.items)
        merged = _merge_alike(self.items)
        outputs = dict.fromkeys(merged.get(item, item) for item in outputs)
        joints = [item for item in self.items if item.operation]
        crowded = {id(item.module) for item in joints if sum(j.module is item.module for j in joints) > _MAX_JOINTS}
        left_out = {item for item in joints if id(item.module) in crowded}
        for item in self.items:
            item.sources = _led_on(item.sources, left_out, item)
            item.earlier = _led_on(item.earlier, left_out, None)
        items = [item for item in self.items if item not in left_out]
        return Flow(items, list(_led_on(outputs, left_out, None)))

    def _block_around(self, call: Call) -> Call | None:
        return next((each for each in call.chain if self.is_block(each.module)), None)

    def _block(self, module: Module) -> Item:
        if id(module) not in self.blocks:
            self.blocks[id(module)] = Item(module)
            self.items.append(self.blocks[id(module)])
        return self.blocks[id(module)]

    def _joint(self, operation: Operation, sources: dict[Item, None]) -> Item:
        """The joint of this kind; a sum of a sum of the same blocks is one sum."""
        module, op = operation.call.module, operation.op
        symbol = op.symbol if 0 < len(op.symbol) < 4 else op.method
        name = " ".join([symbol, *dict.fromkeys(map(own_name, filter(is_parameter, operation.inputs)))])
        for source in sources:
            if (source.module, source.operation) == (module, name):
                others = [other for other in sources if other is not source]
                if not any(source in other.before for other in others):
                    return source
        key = id(module), name, frozenset(sources)
        if key not in self.joints:
            self.joints[key] = Item(module, name)
            self.items.append(self.joints[key])
        return self.joints[key]

    def _sources(self, inputs: Iterable[Value], call: Call) -> tuple[dict[Item, None], dict[Item, None]]:
        """The items that these numbers are from, of this call of the modules around, and of one before it."""
        now: dict[Item, None] = {}
        earlier: dict[Item, None] = {}
        for value in inputs:
            item, made_in = self.homes.get(id(value), (None, None))
            if item is not None:
                (earlier if _is_from_before(made_in, call) else now)[item] = None
        return now, earlier


def own_name(parameter: Value) -> str:
    """The attribute of its module that holds a parameter: `weights` of layers.0.weights.3."""
    prefix = "" if parameter.module is None else parameter.module.to("")
    label: str = parameter.label
    return label.removeprefix(prefix).partition(".")[0]


def _is_from_before(made_in: Call | None, call: Call) -> bool:
    """Whether something was made in an earlier call of a module that runs now."""
    if made_in is None:
        return False
    for then, now in zip(made_in.chain, call.chain, strict=False):
        if then is not now:
            return then.module is now.module
    return False


def _led_on(sources: Iterable[Item], left_out: set[Item], target: Item | None) -> dict[Item, None]:
    """The sources, and instead of those left out the sources of these."""
    found: dict[Item, None] = {}
    seen: set[Item] = set()
    to_visit = list(sources)
    while to_visit:
        item = to_visit.pop(0)
        if item in seen:
            continue
        seen.add(item)
        if item in left_out:
            to_visit += item.sources
        elif item is not target:
            found[item] = None
    return found


def _fold_softmax(items: list[Item]) -> None:
    """`exp(x - logsumexp(x))` is softmax, and is shown as that."""
    for item in [item for item in items if item.operation == "exp" and len(item.sources) == 1]:
        (minus,) = item.sources
        total = next((source for source in minus.sources if source.operation == "logsumexp"), None)
        if minus.operation == "−" and total is not None and minus.sources.keys() <= {total, *total.sources}:
            item.operation, item.sources = "softmax", dict(total.sources)
    used = {source for item in items if item.operation not in ("−", "logsumexp") for source in item.sources}
    used |= {source for item in items if item.operation == "−" and item in used for source in item.sources}
    items[:] = [item for item in items if item.operation not in ("−", "logsumexp") or item in used]


def _merge_alike(items: list[Item]) -> dict[Item, Item]:
    """Make one of joints that do the same with the same; each that is gone with the one that stays."""
    stays: dict[Item, Item] = {}
    known: dict[tuple[int, str, frozenset[Item]], Item] = {}
    for item in items:
        item.sources = {stays.get(source, source): None for source in item.sources}
        if item.operation:
            first = known.setdefault((id(item.module), item.operation, frozenset(item.sources)), item)
            if first is not item:
                stays[item] = first
                first.earlier |= item.earlier
    items[:] = [item for item in items if item not in stays]
    for item in items:
        item.earlier = {stays.get(source, source): None for source in item.earlier}
    return stays
