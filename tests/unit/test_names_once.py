"""Names are written in the registries; the schema that editors read is a copy of them."""

import re

from distilshift import settings
from distilshift.analysis import headlines
from distilshift.analysis.metrics import METRICS
from distilshift.data import kinds
from distilshift.data.shifts import ROW_SHIFTS
from distilshift.learning.adaptations import ADAPTATIONS
from distilshift.learning.losses import NAMES

import pytest
import yaml

WINGS = [kinds.load(name) for name in kinds.KINDS]
DATASETS = {name: entry for wing in WINGS for name, entry in wing.datasets.DATASETS.items()}
SHIFTS = {name: entry for wing in WINGS for name, entry in wing.shifts.SHIFTS.items()}


@pytest.fixture(scope="module")
def schema(request):
    path = request.config.rootpath / "workflow/schemas/config.schema.yaml"
    return yaml.safe_load(path.read_text("utf-8"))


def test_the_schema_for_editors_has_every_dataset(schema):
    listed, pattern, _ = schema["$defs"]["dataset"]["anyOf"]
    corrupted = {name for name in DATASETS if re.search(pattern["pattern"], name)}
    assert len(corrupted) == 2 * 15 * 5
    assert set(listed["enum"]) == set(DATASETS) - corrupted, "copy them into the schema"


def test_it_has_every_shift_adaptation_and_loss(schema):
    definitions, methods = schema["$defs"], schema["properties"]["methods"]
    loss = methods["additionalProperties"]["properties"]["loss"]["enum"]
    kinds = definitions["adaptation"]["properties"]["kind"]["enum"]
    assert set(definitions["kind"]["enum"]) == {*SHIFTS, *ROW_SHIFTS}, "copy them into the schema"
    assert set(kinds) == set(ADAPTATIONS)
    assert sorted(loss) == sorted(NAMES)


def test_it_has_every_headline_and_what_their_columns_are_called(schema):
    assert schema["properties"]["headline"]["enum"] == list(headlines.HEADLINES)
    assert set(headlines.NAMES) == set(headlines.HEADLINES) <= set(METRICS)
    figures = schema["properties"]["figures"]["properties"]
    assert set(headlines.NAMES.values()) < set(figures["columns"]["propertyNames"]["enum"])


def test_no_dataset_or_setting_of_a_kind_has_the_name_of_another_kinds():
    assert len(DATASETS) == sum(len(wing.datasets.DATASETS) for wing in WINGS)
    for group in ("View", "Source"):
        names = [n for wing in WINGS for n in settings.schema(getattr(wing.settings, group))]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("wing", WINGS, ids=kinds.KINDS)
def test_it_has_the_rows_and_views_of_every_kind(schema, wing):
    """Their settings and what these may be; a config may start from other rows than a script."""
    defined = schema["$defs"]["training"]["properties"]["augmentation"]["properties"]
    training = schema["properties"]["training"]["properties"]
    rows = schema["properties"][wing.name]["properties"]
    where = {wing.settings.Input: rows, wing.settings.View: defined, wing.settings.Source: training}
    for group, properties in where.items():
        for name, wanted in settings.schema(group).items():
            found = properties[name]
            free = {"description", "type", "enum"} | ({"default"} if properties is rows else set())
            limits = [{k: v for k, v in way.items() if k not in free} for way in (found, wanted)]
            assert limits[0] == limits[1], f"copy {name} into the schema"
            assert found.get("enum", wanted.get("enum")) == wanted.get("enum")
