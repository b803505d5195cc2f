import itertools

from distilshift.files import headers, names, tensors

import numpy as np
import pyarrow as pa
import pytest
import torch

NAMES = ["Katze/1.png", "", "猫/2.jpg", "line 3", "a\nb"]


@pytest.mark.parametrize("given", [NAMES, pa.array(NAMES, pa.large_string())])
def test_names_come_back_whatever_they_hold(given):
    assert names.of(names.stored(given)).to_pylist() == NAMES


def test_a_slice_of_names_and_no_names():
    some = pa.array(NAMES, pa.large_string())[2:4]
    assert names.of(names.stored(some)).to_pylist() == NAMES[2:4]
    assert names.of(names.stored([])).to_pylist() == []
    assert names.of(names.stored(["", ""])).to_pylist() == ["", ""]


@pytest.mark.parametrize("cuts", [[], [2], [0, 3, 3]])
def test_runs_of_names_are_joined(cuts):
    edges = [0, *cuts, len(NAMES)]
    parts = [names.stored(NAMES[start:end]) for start, end in itertools.pairwise(edges)]
    assert names.of(names.joined(parts)).to_pylist() == NAMES
    assert names.of(names.joined([])).to_pylist() == []


def test_a_name_that_is_no_unicode_is_spelt_out():
    assert names.of(names.stored([b"\xff.png".decode("utf-8", "surrogateescape")])).to_pylist() == [
        "\\udcff.png"
    ]


def test_rows_without_names_are_called_by_their_ids():
    assert names.of({"ids": np.array([7, 3])}).to_pylist() == ["7", "3"]


def write(path, named, most=9):
    inputs = torch.arange(5 * 12, dtype=torch.uint8).view(5, 3, 2, 2)
    ids = torch.tensor([4, 0, 3, 9, 1])
    with tensors.writing_rows(path, "inputs", most, {"domain": "toy"}, named) as rows:
        for some in (slice(0, 2), slice(2, 5)):
            rows.append(inputs[some], ids[some], NAMES[some] if named else None)
    return inputs, ids


@pytest.mark.parametrize("named", [True, False])
def test_rows_and_their_names_are_what_save_would_write(tmp_path, named):
    inputs, ids = write(tmp_path / "a", named)
    content = {"inputs": inputs, "ids": ids}
    if named:
        content |= {key: torch.from_numpy(a.copy()) for key, a in names.stored(NAMES).items()}
    tensors.save(tmp_path / "b", "inputs", content, {"domain": "toy"})
    found = [tensors.load(tmp_path / name, "inputs", "") for name in "ab"]
    assert found[0][1] == found[1][1]  # the hash among it
    assert found[0][0].keys() == found[1][0].keys() == content.keys()
    assert all(torch.equal(found[0][0][key], value) for key, value in content.items())
    arrays, _ = headers.load_arrays(tmp_path / "a", "inputs", "")
    called = NAMES if named else ["4", "0", "3", "9", "1"]
    assert names.of(arrays).to_pylist() == called


def test_no_rows_at_all_are_a_file_too(tmp_path):
    with tensors.writing_rows(tmp_path / "a", "inputs", 3, {}, named=True):
        pass
    assert names.of(headers.load_arrays(tmp_path / "a", "inputs", "")[0]).to_pylist() == []
