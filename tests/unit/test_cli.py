import errno
import os
import subprocess
import sys
from pathlib import Path

from distilshift import cli
from distilshift.errors import InputError

import pytest


def test_an_exception_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), cli.whole_file(tmp_path / "out") as part:
        part.write_text("half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_exception_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(KeyError), cli.whole_file(path) as part:
        part.write_text("half of the new")
        raise KeyError
    assert path.read_text() == "old"


def test_the_file_appears_at_the_end_with_the_umask_of_the_user(tmp_path):
    path = tmp_path / "deep" / "out"
    with cli.whole_file(path) as part:
        part.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o666 & ~cli.umask()
    assert list(path.parent.iterdir()) == [path]


def run(monkeypatch, main, *args):
    monkeypatch.setattr("sys.argv", ["script.py", *args])
    cli.run(main, cli.parser("what it does"))


@pytest.mark.parametrize("logged", [True, False])
def test_an_input_error_is_one_line_and_exit_code_1(monkeypatch, capsys, tmp_path, logged):
    def main(args):
        raise InputError("a.file", "is empty", "make it again")

    flags = ["--log", str(tmp_path / "log")] if logged else []
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, main, *flags)
    assert stopped.value.code == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.endswith("script.py: error: a.file: is empty; make it again\n")
    if logged:
        assert "a.file: is empty" in (tmp_path / "log").read_text()


def test_a_full_disk_is_one_line_that_names_the_file(monkeypatch, capsys, tmp_path):
    def main(args):
        with cli.whole_file(tmp_path / "out"):
            raise OSError(errno.ENOSPC, "from a library that names no file")

    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, main)
    assert stopped.value.code == 1
    expected = f"script.py: error: {tmp_path / 'out'}: No space left on device\n"
    assert capsys.readouterr().err.endswith(expected)
    assert list(tmp_path.iterdir()) == []


def test_a_bug_keeps_its_traceback(monkeypatch, tmp_path):
    def main(args):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, main, "--log", str(tmp_path / "log"))
    assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (cli.positive_int, ["1", "400"], ["0", "-1", "1.5", "x", ""]),
        (cli.non_negative_int, ["0", "7"], ["-1", "1e3"]),
        (cli.positive_float, ["0.003", "1e-3"], ["0", "-1", "nan", "inf", "x"]),
        (cli.share, ["0", "0.5", "1"], ["-0.1", "1.1", "nan"]),
        (cli.fraction, ["0.7"], ["0", "1", "1.5", "nan"]),
    ],
)
def test_types_of_flags(kind, good, bad, capsys):
    parser = cli.parser("")
    parser.add_argument("--flag", type=kind)
    for text in good:
        assert parser.parse_args(["--flag", text]).flag == float(text)
    for text in bad:
        with pytest.raises(SystemExit) as stopped:
            parser.parse_args([f"--flag={text}"])
        assert stopped.value.code == 2
        assert "argument --flag: " in capsys.readouterr().err


def test_a_script_that_leaves_at_once_loses_nothing(tmp_path):
    """What is buffered reaches its file and the pipe; the exit code is 0, or 1 on an error."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from distilshift import cli\n"
        "from distilshift.errors import InputError\n"
        "def main(args):\n"
        "    cli.log.info('logged')\n"
        "    print('printed', end='')\n"
        "    if args.log.name == 'bad':\n"
        "        raise InputError('a.file', 'is empty')\n"
        "cli.run(main, cli.parser('what it does'))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    for name, code in (("good", 0), ("bad", 1)):
        command = [sys.executable, str(program), "--log", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stdout) == (code, "printed")
        assert "logged" in (tmp_path / name).read_text()
