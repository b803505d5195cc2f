"""Peers are given what our own steps see, and the lines that a user writes are counted alike.

No peer is imported here: their runs are ``make peers``.
"""

import csv
import importlib
import re
import shutil

from distilshift.learning import adaptation, training

import pytest
import torch

CONFIG = {
    "networks": {"cnn": {"teacher": "cnn-3", "student": "cnn-2"}},
    "methods": {"dist": {"loss": "dist", "temperature": 1.0}},
    "training": {
        "adaptation": {
            **{"steps": 7, "batch": 10, "lr": 0.01, "weight_decay": 0.01, "channels_last": True},
            "augmentation": {"rotation": 15, "translation": 0.1, "scale": 0.25},
        },
        "student": {
            **{"steps": 7, "batch": 12, "lr": 0.006, "weight_decay": 0.01},
            "augmentation": {"rotation": 10, "translation": 0.08, "scale": 0.1},
        },
    },
}


@pytest.fixture
def folder(request):
    return request.config.rootpath / "benchmarks" / "peers"


@pytest.fixture
def peers(folder, monkeypatch):
    """peers(name) -> that module of the benchmark."""
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module


@pytest.fixture
def task(peers, chain, tmp_path):
    results = tmp_path / "results"
    for name in ("source", "target"):
        shutil.copytree(chain.path(name), results / "domains" / name)
    to = results / "teachers" / "source" / "cnn" / "seed3" / "weights.safetensors"
    to.parent.mkdir(parents=True)
    shutil.copy(chain.path("teacher", "weights.safetensors"), to)
    return peers("task").Task(results, CONFIG, "source", "target", 3)


def same(one, other):
    assert len(one) == len(other) == 7
    for mine, theirs in zip(one, other, strict=True):
        assert all(map(torch.equal, mine, theirs))


def test_an_adaptation_is_given_the_batches_of_adapt_teacher(task, peers, monkeypatch):
    seen = []

    def method(kind):
        def look(of):
            for step in range(of.steps):
                rows, target = of.source.indices(step), of.target.indices(step)
                views = of.source.view(rows, step), of.target.view(target, step)
                seen.append((views[0], of.labels[rows], views[1]))

        return look

    monkeypatch.setattr(adaptation, "method", method)
    peers("drivers").distilshift(task, "mcc", kind="mcc")
    same(list(task.batches()), seen)


def test_a_student_is_given_the_views_and_first_weights_of_distill_student(
    task, peers, monkeypatch
):
    seen, first = [], {}

    class Seen(Exception):
        pass

    def fit(module, loss_fn, how, *_):
        model = module["model"]
        first.update({name: value.clone() for name, value in model.state_dict().items()})
        model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
        for step in range(how.steps):
            loss_fn(step)
        raise Seen

    monkeypatch.setattr(training, "fit", fit)
    with pytest.raises(Seen):
        peers("drivers").distilshift_dist(task)
    same([(inputs,) for inputs in task.student_batches()], seen)
    mine = task.student_network().state_dict()
    assert first.keys() == mine.keys()
    assert all(torch.equal(first[name], mine[name]) for name in first)


def test_lines_are_those_with_code_of_a_function_and_what_it_calls(peers):
    source = '''
def shared(x):
    """Said of it,

    at length."""
    # why
    return [
        x,
    ]

def other():
    return 0


def driver(x):
    import this  # too

    text = """two
lines"""
    return shared(shared(x)), text
'''
    assert peers("lines").lines(source, "shared") == 4
    assert peers("lines").lines(source, "driver") == 5 + 4


def test_every_row_has_a_driver(peers):
    drivers = peers("drivers")
    assert all(callable(getattr(drivers, name)) for name in peers("compare").ROWS)


def test_the_page_shows_the_table(peers, folder):
    docs = folder.parents[1] / "docs"
    with (docs / "peers.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    page = (docs / "peers.md").read_text(encoding="utf-8")
    assert peers("compare").markdown(table) in page
    pins = dict(re.findall(r"^([\w-]+)==(.+)$", (folder / "requirements.txt").read_text(), re.M))
    assert {one["version"] for one in table} - {"here"} <= set(pins.values())


def test_the_peers_run_on_our_own_pins(folder):
    """A number that differs is not of another torch or numpy."""
    root = folder.parents[1]
    known, peers = (
        dict(re.findall(r"^([\w-]+)==(.+)$", path.read_text(), re.M))
        for path in (root / "constraints.txt", folder / "requirements.txt")
    )
    known = {name.lower(): version for name, version in known.items()}
    shared = {name: known[name.lower()] for name in peers if name.lower() in known}
    differ = {name for name, version in shared.items() if peers[name] != version}
    assert {"torch", "numpy", "scikit-learn"} <= shared.keys()
    assert differ == {"torchmetrics", "setuptools"}  # older ones, for pytorch-adapt
