"""Domains as the config declares them: sweeps, folders, shifts of labels, smaller halves."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import construct_domain
from distilshift.data import domains, kinds, shifts
from distilshift.errors import InputError
from distilshift.files import tensors
from distilshift.image.datasets import DATASETS

import pytest
import torch
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = {
    "domains": {
        "digits": {"from": "mnist5k"},
        "digits-turned": {
            "from": "mnist5k",
            "shift": [{"kind": "noise", "strength": 0.1}],
            "sweep": {"kind": "rotation", "strengths": [20, 40.5], "seed": 3},
        },
        "drawn": {"from": {"folder": "my pets", "domain": "Sketch 1"}},
    },
    "networks": {"cnn": {"teacher": "cnn-4", "student": "cnn-2"}},
    "transfers": [
        {"source": "digits", "target": "digits-turned", "networks": ["cnn"]},
        {"source": "digits", "target": "drawn", "networks": ["cnn"]},
    ],
    "adaptations": {"none": {}},
    "methods": {"kd": {}},
    "split": {"most_train": 50},
    "seeds": [0],
    "training": {"teacher": {}, "student": {}},
}


def plan(tmp_path, config):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config | {"results": str(tmp_path / "r")}))
    for digit in range(10):  # the classes of the source, which are compared
        (tmp_path / f"my pets/Sketch 1/{digit}").mkdir(parents=True)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--printshellcmds"]
    command += ["-s", ROOT / "Snakefile", "--configfile", "config.yaml"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)


def test_a_thinned_target_has_the_oracle_of_all_rows(tmp_path):
    config = copy.deepcopy(CONFIG) | {"labels": [5]}
    config["domains"]["drawn-few"] = {
        **config["domains"]["drawn"],
        "sweep": {"kind": "fewer_rows", "strengths": [50]},
    }
    config["transfers"] = [
        {"source": "digits", "target": target, "networks": ["cnn"]}
        for target in ("drawn", "drawn-few")
    ]
    done = plan(tmp_path, config)
    assert done.returncode == 0, done.stderr[-800:]
    commands = " ".join(done.stdout.split())
    assert "--shift=fewer_rows:strength=50" in commands
    asked = re.findall(r"predict[.]py .*?--outputs (\S+)", commands)
    oracles = [one for one in re.findall(r"predict[.]py .*? --log", commands) if "/oracle/" in one]
    assert len(asked) == 4 and len(oracles) == 2
    for one in oracles:
        assert "students/drawn/cnn/seed0/weights.safetensors" in one
        is_thinned = "drawn-few-50/test_inputs" in one
        assert ("--oracle=drawn" in one.split()) == is_thinned
        assert ("labels5" in one) != is_thinned  # few labels are of all rows
    assert "students/drawn-few-50" not in commands


def test_a_sweep_becomes_domains_and_transfers(tmp_path):
    done = plan(tmp_path, CONFIG)
    assert done.returncode == 0, done.stderr[-800:]
    commands = " ".join(done.stdout.split())
    for strength in ("20", "40.5"):
        assert f"--domain digits-turned-{strength} " in commands
        assert f"--shift=noise:strength=0.1 --shift=rotation:seed=3,strength={strength}" in commands
        assert f"digits-turned-{strength}=rotation:{strength}" in commands  # for the dial
    assert "--domain digits-turned " not in commands
    assert "'--folder=my pets' '--folder-domain=Sketch 1'" in commands
    assert re.search("datasets/folder-my-pets-sketch-1-[0-9a-f]{10}-32/", commands)
    assert commands.count("--most-train=50") == 4


@pytest.fixture
def dataset(tmp_path):
    inputs = torch.arange(600 * 9, dtype=torch.int64).remainder(251).to(torch.uint8)
    ids, labels = torch.arange(600) + 5, torch.arange(600) % 6
    known = {"dataset": "made", "classes": list("abcdef")}
    content = {"inputs": inputs.view(600, 1, 3, 3), "ids": ids}
    tensors.save(tmp_path / "i", "dataset inputs", content, {**known, "train": 400})
    tensors.save(tmp_path / "l", "dataset labels", {"labels": labels, "ids": ids}, known)
    return tmp_path


def construct(folder, *flags):
    command = ["--domain", "d", "--input", "size=4"]
    command += ["--dataset-inputs", folder / "i", "--dataset-labels", folder / "l"]
    for what in ("train-inputs", "train-labels", "test-inputs", "test-labels"):
        command += [f"--{what}", folder / what]
    construct_domain.main(construct_domain.parser().parse_args([*map(str, command), *flags]))
    halves = {}
    for half in ("train", "test"):
        inputs = domains.load_inputs(folder / f"{half}-inputs")
        halves[half] = inputs, domains.load_labels(folder / f"{half}-labels", inputs)
    return halves


def test_shifts_of_labels_choose_rows_and_change_none(dataset):
    plain = construct(dataset)
    ids = plain["train"][0].ids
    assert len(ids) == 400 and len(plain["test"][0].ids) == 200
    tail = construct(
        dataset, "--shift", "label_shift:strength=0.9", "--shift", "inversion:strength=1"
    )
    inputs, labels = tail["train"]
    rows = torch.searchsorted(ids, inputs.ids)
    assert torch.equal(ids[rows], inputs.ids) and torch.equal(plain["train"][1][rows], labels)
    assert torch.equal(255 - plain["train"][0].inputs[rows], inputs.inputs)
    assert 100 < len(inputs.ids) < 300 and inputs.classes == list("abcdef")
    missing = construct(dataset, "--shift", "label_set:strength=0.5")
    for half in ("train", "test"):
        assert len(missing[half][1].unique()) == 3
    assert torch.equal(missing["train"][1].unique(), missing["test"][1].unique())


def test_fewer_inputs_are_the_same_whatever_the_shift(dataset):
    few = construct(dataset, "--most-train", "30", "--most-test", "7")
    shifted = construct(dataset, "--most-train", "30", "--shift", "noise:strength=0.5")
    assert len(few["train"][0].ids) == 30 and len(few["test"][0].ids) == 7
    assert torch.equal(few["train"][0].ids, shifted["train"][0].ids)
    assert few["train"][0].ids[0] < 200 < few["train"][0].ids[-1]  # from all of it


def test_a_domain_of_some_classes_labels_them_in_the_order_given(dataset):
    whole, two = construct(dataset), construct(dataset, "--classes", "e", "b")
    for half in ("train", "test"):
        (inputs, labels), (chosen, theirs) = whole[half], two[half]
        assert chosen.classes == ["e", "b"]
        kept = (labels == 4) | (labels == 1)
        assert torch.equal(chosen.ids, inputs.ids[kept])  # the same halves
        assert torch.equal(theirs == 0, labels[kept] == 4)
        assert torch.equal(chosen.inputs, inputs.inputs[kept])
    few = construct(dataset, "--classes", "e", "b", "--most-train", "30")
    assert len(few["train"][1]) == 30
    shifted = construct(dataset, "--classes", "e", "b", "--shift", "label_set:strength=0.5")
    assert len(shifted["train"][1].unique()) == 1
    with pytest.raises(InputError, match="--classes: g is not in the dataset; allowed: a, b, c"):
        construct(dataset, "--classes", "a", "g")
    with pytest.raises(InputError, match="--classes: a class twice"):
        construct(dataset, "--classes", "a", "a")


def test_wrong_strengths_and_empty_domains_are_refused(dataset):
    for flag, says in (
        ("fog:strength=9", "fog has no strength 9"),
        ("fog:severity=2", "is not kind:strength=NUMBER"),
        ("mist:strength=1", "mist is none of noise"),
    ):
        with pytest.raises(InputError, match=says):
            construct(dataset, "--shift", flag)
    rare = [f"label_shift:strength=0.9999999,seed={seed}" for seed in range(9)]
    with pytest.raises(InputError, match="leaves no train row; lower its strength"):
        construct(dataset, *(part for flag in rare for part in ("--shift", flag)))


def test_docs_name_every_dataset_and_shift():
    sets, dials = ((ROOT / "docs" / f"{n}.md").read_text() for n in ("datasets", "shifts"))
    for kind in shifts.known(kinds.load("image")):
        assert f"| `{kind}` |" in dials, kind
    for name in DATASETS:
        if "-c-" not in name and name.split("-")[0] not in (
            "office31", "office", "pacs", "vlcs", "domainnet", "visda2017", "terra"
        ):  # fmt: skip
            assert f"`{name}`" in sets, name
