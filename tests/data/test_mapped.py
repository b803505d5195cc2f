"""Inputs that stay in their file give what the same inputs in memory give."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from distilshift.data import domains
from distilshift.files import tensors
from distilshift.image.settings import View
from distilshift.learning import training

import torch
from made import rows_of

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


def test_mapped_inputs_are_indexed_split_and_chunked_as_tensors_are():
    inputs = torch.arange(50 * 12).view(50, 3, 2, 2) % 256
    plain = inputs[:41]
    mapped = domains.Mapped(plain, CPU)
    some = torch.tensor([40, 3, 3])
    assert len(mapped) == 41 and torch.equal(mapped[some], plain[some])
    for size in (7, 41, 100):
        for one, other in zip(mapped.split(size), plain.split(size), strict=True):
            assert torch.equal(one, other)
    for count in (1, 3, 5, 8):
        for one, other in zip(mapped.chunk(count), plain.chunk(count), strict=True):
            assert torch.equal(one, other)


def test_a_student_sees_the_same_batches():
    inputs = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8)
    ranges = View(10.0, 0.1, 0.1)
    plain = rows_of(inputs)
    one = training.Views(plain._replace(inputs=domains.Mapped(inputs, CPU)), 16, ranges, "name")
    other = training.Views(plain, 16, ranges, "name")
    for step in range(5):
        batch = one.indices(step)
        assert torch.equal(one.view(batch, step), other.view(other.indices(step), step))


# Run by a process of its own: a domain of two rows, so that all that is loaded when asked for
# is there; how much private memory that took; the work, so many values in memory at a time.
PROGRAM = """
import re, sys
from pathlib import Path

values = int(sys.argv.pop(1))
sys.path.insert(0, sys.argv.pop(1))
import construct_domain

few = construct_domain.parser().parse_args([*sys.argv[1:], "--most-train=1", "--most-test=1"])
construct_domain.main(few)
construct_domain.VALUES = values
print(re.search(r"RssAnon:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], flush=True)
construct_domain.main(construct_domain.parser().parse_args())
"""


def private_growth(folder, dataset, values, side):
    """The most private memory that making a domain adds to its process, in MB.

    Private (RssAnon) is what the process wrote itself: pages of a mapped file are not, which
    the kernel keeps for as long as nobody else wants the room. The C library keeps some of what
    is freed for later, now 20 and now 100 MB; told that every block of 64 kB is large, none.
    """
    folder.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(values), ROOT / "scripts", "--domain", "big"]
    command += ["--dataset-inputs", dataset / "i", "--dataset-labels", dataset / "l"]
    command += [f"--input=size={side}", "--input=channels=3", "--shift", "contrast:strength=0.5"]
    for what in ("train-inputs", "train-labels", "test-inputs", "test-labels"):
        command += [f"--{what}", folder / what]
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
        before = int(child.stdout.readline())
        most = before
        while child.poll() is None:
            status = Path(f"/proc/{child.pid}/status").read_text()
            found = re.search(r"RssAnon:\s+(\d+) kB", status)
            most = max(most, int(found[1]) if found else 0)
            time.sleep(0.005)
    assert child.returncode == 0
    return (most - before) / 1024


def test_a_set_of_inputs_is_never_whole_in_memory(tmp_path):
    """Of 100 MB, a MB at a time, no half is ever there; read whole, more than all of it is."""
    count, side = 3600, 96
    ids = torch.arange(count)
    facts = {"dataset": "big", "classes": ["a", "b"], "train": None}
    with tensors.writing_rows(tmp_path / "i", "dataset inputs", count, facts) as rows:
        for some in ids.split(400):
            inputs = torch.full((len(some), 3, side, side), 7, dtype=torch.uint8)
            inputs[:, 0, 0, :2] = torch.stack([some // 256, some % 256], 1)  # no two alike
            rows.append(inputs, some)
    tensors.save(tmp_path / "l", "dataset labels", {"labels": ids * 0, "ids": ids}, facts)
    size = count * 3 * side**2 / 2**20
    batches = private_growth(tmp_path / "batches", tmp_path, 2**20, side)
    whole = private_growth(tmp_path / "whole", tmp_path, 2**40, side)
    assert batches < size / 2 < size < whole, (batches, size, whole)
    made = [domains.load_inputs(tmp_path / name / "train-inputs") for name in ("batches", "whole")]
    assert made[0].inputs.shape[0] == round(0.7 * count)
    assert made[0].header["sha256"] == made[1].header["sha256"]
