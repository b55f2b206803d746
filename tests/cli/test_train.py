"""`tinygrad-edu train`, as people run it."""

import json
import signal
import subprocess
import sys

import pytest
from measuring import unmeasured

from tinygrad_edu.__main__ import main
from tinygrad_edu.nn import MLP
from tinygrad_edu.training import load


def test_xor_is_learned_and_its_truth_table_shown(capsys):
    assert main(["train", "xor"]) == 0
    out = capsys.readouterr().out
    assert "accuracy: 100.0% of 4 examples" in out
    assert "  0, 1 -> 1\n  1, 0 -> 1\n  1, 1 -> 0" in out
    assert "diagnosis: no problem found" in out
    assert "200 epochs, 200 iterations" in out


@pytest.mark.parametrize(("problem", "least"), [("moons", 93.0), ("iris", 93.0), ("digits", 95.0)])
def test_each_problem_is_learned_with_its_own_settings(capsys, problem, least):
    assert main(["train", problem]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("accuracy: ")]
    assert float(line.split()[1].rstrip("%")) > least
    assert "it has never seen" in line
    assert "diagnosis: no problem found" in out


def test_options_are_followed_and_results_written(tmp_path, capsys):
    options = (
        "--layers 5,4 --activation tanh --optimizer Momentum --learning-rate 0.02 --epochs 3 --batch-size 30 --seed 7"
    )
    assert main(["train", "iris", *options.split(), "--out", str(tmp_path / "runs" / "iris")]) == 0
    out = capsys.readouterr().out
    assert "network: 4 -> 5 -> 4 -> 3, tanh, 64 parameters; momentum, learning rate 0.02" in out
    history = json.loads((tmp_path / "runs" / "iris" / "history.json").read_text())
    assert (len(history["loss"]), len(history["batch_loss"]), history["seed"]) == (3, 12, 7)
    assert history["learning_rate"] == [0.02] * 3
    model = MLP(4, [5, 4, 3], "tanh")
    load(model, tmp_path / "runs" / "iris" / "model.safetensors")


@pytest.mark.parametrize(
    ("options", "pictures"),
    [
        (["xor", "--epochs", "3"], {"loss.png", "confusion.png", "regions.png"}),
        (["digits", "--epochs", "1"], {"loss.png", "confusion.png", "weights.png"}),
    ],
)
def test_pictures_are_written(tmp_path, capsys, options, pictures):
    assert main(["train", *options, "--out", str(tmp_path)]) == 0
    files = {file.name for file in tmp_path.iterdir()}
    assert files == pictures | {"model.safetensors", "history.json"}
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    last = capsys.readouterr().out.splitlines()[-1]
    assert all(name in last for name in files)


def test_the_seed_decides_everything_but_the_time(capsys):
    outputs = []
    for seed in ("1", "1", "2"):
        main(["train", "xor", "--epochs", "5", "--seed", seed])
        outputs.append([line for line in capsys.readouterr().out.splitlines() if "epochs" not in line])
    assert outputs[0] == outputs[1] != outputs[2]


def test_no_hidden_layer_at_all(capsys):
    assert main(["train", "iris", "--layers", "none", "--epochs", "5"]) == 0
    assert "network: 4 -> 3" in capsys.readouterr().out


def test_a_run_that_diverges_says_so_and_fails(capsys):
    assert main(["train", "iris", "--optimizer", "sgd", "--learning-rate", "1e9"]) == 1
    out = capsys.readouterr().out
    assert "diagnosis: learning rate too large in the run" in out
    assert max(len(line) for line in out.splitlines() if line.startswith("   ")) < 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["mnist"], "invalid choice: 'mnist'"),
        (["xor", "--layers", "4,x"], "layers are sizes with commas between, such as 16,16, not '4,x'"),
        (["xor", "--layers", "4,0"], "not '4,0'"),
        (["xor", "--lr", "-1"], "lr must be a finite number of at least 0, not -1"),
        (["xor", "--batch-size", "5"], "batch_size must be from 1 to the number of examples, 4, not 5"),
        (["xor", "--epochs", "0"], "epochs should be a whole number of at least 1, not 0"),
        (["xor", "--seed", "-1"], "seed should be a whole number of at least 0, not -1"),
        (["xor", "--activation", "rellu"], "did you mean 'relu'"),
        (["xor", "--optimizer", "adamant"], "invalid choice: 'adamant'"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(options, message, capsys):
    try:
        code = main(["train", *options])
    except SystemExit as stop:
        code = stop.code
    err = capsys.readouterr().err
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_help_is_for_newcomers(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in (
        "one if exactly one of two inputs is one",
        "for example:",
        "sizes of the hidden layers, such as 16,16",
    ):
        assert words in out


def test_it_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", "train", "xor", "--epochs", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "2 epochs, 2 iterations" in done.stdout


#: The command line, which says when a step begins.
SAYING_SO = """
import sys
from tinygrad_edu.__main__ import main
from tinygrad_edu.training.loop import Run
iteration = Run._iteration
Run._iteration = lambda *arguments: print("a step") or iteration(*arguments)
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_ends_it_with_what_there_is():
    command = [sys.executable, "-u", "-c", SAYING_SO, "train", "digits", "--engine", "eager", "--epochs", "1000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=unmeasured()) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "a step\n":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert "interrupted in epoch 1" in out
    assert "accuracy: " in out


def test_a_run_that_breaks_off_in_its_first_epoch_has_no_loss_to_draw(tmp_path, capsys):
    options = ["--optimizer", "sgd", "--learning-rate", "1e300", "--epochs", "3"]
    assert main(["train", "xor", *options, "--batch-size", "1", "--out", str(tmp_path)]) == 1
    assert "no whole epoch; stopped in epoch 1" in capsys.readouterr().out
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {"model.safetensors", "history.json", "confusion.png", "regions.png"}


@pytest.mark.parametrize("missing", ["safetensors.numpy", "matplotlib"])
def test_what_results_are_written_with_is_missed_before_the_training(tmp_path, missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from tinygrad_edu.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "train", "xor", "--out", str(tmp_path / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, env=unmeasured())
    assert done.returncode != 0
    assert (done.stdout, list(tmp_path.iterdir())) == ("", [])
    assert 'pip install "tinygrad_edu[' in done.stderr
