"""Which Python `make` takes, with Pythons that only say their name."""

import shutil
import subprocess

import pytest


@pytest.fixture
def take(request, tmp_path):
    """take(python3=(3, 9), ...) -> what `make setup` says and runs with these on the PATH."""

    def make(*flags, **pythons):
        here, path = tmp_path / "project", tmp_path / "bin"
        here.mkdir()
        path.mkdir()
        for name in ("Makefile", "requirements.txt", "constraints.txt"):
            shutil.copy(request.config.rootpath / name, here / name)
        for name in ("bash", "make"):
            (path / name).symlink_to(shutil.which(name))
        for name, (major, minor) in pythons.items():
            # given the Makefile's check, answer it as that version does; else say who is run
            suits = 0 if (3, 11) <= (major, minor) <= (3, 13) else 1
            program = path / name.replace("_", ".")
            program.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {suits}\necho "$0 $@"\nexit 1\n')
            program.chmod(0o755)
        done = subprocess.run(
            ["make", "setup", *flags],
            cwd=here,
            env={"PATH": str(path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode != 0  # these Pythons make no environment
        return done.stdout.replace(f"{path}/", "").splitlines()[-1]

    return make


@pytest.mark.parametrize(
    ("pythons", "taken"),
    [
        ({"python3": (3, 12)}, "python3"),
        ({"python3": (3, 11), "python3_13": (3, 13)}, "python3"),
        ({"python3": (3, 14), "python3_11": (3, 11), "python3_12": (3, 12)}, "python3.12"),
        ({"python3": (3, 9), "python3_11": (3, 11)}, "python3.11"),
        ({"python3_13": (3, 13)}, "python3.13"),
    ],
)
def test_a_python_that_the_pins_hold_for_is_taken(take, pythons, taken):
    assert take(**pythons) == f"{taken} -m venv .venv"


def test_without_one_a_line_says_so(take):
    line = take(python3=(3, 14), python3_10=(3, 10))
    assert line == (
        "a Python from 3.11 to 3.13 is needed, none is here; say which: make PYTHON=..."
    )


def test_a_chosen_one_must_suit_too(take):
    line = take("PYTHON=python3.14", python3=(3, 12), python3_14=(3, 14))
    assert line.startswith("a Python from 3.11 to 3.13 is needed, python3.14 is here")


def test_the_version_check_is_true_of_the_python_that_runs_this(request):
    text = (request.config.rootpath / "Makefile").read_text()
    check = next(line for line in text.splitlines() if line.startswith("SUITS := "))
    for versions, code in (("(3, 10, 1)", 1), ("(3, 11)", 0), ("(3, 13, 5)", 0), ("(3, 14)", 1)):
        program = check.removeprefix("SUITS := ").replace("sys.version_info", versions)
        with pytest.raises(SystemExit) as stopped:
            exec(program)
        assert int(stopped.value.code) == code, versions
