"""What the front page of the report says of an experiment."""

import copy
import types
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "workflow/report/workflow.rst"
PLAIN = {
    "seeds": [0, 1],
    "training": {"student": {"steps": 20, "batch": 8}},
    "networks": {"cnn": {"teacher": "cnn-3", "student": "cnn-2"}},
    "methods": {"kd": {"loss": "kd"}},
    "device": "cpu",
    "labels": [],
    "requirement": {"criterion": "snd", "value": None},
}


def page(**changes):
    """Its text in one line, of a config that differs so."""
    jinja2 = pytest.importorskip("jinja2")
    given = {**copy.deepcopy(PLAIN), **changes}
    text = jinja2.Template(PAGE.read_text()).render(snakemake=types.SimpleNamespace(config=given))
    return " ".join(text.split())


def test_of_a_plain_experiment():
    text = page()
    assert text.startswith("A model carried")
    assert "2 seeds; 20 student steps of 8 inputs, the same in every row; device cpu." in text
    assert "read by evaluation and by the oracle only. No row was selected on the" in text
    assert "1 seed; " in page(seeds=[3])


def test_a_training_of_its_own_is_named():
    own = {"training": {"student": {"steps": 40}}}
    text = page(networks={"cnn": {}, "mlp": own, "vit": {"training": {"teacher": {"steps": 9}}}})
    assert "the same" not in text and "training of its own (mlp);" in text
    text = page(methods={"kd": {}, "long": {"training": {"steps": 40}}})
    assert "the same" not in text and "training of its own (long);" in text


def test_who_reads_labels_is_named():
    text = page(labels=[1, 5])
    assert "evaluation, by the oracle and by rows marked as of few labels. No row" in text
    oracle = {"criterion": "oracle_accuracy", "value": None}
    text = page(requirement=oracle)
    assert "evaluation, by the oracle and by the choice of rounds, whose criterion" in text
    assert "oracle_accuracy. tables/selection.csv is selected on" in text and "No row" not in text
    text = page(requirement=oracle, labels=[5])
    assert "evaluation, by the oracle, by rows marked as of few labels and by the choice" in text
