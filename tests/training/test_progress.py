"""The live display, at a terminal and where nobody watches."""

import io

import pytest
from rich.console import Console
from training.examples import regression

from tinygrad_edu.nn import MLP
from tinygrad_edu.training import Callback, CallbackError, fit
from tinygrad_edu.training.progress import Display, is_watched


def test_the_display_shows_the_numbers_at_a_terminal(monkeypatch):
    X, y = regression()
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, legacy_windows=False, color_system=None)
    monkeypatch.setattr("tinygrad_edu.training.loop.Console", lambda stderr: console)
    enough = [lambda run: run.stop("enough is enough") if run.epoch == 2 else None]
    history = fit(MLP(2, [1], seed=0), X, y, epochs=3, validation_data=(X, y), callbacks=enough)
    text = screen.getvalue()
    assert "epoch 2/3" in text
    assert text.startswith("replay: ")
    assert text.rstrip().endswith("enough is enough")
    for shown in (
        f"loss {history.loss[-1]:.3g}",
        f"validation {history.validation_loss[-1]:.3g}",
        f"gradient {history.gradient_norm[-1]:.3g}",
        "rate 0.001",
    ):
        assert shown in text


def test_the_display_keeps_the_loss_whole_on_a_narrow_terminal(monkeypatch):
    X, y = regression()
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=40, legacy_windows=False, color_system=None)
    monkeypatch.setattr("tinygrad_edu.training.loop.Console", lambda stderr: console)
    history = fit(MLP(2, [1], seed=0), X, y, epochs=3, validation_data=(X, y))
    assert "epoch 3/3 " in screen.getvalue()
    assert f" loss {history.loss[-1]:.3g} " in screen.getvalue()


def test_nothing_is_printed_when_nobody_watches(capfd):
    X, y = regression()
    fit(MLP(2, [1], seed=0), X, y, epochs=2)
    assert capfd.readouterr() == ("", "")


def test_the_terminal_is_given_back_when_a_callback_raises(monkeypatch):
    X, y = regression()
    displays = []
    monkeypatch.setattr(
        "tinygrad_edu.training.loop.Display",
        lambda c: displays.append(Display(Console(file=io.StringIO()))) or displays[0],
    )

    def fail(run):
        raise RuntimeError("no")

    with pytest.raises(CallbackError):
        fit(MLP(2, [1], seed=0), X, y, epochs=2, progress=True, callbacks=[fail])
    assert not displays[0].progress.live.is_started


def a_console(**options):
    return Console(file=io.StringIO(), legacy_windows=False, color_system=None, **options)


def test_a_console_is_watched_if_it_is_a_terminal_that_can_redraw(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert is_watched(a_console(force_terminal=True))
    assert not is_watched(a_console())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_watched(a_console(force_terminal=True))


def test_the_bar_moves_with_each_batch_and_a_resumed_run_begins_where_it_was():
    seen = []

    class Look(Callback):
        def on_iteration_end(self, run):
            seen.append(display.progress.tasks[0].completed)

    display = Display(a_console(force_terminal=True, width=100))
    X, y = regression()
    fit(MLP(2, [1], seed=0), X, y, epochs=2, batch_size=12, callbacks=[display, Look()])
    assert seen == [0.5, 1.0, 1.5, 2.0]


def test_it_may_not_look_at_the_weights_so_that_replay_need_not_write_them():
    assert not Display.sees_weights
