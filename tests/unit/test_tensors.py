import pickle

from distilshift.errors import InputError
from distilshift.files import tensors

import pytest
import safetensors.torch
import torch

CONTENT = {
    "inputs": torch.arange(192, dtype=torch.uint8).view(3, 1, 8, 8),
    "ids": torch.tensor([5, 7, 9]),
    "scalar": torch.tensor(2.5),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
}
PROVENANCE = {"domain": "toy", "classes": ["a", "b"], "shift": [{"kind": "noise"}]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.safetensors"
    tensors.save(path, "inputs", CONTENT, PROVENANCE)
    return path


def load(path):
    return tensors.load(path, "inputs", "construct_domain")


def test_tensors_and_provenance_come_back(file):
    content, header = load(file)
    assert content.keys() == CONTENT.keys()
    for name, value in CONTENT.items():
        assert content[name].dtype == value.dtype
        assert torch.equal(content[name], value)
    assert header == {
        **PROVENANCE,
        "kind": "inputs",
        "sha256": tensors.content_sha256(CONTENT),
    }


def test_the_same_content_gives_the_same_bytes_whatever_its_order(file, tmp_path):
    again = tmp_path / "again.safetensors"
    turned = dict(reversed(CONTENT.items()))
    tensors.save(again, "inputs", turned, dict(reversed(PROVENANCE.items())))
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        {**CONTENT, "ids": torch.tensor([5, 7, 8])},
        {**CONTENT, "ids": CONTENT["ids"].int()},
        {**CONTENT, "inputs": CONTENT["inputs"].view(3, 8, 8)},
        {"named": CONTENT["inputs"]},
    ],
)
def test_other_content_has_another_hash(other):
    assert tensors.content_sha256(other) != tensors.content_sha256(CONTENT)


def test_a_view_is_saved_as_what_it_shows(tmp_path):
    path = tmp_path / "x.safetensors"
    tensors.save(path, "inputs", {"x": torch.arange(12).view(3, 4).T}, {})
    assert torch.equal(load(path)[0]["x"], torch.arange(12).view(3, 4).T)


def test_what_shares_its_memory_is_saved_under_each_name(tmp_path):
    whole = torch.arange(12)
    content = {"x": whole, "again": whole, "part": whole[3:7], "empty": torch.zeros(0)}
    tensors.save(tmp_path / "x.safetensors", "inputs", content, {})
    found, _ = load(tmp_path / "x.safetensors")
    assert found.keys() == content.keys()
    assert all(torch.equal(found[name], value) for name, value in content.items())


def test_a_flipped_bit_is_refused_wherever_it_is(file):
    whole = file.read_bytes()
    for at in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 7
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"x.safetensors: "):
            load(file)
            pytest.fail(f"a flipped bit in byte {at} of {len(whole)} was not seen")


def test_a_truncated_file_is_refused(file):
    whole = file.read_bytes()
    for length in [0, 1, 7, 8, 20, 200, len(whole) // 2, len(whole) - 1]:
        file.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"not a whole safetensors.*rerun the rule construct"):
            load(file)


def test_another_kind_is_refused(file):
    with pytest.raises(InputError, match=r"holds inputs, expected labels"):
        tensors.load(file, "labels", "construct_domain")


def test_a_missing_file_is_named_with_its_rule(tmp_path):
    with pytest.raises(InputError, match=r"gone: no such file.*rerun the rule construct_domain"):
        load(tmp_path / "gone")


def test_a_foreign_safetensors_file_is_refused(file):
    safetensors.torch.save_file({"x": torch.zeros(2)}, file, {"format": "pt"})
    with pytest.raises(InputError, match=r"was not written by distilshift"):
        load(file)


def test_what_may_be_of_others_is_not_to_be_deleted_on_our_word(file, tmp_path):
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match=r"check the flags; if a step wrote it, delete it"):
        load(file)
    safetensors.torch.save_file({"x": torch.zeros(2)}, file, {"format": "pt"})
    with pytest.raises(InputError, match=r"check the flags; if a step wrote it, delete it"):
        load(file)
    with pytest.raises(InputError, match=r": is a folder, expected a file; check the flags$"):
        load(tmp_path)


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_a_pickle_is_refused_and_not_run(file, write):
    with file.open("wb") as opened:
        write(Bomb(), opened)
    with pytest.raises(InputError, match=r"not a whole safetensors file"):
        load(file)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
def test_rows_of_any_type_written_in_parts_are_those_written_at_once(tmp_path, dtype):
    rows, ids = (torch.arange(700) * 3).to(dtype).view(7, 100), torch.arange(7) * 5
    whole = tensors.save(tmp_path / "whole", "inputs", {"inputs": rows, "ids": ids}, {})
    with tensors.writing_rows(tmp_path / "parts", "inputs", 9, {}) as out:
        for part in (slice(0, 3), slice(3, 7)):
            out.append(rows[part], ids[part])
    content, _ = tensors.load(tmp_path / "parts", "inputs", "")
    assert out.sha256 == whole and content["inputs"].dtype == dtype
    assert torch.equal(content["inputs"], rows) and torch.equal(content["ids"], ids)
