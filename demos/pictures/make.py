"""The pictures of the README, made from its own examples and from the demos: `python demos/pictures/make.py`.

Writes beside itself. Needs the extra [learn] and, for the page, the group dev and Chromium, which `tests/browser.py`
gets. Takes about a minute.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.image import imread
from PIL import Image

from tinygrad_edu import MLP, SGD, Neuron, Value, draw, save_page
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.stepping import Stepper

HERE = Path(__file__).parent
DEMOS = HERE.parent
TESTS = DEMOS.parent / "tests"
SHOWN = {
    "01_neuron.py": "01_perceptron.png",
    "04_activations.py": "04_activations.png",
    "07_gradient_descent.py": "07_optimizers_valley.png",
    "12_cnn.py": "12_filters.png",
    "14_lstm.py": "14_memory.png",
    "15_transformer.py": "15_attention.png",
}


def graph() -> None:
    """The graph of the README's first expression, as `draw` writes it."""
    a, b = Value(2.0), Value(-3.0)
    c = (a * b + 5.0).tanh()
    c.backward()
    draw(c, HERE / "graph.svg")


def network() -> None:
    """A network that has learned XOR, in the middle of a backward pass from its answer to (0, 1)."""
    xor = {(0.0, 0.0): 0.0, (0.0, 1.0): 1.0, (1.0, 0.0): 1.0, (1.0, 1.0): 0.0}
    model = MLP(2, [2, 1], "tanh", seed=0)
    optimizer = SGD(model.parameters(), lr=0.3)
    loss = 1.0
    while loss > 0.01:
        error = mean_squared_error([model(x) for x in xor], list(xor.values()))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        loss = error.data
    (answer,) = model((0.0, 1.0))
    stepper = Stepper(answer, {"y": answer})
    stepper.goto(stepper.total - 3)
    stepper.draw(HERE / "network.svg")


def architecture() -> None:
    """A larger network and what it computes from an example."""
    draw(MLP(2, [4, 4, 1], "tanh", seed=1), HERE / "model.svg", (0.5, -1.0))


def page(folder: Path) -> None:
    """The page of a neuron in the middle of its backward pass, and moving: each step, then a weight that is dragged."""
    neuron = Neuron(2, "tanh", seed=1)
    save_page(neuron([1.0, -0.5]), folder / "neuron.html", names={})
    sys.path.append(str(TESTS))  # where it is known what browsers are called
    from browser import started_browser

    with started_browser() as browser:
        window = browser.new_page(viewport={"width": 1200, "height": 700})
        window.goto((folder / "neuron.html").as_uri())
        for _ in range(4):
            window.keyboard.press("ArrowRight")
        window.wait_for_timeout(600)
        window.screenshot(path=folder / "page.png")
        window.set_viewport_size({"width": 1000, "height": 560})
        window.keyboard.press("Home")
        film = [(shot(window), 900)]
        for _ in range(5):
            window.keyboard.press("ArrowRight")
            film.append((shot(window), 1300))
        slider = window.locator("input[type=range]").last
        for _ in range(12):
            for _ in range(15):
                slider.press("ArrowRight")
            film.append((shot(window), 250))
    film[-1] = film[-1][0], 2500
    shrink(folder / "page.png", HERE / "page.png")
    write_film(film, HERE / "page.gif")


def shot(window: Any) -> Image.Image:
    """What the window shows once nothing moves any more."""
    window.wait_for_timeout(600)
    return Image.open(BytesIO(window.screenshot())).convert("RGB")


def write_film(film: Sequence[tuple[Image.Image, int]], target: Path) -> None:
    """Pictures, each with how many milliseconds it stays, in the 128 colors of the last."""
    colors = film[-1][0].quantize(128, dither=Image.Dither.NONE)
    first, *others = [picture.quantize(palette=colors, dither=Image.Dither.NONE) for picture, _ in film]
    first.save(target, save_all=True, append_images=others, duration=[stay for _, stay in film], loop=0, optimize=True)


def gallery(folder: Path) -> None:
    """Six figures of the demos on one sheet."""
    for script in SHOWN:
        subprocess.run([sys.executable, DEMOS / script, "--out", folder], check=True, stdout=subprocess.DEVNULL)
    figure = Figure(figsize=(12, 7.4), layout="constrained")
    axes = figure.subplots(3, 2)
    for axis, (script, name) in zip(axes.flat, SHOWN.items(), strict=True):
        axis.imshow(imread(folder / name), interpolation="lanczos")
        axis.set_title(script, loc="left", fontsize=9, family="monospace", color="#57606a")
        axis.set_axis_off()
    figure.savefig(folder / "demos.png", dpi=110)
    shrink(folder / "demos.png", HERE / "demos.png")


def shrink(source: Path, target: Path) -> None:
    """The picture with 128 colors, which is plenty for plots."""
    Image.open(source).convert("RGB").quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    graph()
    network()
    architecture()
    with tempfile.TemporaryDirectory() as name:
        page(Path(name))
        gallery(Path(name))
    for picture in sorted([*HERE.glob("*.svg"), *HERE.glob("*.png"), *HERE.glob("*.gif")]):
        print(f"{picture.relative_to(DEMOS.parent)}: {picture.stat().st_size / 1000:.0f} kB")
