"""Outputs appear whole or not at all, also where the disk is full; one pipeline a folder."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import inprocess
import pytest
import tiny


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a disk without a free byte."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs root and leave to mount a tmpfs")
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_every_step_says_that_the_disk_is_full_and_leaves_nothing(made, commands, full_disk):
    scripts = {path.name for path in (tiny.ROOT / "scripts").glob("*.py")}
    # the tiny experiment runs none of these; they write through the functions of the others
    scripts -= {"plot_dial.py", "plot_gallery.py", "plot_matrix.py", "plot_ranks.py"}
    scripts -= {"combine_logits.py", "import_logits.py", "extract_features.py", "explore.py"}
    scripts -= {"apply_network.py", "compare_experiments.py", "select_settings.py"}
    scripts -= {"export_history.py", "export_network.py", "publish.py", "write_docs.py"}
    scripts -= {"join_tables.py", "typeset_paper.py"}
    scripts -= {"measure_transferred.py", "plot_transferred.py"}
    tried = set()
    for rule, (command, outputs) in commands.items():
        for output in outputs:
            command = command.replace(output, str(full_disk / Path(output).name))
        _, script, *args = shlex.split(re.sub(r"--log \S+", "", command))
        tried.add(Path(script).name)
        with contextlib.chdir(made):
            status, said = inprocess.call(Path(script).stem, args)
        assert status == 1, (rule, said)
        line = said.strip().splitlines()[-1]
        assert "error:" in line and "No space left on device" in line, (rule, said)
        assert str(full_disk) in line, (rule, line)
        assert "Traceback" not in said, (rule, said)
        assert [path.name for path in full_disk.iterdir()] == ["filler"], rule
    assert tried == scripts


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder with its time and size, but for Snakemake's own log."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and ".snakemake/log" not in str(path) and "__pycache__" not in str(path)
    }


def test_a_second_pipeline_in_the_folder_says_so_and_touches_nothing(tmp_path):
    folder = tiny.project(tmp_path / "project")
    target = "results/domains/optdigits/train_inputs.safetensors"
    first = subprocess.Popen(
        tiny.command("--cores", 1, target),
        cwd=folder,
        env=tiny.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 120
        # the last of its locks, and written: before that the folder is not locked for another
        locks = folder / ".snakemake" / "locks"
        while not any(lock.stat().st_size for lock in locks.glob("*.output.lock")):
            assert first.poll() is None and time.monotonic() < end
            time.sleep(0.02)
        os.killpg(first.pid, signal.SIGSTOP)  # else it would change files itself
        before = snapshot(folder)
        second = tiny.snakemake(folder, "--cores", 1, target, code=1)
        assert "Directory cannot be locked" in second.stdout
        assert snapshot(folder) == before
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(120) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert (folder / target).exists()
    shutil.rmtree(folder)
