"""A browser for the page: the one that is on this machine, or else one that this gets; each step is said in one line.

`python tests/browser.py` is part of the README's second command. What opens the page, the tests and
`demos/pictures/make.py`, asks `started_browser` here, so there is one place that knows what browsers are called.

A browser counts if it starts, opens a file of ours and has a font to write it with. Not all that are found do: on
Ubuntu `chromium-browser` may only tell you to install something else. What is tried, in this order, until one counts:
what is there, Playwright's download, the libraries it needs from the system, the system's own Chromium. A headless
shell goes first: it is the same browser without windows and menus, and takes a third of the processor's time.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

#: Names the browser to use, if it should be none of those below.
VARIABLE = "TINYGRAD_EDU_BROWSER"
SHELL = "chromium-headless-shell"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",  # without it Chromium also runs as root and in a container; it opens nothing but our own page
    "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MINUTE = 60


# Using one ------------------------------------------------------------------------------------------------


@contextmanager
def started_browser() -> Iterator[Browser]:
    """The first browser of this machine that works, for the time of a block; RuntimeError where none does."""
    with sync_playwright() as playwright:
        _, browser = _first_that_works(playwright)
        if browser is None:
            raise RuntimeError("no Chromium or Chrome that starts is here; python tests/browser.py gets one")
        try:
            yield browser
        finally:
            browser.close()


def _ways() -> dict[str, dict[str, Any]]:
    """What may be there, and how Playwright is told to start it."""
    if chosen := os.environ.get(VARIABLE):
        return {chosen: {"executable_path": chosen}}
    shells, browsers = ([path for path in map(shutil.which, names) if path] for names in ([SHELL], PROGRAMS))
    return {
        **{path: {"executable_path": path} for path in shells},
        "Playwright's own Chromium": {},  # a shell, too
        **{path: {"executable_path": path} for path in browsers},
        "Google Chrome": {"channel": "chrome"},  # where its installer puts it, on macOS and Windows too
    }


def _first_that_works(playwright: Playwright) -> tuple[str, Browser | None]:
    for name, way in _ways().items():
        with suppress(Error):
            browser = playwright.chromium.launch(args=OPTIONS, timeout=MINUTE * 1000, **way)
            if _shows_a_file(browser):
                return name, browser
            browser.close()
    return "", None


def _shows_a_file(browser: Browser) -> bool:
    """Whether it opens a file of ours, which one locked into a folder of its own does not, and writes its text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text("<meta charset=utf-8><span>∂L/∂w</span>", encoding="utf-8")
        page = browser.new_page()
        page.goto(file.as_uri())
        shown: bool = page.evaluate("document.querySelector('span').offsetWidth > 0")
        page.close()
    return shown


# Getting one ----------------------------------------------------------------------------------------------


def main() -> int:
    """Look for a browser and, where there is none, get one; 0 if there is one in the end."""
    if not _playwright_starts():
        return 1
    if name := _working():
        say(f"{name} is here and works, nothing to install")
        return 0
    if os.environ.get(VARIABLE):
        say(f"{VARIABLE}={os.environ[VARIABLE]} does not start; name one that does, or none, to have one found")
        return 1
    if name := _got():
        say(f"{name} is installed and works")
        return 0
    say("no browser could be had; install Chromium or Google Chrome, and run this again")
    return 1


def say(text: str) -> None:
    """One line about the browser, at once."""
    print(f"browser: {text}", flush=True)


def _working() -> str:
    """The name of the first browser that works, or nothing."""
    with sync_playwright() as playwright:
        name, browser = _first_that_works(playwright)
        if browser is not None:
            browser.close()
    return name


def _got() -> str:
    """The name of a browser that was installed and works, or nothing."""
    if _playwrights_download() and (name := _working() or (_libraries_of_the_download() and _working())):
        return name
    return _working() if _system_package() else ""


def _playwrights_download() -> bool:
    say("none that works is here; asking Playwright to download its Chromium, for 3 minutes at most")
    command = ["install", "--only-shell", "chromium"]
    # A host that is blocked may never answer; of three tries each gives up after ten seconds of silence.
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
    return _run([sys.executable, "-m", "playwright", *command], 3 * MINUTE, patience)


def _libraries_of_the_download() -> bool:
    """Install what a download lacks that does not start: libraries of the system; Playwright knows which."""
    as_root = _as_root()
    if as_root is None or not shutil.which("apt-get"):
        say("it does not start, and there is no way to install the libraries that it needs")
        return False
    say("it does not start; installing the libraries and fonts that it needs, for 10 minutes at most")
    return _run([*as_root, sys.executable, "-m", "playwright", "install-deps", "chromium"], 10 * MINUTE)


def _system_package() -> bool:
    font = "fonts-dejavu-core"  # the tests measure text, and a bare system has none
    return _apt_get(SHELL, font) or _apt_get("chromium", font)


def _playwright_starts() -> bool:
    """Playwright brings a program of its own, which needs a library that a bare system lacks."""
    version = [sys.executable, "-m", "playwright", "--version"]
    failure = _failure(version, MINUTE)
    if not failure:
        return True
    say(f"Playwright does not start: {failure}")
    return _apt_get("libatomic1") and _run(version, MINUTE)


def _apt_get(*packages: str) -> bool:
    """Install packages of the system, as root or with a sudo that asks nothing."""
    names = " and ".join(packages)
    as_root = _as_root()
    if not shutil.which("apt-get"):
        say(f"there is no apt-get on this system to install {names} with")
        return False
    if as_root is None:
        say(f"apt-get could install {names}, but this is not root and has no sudo without a password")
        return False
    say(f"installing {names} with apt-get, for 10 minutes at most")
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    install = [*command, "-o", "DPkg::Lock::Timeout=60", "install", "--no-install-recommends", *packages]
    return _run([*command, "update"], 5 * MINUTE) and _run(install, 10 * MINUTE)


def _as_root() -> list[str] | None:
    """What to put before a command to run it as root, without being asked anything; None where that cannot be."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    allowed = shutil.which("sudo") and not subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode
    return sudo if allowed else None


def _run(command: list[str], seconds: float, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a command did what it should within its time; why not is said."""
    failure = _failure(command, seconds, environment)
    if failure:
        say(f"that did not work: {failure}")
    return not failure


def _failure(command: list[str], seconds: float, environment: Mapping[str, str] | None = None) -> str:
    """Why a command did not do what it should, in its own words; nothing if it did."""
    with tempfile.TemporaryFile() as output:  # a pipe would be kept open by what a command leaves behind
        process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"it took longer than {seconds / MINUTE:.0f} minutes"
        output.seek(0)
        return _reason(output.read().decode(errors="replace")) if process.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started; those of root end by themselves."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


def _reason(output: str) -> str:
    """The first line that begins with an error, or else the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("Error", "E:"))]
    return next(iter([*errors, *reversed(lines)]), "it said nothing")


if __name__ == "__main__":
    sys.exit(main())
