"""What the config may say is what the scripts take: names, defaults and limits of settings."""

from pathlib import Path

from distilshift import registry
from distilshift.data import archives, kinds
from distilshift.device import Device
from distilshift.image import datasets
from distilshift.image.datasets.classes import CLASSES
from distilshift.learning.settings import Adaptation, Method, Training
from distilshift.settings import schema

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
SECTIONS, DEFINED = SCHEMA["properties"], SCHEMA["$defs"]
OTHERWISE = {"image.size": 32, "image.channels": 3}  # an experiment's, not a script's

GROUPS = {
    "training": (Training, DEFINED["training"]["properties"]),
    "adaptation": (Adaptation, DEFINED["adaptation"]["properties"]),
    "method": (Method, SECTIONS["methods"]["additionalProperties"]["properties"]),
    "device": (Device, SECTIONS),
}
AUGMENTATION = DEFINED["training"]["properties"]["augmentation"]["properties"]
for kind in kinds.KINDS:
    of = kinds.load(kind).settings
    GROUPS[kind] = of.Input, SECTIONS[kind]["properties"]
    GROUPS[f"{kind} views"] = of.View, AUGMENTATION
    GROUPS[f"{kind} sources"] = of.Source, SECTIONS["training"]["properties"]
NAMES = [f"{group}.{name}" for group, (kind, _) in GROUPS.items() for name in schema(kind)]
NOT_OF_A_CONFIG = {"device.gpus", "device.threads"}  # the workflow's own


@pytest.mark.parametrize("name", sorted({*NAMES} - NOT_OF_A_CONFIG))
def test_a_setting_is_the_same_in_the_config(name):
    group, key = name.split(".")
    kind, known = GROUPS[group]
    ours, theirs = schema(kind)[key], known[key]
    limits = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}
    assert {k: theirs.get(k) for k in limits} == {k: ours.get(k) for k in limits}
    assert sorted(theirs.get("enum", [])) == sorted(ours.get("enum", []))
    if "enum" not in theirs:
        assert theirs["type"] == ours["type"]
    if "default" in ours or "default" in theirs:
        assert theirs["default"] == OTHERWISE.get(name, ours["default"])


def test_no_section_has_a_setting_that_no_script_takes():
    for group, more in (
        ("training", {"augmentation"}),
        ("method", {"adaptations", "training", "sweep"}),
        ("adaptation", {"combine", "of", "logits", "training", "strong", "sweep"}),
        *((kind, set()) for kind in kinds.KINDS),
    ):
        kind, known = GROUPS[group]
        assert known.keys() - more == schema(kind).keys()
    for group, section, more in (
        ("views", AUGMENTATION, set()),
        ("sources", SECTIONS["training"]["properties"], {"teacher", "adaptation", "student"}),
    ):
        taken = {key for kind in kinds.KINDS for key in schema(GROUPS[f"{kind} {group}"][0])}
        assert section.keys() - more == taken


def test_the_schema_is_one_that_an_editor_understands():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_classes_that_are_known_before_a_dataset_are_those_it_has(tmp_path):
    for name in ("mnist5k", "optdigits"):
        made = registry.load(datasets.__name__, datasets.DATASETS[name])
        assert made(archives.Finder(None, tmp_path)).classes == CLASSES[name]
    assert CLASSES.keys() <= {name.replace("-c-fog-1", "-c") for name in datasets.DATASETS}
