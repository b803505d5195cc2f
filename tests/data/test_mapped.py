"""Inputs that stay in their file give what the same inputs in memory give."""

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


def construct(folder, count, side=260):
    """Make a domain of so many inputs; give the largest private memory of the process, MB."""
    folder.mkdir()
    ids = torch.arange(count)
    facts = {"dataset": "big", "classes": ["a"], "train": None}
    with tensors.writing_rows(folder / "i", "dataset inputs", count, facts) as rows:
        for some in ids.split(100):
            inputs = torch.full((len(some), 3, side, side), 7, dtype=torch.uint8)
            inputs[:, 0, 0, :2] = torch.stack([some // 256, some % 256], 1)  # no two alike
            rows.append(inputs, some)
    tensors.save(folder / "l", "dataset labels", {"labels": ids * 0, "ids": ids}, facts)
    command = [sys.executable, ROOT / "scripts/construct_domain.py", "--domain", "big"]
    command += ["--dataset-inputs", folder / "i", "--dataset-labels", folder / "l"]
    command += [f"--input=size={side}", "--input=channels=3", "--shift", "contrast:strength=0.5"]
    for what in ("train-inputs", "train-labels", "test-inputs", "test-labels"):
        command += [f"--{what}", folder / what]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    most = 0
    while child.poll() is None:
        status = Path(f"/proc/{child.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        most = max(most, int(found[1]) // 1024 if found else 0)
        time.sleep(0.01)
    assert child.returncode == 0
    assert domains.load_inputs(folder / "train-inputs").inputs.shape[0] == round(0.7 * count)
    return most


def test_a_set_of_inputs_is_never_whole_in_memory(tmp_path):
    """180 MB of inputs take no more private memory than 40 MB of them."""
    few, many = construct(tmp_path / "few", 200), construct(tmp_path / "many", 900)
    assert many < few + 60, (few, many)
