"""Names are written in the registries; the schema that editors read is a copy of them."""

import re

from distilshift.data.shifts import ROW_SHIFTS
from distilshift.image.datasets import DATASETS
from distilshift.image.shifts import SHIFTS
from distilshift.learning.adaptations import ADAPTATIONS
from distilshift.learning.losses import NAMES

import pytest
import yaml


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
