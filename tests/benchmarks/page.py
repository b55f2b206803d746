"""The live page in Chromium: sizes, and how long people wait: `python tests/benchmarks/page.py [--trace FILE]`.

A change is timed from the input event, which browsers hand on at the beginning of a frame, until that frame is laid out
and painted: script, style, layout and paint, all that the page can make faster. Not in it are the wait for that
beginning, up to 16.7 ms, and what follows in other threads, which put the picture on the screen. A person who drags a
number causes one such change in each frame. Since other programs slow all this down, the processor's time of the
page's main thread for one change stands beside it, frames that follow the change included. All of it takes about a
minute.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))
from browser import started_browser  # beside this folder: what starts the page, for tests too

from tinygrad_edu import MLP, Neuron, Value, save_page, topological_order

CHANGES = 150

#: One change in each frame; the number of a leaf near the inputs, on which almost everything depends.
TIMED_CHANGES = """(count) => new Promise((resolve) => {
    const field = document.getElementById("number");
    const channel = new MessageChannel();
    const times = [];
    let start = 0;
    const frame = () => {
        start = performance.now();
        field.value = String(Math.sin(times.length + 1).toFixed(3));
        field.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(() => channel.port2.postMessage(0)); // of the next frame, if this one waits for it
        channel.port2.postMessage(1);
    };
    channel.port1.onmessage = ({ data }) => {
        if (data === 0) return;
        times.push(performance.now() - start);
        if (times.length < count) requestAnimationFrame(frame);
        else resolve(times);
    };
    requestAnimationFrame(frame);
})"""


def neuron() -> Value:
    return Neuron(3, seed=1)([1.0, 2.0, 3.0])


def network_of_300() -> Value:
    model = MLP(4, [12, 10, 1], seed=1)
    loss = (model([0.5, -1.0, 0.25, 2.0])[0] - 1.0) ** 2
    return loss * 0.5 + sum([p * p for p in model.layers[0].parameters()[:20]], Value(0.0)) * 0.01


def network_of_2000() -> Value:
    model = MLP(8, [32, 32, 1], seed=1)
    loss = (model([0.1 * k - 0.4 for k in range(8)])[0] - 1.0) ** 2
    return loss + sum([p * p for p in list(model.parameters())[:220]], Value(0.0)) * 0.01


def formula_of_300() -> Value:
    """No modules: one box and one edge for each operation."""
    values = [Value(0.1 * k - 0.5, f"x{k}") for k in range(10)]
    for k in range(145):
        values.append((values[-1] * values[-7] + values[-10]).tanh() if k % 2 else values[-2] * values[-3])
    return values[-1] + values[-2]


GRAPHS: list[tuple[Callable[[], Value], float, float]] = [  # with kilobytes and milliseconds that are allowed
    (neuron, 120, 16),
    (network_of_300, 700, 16),
    (formula_of_300, 700, 16),
    (network_of_2000, 5000, 80),
]


def measured(browser: Any, file: Path, trace: str | None) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(file.as_uri())
    opening = page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
    )
    page.evaluate("() => { select(leaves[0]); goTo(end()); }")
    page.wait_for_timeout(500)
    page.evaluate(TIMED_CHANGES, 20)
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = worked(meter)
    if trace:
        browser.start_tracing(
            page=page, path=trace, categories=["devtools.timeline", "disabled-by-default-v8.cpu_profiler", "v8.execute"]
        )
    times = sorted(page.evaluate(TIMED_CHANGES, CHANGES))
    if trace:
        browser.stop_tracing()
    work = (worked(meter) - before) / CHANGES
    page.close()
    return {
        "opening": opening,
        "median": statistics.median(times),
        "95th": times[int(0.95 * len(times))],
        "work": work,
    }


def worked(meter: Any) -> float:
    """Milliseconds for which the page's main thread has had a processor so far."""
    metrics = meter.send("Performance.getMetrics")["metrics"]
    return next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def thousand_steps(browser: Any, file: Path) -> tuple[float, float]:
    """Seconds for 1,000 training steps, and the longest that the page did not answer, in milliseconds."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(file.as_uri())
    page.click("#train-toggle")
    page.fill("#train-steps", "1000")
    seconds, longest = page.evaluate(
        """() => new Promise((resolve) => {
            let last = performance.now(), longest = 0;
            const begin = last;
            const beat = () => {
                const now = performance.now();
                longest = Math.max(longest, now - last);
                last = now;
                if (learning.steps.length > 1000) resolve([(now - begin) / 1000, longest]);
                else setTimeout(beat);
            };
            document.getElementById("train-run").click();
            beat();
        })"""
    )
    page.close()
    return seconds, longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", help="write a trace of the changes in the network of 300 nodes to this file")
    parser.add_argument("--only", help="one graph, by its name")
    chosen = parser.parse_args()
    table = Table("graph", "nodes", "kB", "allowed", "open, ms", "change, ms: median", "95th", "work", "allowed")
    with started_browser() as browser, tempfile.TemporaryDirectory() as folder:
        for graph, kilobytes, milliseconds in GRAPHS:
            if chosen.only and graph.__name__ != chosen.only:
                continue
            root = graph()
            file = Path(folder, f"{graph.__name__}.html")
            save_page(root, file)
            told = measured(browser, file, chosen.trace if chosen.only or graph is network_of_300 else None)
            size, count = file.stat().st_size / 1000, len(topological_order(root))
            speeds = [f"{told[key]:.1f}" for key in ("opening", "median", "95th", "work")]
            name = graph.__name__.replace("_", " ")
            table.add_row(name, f"{count:,}", f"{size:.1f}", f"{kilobytes:g}", *speeds, f"{milliseconds:g}")
            if graph is network_of_300:
                seconds, longest = thousand_steps(browser, file)
        Console().print(table)
        if not chosen.only or chosen.only == "network_of_300":
            print(f"1,000 training steps of the network of 300: {seconds:.2f} s of 2, longest pause {longest:.0f} ms")


if __name__ == "__main__":
    main()
