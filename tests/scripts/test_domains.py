"""construct_domain and download_dataset: splits, shifts, labels."""

import json

from distilshift.files import tensors

import pytest
import torch
from chain import Chain


def domain(chain, name):
    """ids and labels by split, and the inputs' content and header."""
    found = {}
    for split in ("train", "test"):
        inputs, header = tensors.load(chain.inputs(name, split), "inputs", "")
        labels, _ = tensors.load(chain.labels(name, split), "labels", "")
        assert torch.equal(inputs["ids"], labels["ids"])
        found[split] = inputs["ids"], labels["labels"], inputs["inputs"], header
    return found


def test_halves_are_disjoint_and_complete(made):
    found = domain(made, "source")
    train, test = set(found["train"][0].tolist()), set(found["test"][0].tolist())
    assert not train & test
    assert train | test == set(range(80))
    assert len(train) == 56


def test_a_domain_and_its_shifted_version_share_halves_and_labels(made):
    plain, shifted = domain(made, "source"), domain(made, "target")
    for split in ("train", "test"):
        assert torch.equal(plain[split][0], shifted[split][0])
        assert torch.equal(plain[split][1], shifted[split][1])
        assert not torch.equal(plain[split][2], shifted[split][2])


def test_labels_stay_with_their_inputs(made):
    truth, _ = tensors.load(made.path("dataset", "labels.safetensors"), "dataset labels", "")
    for ids, labels, *_ in domain(made, "target").values():
        assert torch.equal(labels, truth["labels"][ids])


def test_inputs_and_split_do_not_depend_on_labels(made, tmp_path, run_script):
    chain = Chain(tmp_path)
    for what in ("inputs", "labels"):
        path = made.path("dataset", f"{what}.safetensors")
        content, header = tensors.load(path, f"dataset {what}", "")
        if what == "labels":
            content = {**content, "labels": content["labels"].flip(0)}
        out = tmp_path / "dataset" / f"{what}.safetensors"
        tensors.save(out, f"dataset {what}", content, header)
    assert run_script(*chain.steps()["target"])[0] == 0
    for split in ("train", "test"):
        with open(chain.inputs("target", split), "rb") as ours:  # noqa: PTH123
            assert (
                ours.read() == (made.folder / "target" / f"{split}_inputs.safetensors").read_bytes()
            )
    assert not torch.equal(domain(chain, "target")["test"][1], domain(made, "target")["test"][1])


def test_the_seed_and_the_fraction_choose_the_halves(made, tmp_path, run_script):
    splits = []
    for seed, fraction in [("0", "0.7"), ("1", "0.7"), ("0", "0.5")]:
        chain = Chain(tmp_path / (seed + fraction))
        args = Chain(made.folder).steps()["source"][1]
        args = [arg.replace(made.path("source"), chain.path("source")) for arg in args]
        flags = ["--split-seed", seed, "--train-fraction", fraction]
        assert run_script("construct_domain", [*args, *flags])[0] == 0
        splits.append(domain(chain, "source")["train"][0].tolist())
    assert splits[0] == domain(made, "source")["train"][0].tolist()
    assert splits[0] != splits[1]
    assert len(splits[2]) == 40


def test_an_official_split_is_kept(tmp_path, write_dataset, run_script):
    chain = Chain(tmp_path)
    chain.folder.joinpath("dataset").mkdir()
    write_dataset(chain.folder / "dataset", train=50)
    assert run_script(*chain.steps()["source"])[0] == 0
    assert domain(chain, "source")["train"][0].tolist() == list(range(50))
    assert domain(chain, "source")["test"][0].tolist() == list(range(50, 60))


def test_size_and_channels_are_those_asked_for(made, tmp_path, run_script):
    chain = Chain(tmp_path)
    args = [
        arg.replace(made.path("source"), chain.path("source")) for arg in made.steps()["source"][1]
    ]
    assert run_script("construct_domain", [*args, "--input=size=12", "--input=channels=3"])[0] == 0
    *_, inputs, header = domain(chain, "source")["test"]
    assert inputs.shape[1:] == (3, 12, 12)
    assert header["input"] == {"size": 12, "channels": 3}


def test_a_shift_that_changes_no_row_is_named(made, tmp_path, run_script):
    chain = Chain(tmp_path)
    args = [a.replace(made.path("source"), chain.path("source")) for a in made.steps()["source"][1]]
    kinds = ("noise:strength=0.2", "greyscale:strength=0.5", "blur:strength=0")
    status, shown = run_script("construct_domain", [*args, *(f"--shift={kind}" for kind in kinds)])
    assert status == 0
    for half in ("train", "test"):  # grey rows stay as they are; a strength of 0 is meant to
        said = f"source: shift greyscale of strength 0.5 changes no {half} row"
        assert shown.count(said) == 1, shown
    assert "shift noise" not in shown and "shift blur" not in shown


def test_test_rows_that_the_source_was_trained_on_are_said(chain, run_script):
    """Of another dataset: nothing else compares the two."""
    train, header = tensors.load(chain.inputs("source"), "inputs", "")
    test, _ = tensors.load(chain.inputs("target", "test"), "inputs", "")
    rows = train["inputs"].clone()
    rows[3:5] = test["inputs"][0]
    rows[7] = test["inputs"][6]
    path = chain.path("mixed.safetensors")
    script, args = chain.steps()["outputs"]
    for dataset, count in (("another", 1), (header["dataset"], 0)):
        tensors.save(path, "inputs", {**train, "inputs": rows}, {**header, "dataset": dataset})
        status, shown = run_script(script, [*args, "--source-train-inputs", path])
        assert status == 0, shown
        said = "2 of 24 test rows of target are training rows of source: their labels were learned"
        assert shown.count(said) == count, shown
    status, shown = run_script(script, [*args, "--source-train-inputs", chain.inputs("target")])
    assert status == 1 and "target" in shown.strip().splitlines()[-1]


def download(chain, run_script, *flags, dataset="optdigits"):
    names = {"inputs": "inputs.safetensors", "labels": "labels.safetensors"}
    args = ["--dataset", dataset, "--manifest", chain.path("manifest.json"), *flags]
    for what, name in names.items():
        args += [f"--{what}", chain.path(name)]
    return run_script("download_dataset", args)


@pytest.mark.parametrize(
    ("dataset", "count", "size", "first"), [("optdigits", 1797, 8, 178), ("mnist5k", 5000, 28, 500)]
)
def test_a_dataset_from_a_package_is_whole(tmp_path, run_script, dataset, count, size, first):
    chain = Chain(tmp_path)
    assert download(chain, run_script, dataset=dataset)[0] == 0
    inputs, header = tensors.load(chain.path("inputs.safetensors"), "dataset inputs", "")
    labels, _ = tensors.load(chain.path("labels.safetensors"), "dataset labels", "")
    assert inputs["inputs"].shape == (count, 1, size, size)
    assert inputs["inputs"].max() == 255
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert sum(manifest["counts"].values()) == count
    assert manifest["counts"]["0"] == (labels["labels"] == 0).sum() == first
    assert manifest["sha256"]["inputs"] == header["sha256"]
    assert manifest["licence"]


def test_an_archive_on_disk_comes_first_and_is_verified(tmp_path, run_script):
    (tmp_path / "archives").mkdir()
    archive = tmp_path / "archives" / "digits.csv.gz"
    archive.write_bytes(b"not it")
    out = Chain(tmp_path / "out")
    status, shown = download(out, run_script, "--archive-dir", str(archive.parent))
    assert status == 1
    assert f"{archive}: sha256 is " in shown
    assert "expected 09f66e6d" in shown
    assert not out.folder.exists()
