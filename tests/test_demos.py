"""Every demo runs from its own file, as a reader runs it."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

DEMOS = Path(__file__).parent.parent / "demos"


def run_demo(name, folder, *arguments):
    """What a demo prints when it runs in an empty folder with warnings as errors."""
    command = [sys.executable, "-W", "error", DEMOS / name, "--quick", *arguments]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def texts(svg):
    """All the words and numbers in a picture."""
    return " ".join("".join(element.itertext()) for element in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text"))


def test_digits_learns_checks_and_draws(tmp_path):
    printed = run_demo("digits.py", tmp_path, "--out", "pictures/of digits")
    accuracy = float(re.search(r"Test accuracy: ([\d.]+)%", printed)[1])
    assert 80 < accuracy <= 100
    rows = [
        [int(n) for n in re.sub("·", "0", row).split("│")[2:-1]] for row in re.findall(r"^│ \d .*│$", printed, re.M)
    ]
    assert [len(row) for row in rows] == [10] * 10
    assert sum(map(sum, rows)) == 360, "every test image is in the table once"
    assert accuracy == round(100 * sum(rows[k][k] for k in range(10)) / 360, 1)
    assert "64 inputs passed" in printed

    neuron, loss = (tmp_path / "pictures" / "of digits" / f"digits_{name}.svg" for name in ("neuron", "loss"))
    assert all(str(file.relative_to(tmp_path)) in printed for file in (neuron, loss))
    words = texts(neuron)
    assert all(word in words for word in ("tanh", "w·x + b", "bias", "the other 60 pixels", "∂", "←"))
    assert ET.parse(loss).getroot().tag.endswith("svg")
    assert printed.rstrip().splitlines()[-1].startswith("Next: ")
