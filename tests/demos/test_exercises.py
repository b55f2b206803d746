"""`pytest demos/exercises` says what the command says, and imports nothing itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_pytest_checks_each_file_and_reports_without_a_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "demos" / "exercises"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "demos" / "conftest.py", tmp_path / "demos")
    right = (ROOT / "tests/demos/solutions/04_activations.py").read_text("utf-8")
    (folder / "04_activations.py").write_text(right, encoding="utf-8")
    (folder / "03_initialization.py").write_text("def xavier_limit(n_in, n_out:\n", encoding="utf-8")
    shutil.copy(ROOT / "demos/exercises/05_losses.py", folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "demos/exercises"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "✗ Python cannot read line 1, 'def xavier_limit(n_in, n_out:'" in done.stdout
    assert "Not begun: in 05_losses.py" in done.stdout
    assert "Traceback" not in done.stdout
