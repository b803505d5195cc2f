"""Folders of pictures in the workflow: a dataset for each place, made again when it changes."""

import json

import numpy as np
import pytest
import tiny
from PIL import Image


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((9, 9, 3), value, np.uint8)).save(path)


def experiment(tmp_path, *places):
    """A project whose domains d0, d1, … are these folders and domains."""
    domains = {
        f"d{n}": {
            "from": {"folder": str(folder), "domain": domain},
            # of one place a target is another domain than its source
            "shift": [{"kind": "gamma", "strength": n / 4}] if n else [],
        }
        for n, (folder, domain) in enumerate(places)
    }
    transfers = [
        {"source": "d0", "target": f"d{n}", "networks": ["cnn"]} for n in range(1, len(places))
    ]
    return tiny.project(tmp_path, domains=domains, transfers=transfers)


def datasets(project):
    """Which datasets would be made, in order."""
    planned = tiny.snakemake(project, "--dry-run").stdout
    return sorted(
        line.split("dataset=")[1] for line in planned.splitlines() if "wildcards: dataset=" in line
    )


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (("pets", "写真"), ("pets", "素描"), False),
        (("pets", "Photo"), ("pets", "photo"), False),
        (("my_pets", "a"), ("my pets", "a"), False),
        (("pets", "a-b"), ("pets-a", "b"), False),
        (("pets", "a"), ("HERE/pets", "a"), True),
        (("pets", "a"), ("./x/../pets/", "a/"), True),
        (("pets", "café"), ("pets", "cafe\u0301"), True),
        (("pets", "a"), ("link", "a"), True),
    ],
)
def test_every_place_is_a_dataset_of_its_own(tmp_path, one, other, are_one):
    (tmp_path / "p" / "pets").mkdir(parents=True)
    (tmp_path / "p" / "link").symlink_to("pets")
    places = [
        (folder.replace("HERE", str(tmp_path / "p")), domain) for folder, domain in (one, other)
    ]
    for folder, domain in places:
        (tmp_path / "p" / folder / domain).mkdir(parents=True, exist_ok=True)
    names = datasets(experiment(tmp_path / "p", *places))
    assert len(names) == len(set(names)) == 2 - are_one, names


def test_a_changed_folder_is_noticed_and_a_finished_experiment_stays(tmp_path):
    project = experiment(tmp_path / "p", ("pets", "写真"), ("pets", "素描"))
    pets = project / "pets"
    for number in range(6):
        for label in ("cat", "dog"):
            put(pets / "写真" / label / f"{number}.png", 10 + number)
            put(pets / "素描" / label / f"{number}.png", 110 + number)
    targets = [f"results/domains/{name}/train_inputs.safetensors" for name in ("d0", "d1")]
    tiny.snakemake(project, "--cores", "2", *targets)
    manifests = list((project / "results/datasets").glob("*/manifest.json"))
    assert len(manifests) == 2
    assert {json.loads(m.read_text())["dataset"] for m in manifests} == {"pets/写真", "pets/素描"}

    def planned():
        done = tiny.snakemake(project, "--dry-run", *targets).stdout
        made = {
            line.split("/")[2] for line in done.splitlines() if "output: results/datasets" in line
        }
        assert made or "Nothing to be done" in done
        return made, done

    assert planned()[0] == set()
    put(pets / "写真" / "cat" / ".ipynb_checkpoints" / "0.png", 3)
    (pets / ".DS_Store").write_bytes(b"x")
    assert planned()[0] == set()
    put(pets / "写真" / "cat" / "new.png", 3)
    photo = {m.parent.name for m in manifests if "写真" in json.loads(m.read_text())["dataset"]}
    assert planned()[0] == photo
    (pets / "写真" / "cat" / "new.png").unlink()
    (pets / "素描" / "owl").mkdir()  # a class of all domains
    assert len(planned()[0]) == 2
    (pets / "素描" / "owl").rmdir()
    assert planned()[0] == set()
    pets.rename(project / "elsewhere")
    made, said = planned()
    assert made == set() and said.count("is not there any more; what was made of it stays") == 2
