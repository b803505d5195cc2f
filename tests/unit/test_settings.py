"""Groups of settings: checked by whoever makes them, the same as flags, schema and header."""

import argparse
import dataclasses

from distilshift import settings
from distilshift.errors import InputError
from distilshift.image.settings import Input, View
from distilshift.learning.artefacts import Artefacts
from distilshift.learning.settings import Adaptation, Method, Run, Training

import jsonschema
import pytest

GROUPS = [Training, Run, Method, View, Input]


def parsed(group, *flags, several=False):
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser, group, "group", several)
    return parser.parse_args(flags)


@pytest.mark.parametrize("group", GROUPS)
def test_flags_without_a_value_give_the_defaults(group):
    assert group.given(parsed(group)) == group()


@pytest.mark.parametrize(
    ("group", "name", "value", "message"),
    [
        (Training, "steps", 0, "steps: must be at least 1, got 0"),
        (Training, "steps", 20.0, "steps: must be of type int, got 20.0"),
        (Training, "steps", True, "steps: must be of type int, got True"),
        (Training, "lr", float("nan"), "lr: must be a finite number, got nan"),
        (Training, "lr", 0.0, "lr: must be above 0, got 0"),
        (Training, "lr", "0.1", "lr: must be of type float, got '0.1'"),
        (Training, "precision", "float8", "precision: got float8; allowed: float32, bfloat16"),
        (Training, "compile", 1, "compile: must be of type bool, got 1"),
        (Method, "confidence", 1.0, "confidence: must be at least 0 and below 1, got 1"),
        (Method, "budget", "top0", "budget: must be full, hard or top<k>"),
        (View, "scale", 1.0, "scale: must be at least 0 and below 1, got 1"),
        (Input, "channels", 2, "channels: got 2; allowed: 1, 3"),
    ],
)
def test_a_notebook_is_told_what_a_flag_is_told(group, name, value, message):
    with pytest.raises(InputError) as caught:
        group(**{name: value})
    assert message in str(caught.value)


def test_a_whole_number_will_do_for_a_number():
    assert Training(lr=1).lr == 1


def test_what_has_no_default_must_be_given(capsys):
    with pytest.raises(SystemExit):
        parsed(Adaptation)
    assert "--kind" in capsys.readouterr().err
    assert Adaptation.given(parsed(Adaptation, "--kind", "mcc", "--pose")).pose


def test_settings_cannot_be_changed_unseen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Training().steps = 3


@pytest.mark.parametrize("group", GROUPS[:1] + GROUPS[2:])
def test_the_schema_allows_what_the_group_allows(group):
    schema = {"type": "object", "properties": settings.schema(group)}
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(group().facts()))
    for field in dataclasses.fields(group):
        if "at_least" in field.metadata["limits"]:
            below = field.metadata["limits"]["at_least"] - 1
            assert list(validator.iter_errors({field.name: below})), field.name
            with pytest.raises(InputError):
                group(**{field.name: below})


def test_each_run_of_a_job_has_its_own_and_shares_the_rest():
    flags = ["--seed", "3", "4", "--state", "a", "b", "--save-seconds", "5"]
    runs = Run.each(parsed(Run, *flags, several=True))
    assert [(run.seed, str(run.state), run.save_seconds) for run in runs] == [
        (3, "a", 5.0),
        (4, "b", 5.0),
    ]
    one = parsed(Artefacts, "--weights", "w", "--history", "h", "--record", "r", several=True)
    assert len(Artefacts.each(one)) == 1
    with pytest.raises(InputError, match=r"--state: 2 given for 3 runs; give one for each run"):
        Run.each(parsed(Run, "--seed", "1", "2", "3", "--state", "a", "b", several=True))


def test_texts_of_a_kind_of_data_are_settings():
    assert View.parsed(["rotation=5", "scale=0.2"], "--augmentation") == View(5.0, 0.08, 0.2)
    with pytest.raises(InputError, match=r"--augmentation: got turn=5; allowed: rotation, tran"):
        View.parsed(["turn=5"], "--augmentation")
    with pytest.raises(InputError, match=r"--augmentation rotation: must be float, got x"):
        View.parsed(["rotation=x"], "--augmentation")
