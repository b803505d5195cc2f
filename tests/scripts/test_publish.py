"""An experiment's tables are taken over whole, with where they come from."""

import shutil

from distilshift import device
from distilshift.analysis import published
from distilshift.files import documents, tables

import pandas as pd
import pytest
import torch
import yaml

LIST = """
[mine]
config = "mine.yaml"
figures = ["ladder"]
[mine.tables]
mine = "ladder.csv"
mine-runs = "runs"
mine-cost = "seconds"
"""
KD = {"loss": "kd", "temperature": 2.0}
CONFIG = {"seeds": [0, 1], "methods": {"kd": KD}, "domains": {"a": {}}}


@pytest.fixture
def root(made, tmp_path):
    """A checkout with an empty docs/, and beside it results of an experiment ``mine``."""
    results = tmp_path / "results"
    (tmp_path / "docs").mkdir()
    (results / "figures").mkdir(parents=True)
    (tmp_path / "docs" / published.LIST).write_text(LIST)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    shutil.copy(made.path("ladder.csv"), results / "ladder.csv")
    (results / "figures" / "ladder.svg").write_text("<svg/>")
    for place in ("benchmarks/a.tsv", "other/benchmarks/a.tsv"):  # another experiment, below it
        (results / place).parent.mkdir(parents=True)
        (results / place).write_text("s\th:m:s\n2.5\t0:00:02\n")
    record = {"device": "cpu", "training_seconds": 1.0, "torch": torch.__version__}
    for name, processor in (("students", {}), ("teachers", {"processor": "Another"})):
        documents.write(results / name / "record.json", record | processor)
    write(results, made, {**CONFIG, "methods": {"kd": {**KD, "views": "fixed"}}})
    return tmp_path


def write(results, made, settings, name="mine"):
    metrics = tables.read(made.path("metrics.parquet"), "summarize")
    metrics = metrics.assign(experiment=name, config_sha256="0" * 64)
    tables.write(metrics, results / "metrics.parquet", {"settings": settings})
    made_for = results / "transfers/a/b/evaluation/predictions.parquet"
    made_for.parent.mkdir(parents=True, exist_ok=True)
    predictions = tables.read(made.path("evaluation", "predictions.parquet"), "evaluate")
    tables.write(predictions, made_for)


def publish(run_script, root):
    return run_script("publish", ["--results", str(root / "results"), "--root", str(root)])


def test_tables_come_with_what_is_known_about_them(root, run_script):
    status, shown = publish(run_script, root)
    assert status == 0, shown
    found = published.load(root / "docs")
    assert set(found.tables) == {"mine", "mine-runs", "mine-cost"} and not found.missing
    assert (root / "docs/figures/ladder.svg").read_text() == "<svg/>"
    run = found.record["mine"]
    assert (run["jobs"], run["seconds"], run["devices"]) == (1, 2, ["cpu"])
    # where it was run; of records that do not say, here
    assert run["machine"] == ", ".join(sorted(["Another", device.processor()]))
    assert run["settings_sha256"] == documents.sha256(CONFIG)
    runs = found.tables["mine-runs"]
    means = runs.groupby(["method", "adaptation"], dropna=False)["value"].mean()
    ladder = found.tables["mine"].set_index(["method", "adaptation"])["accuracy"]
    assert means.reindex(ladder.index).to_numpy() == pytest.approx(ladder.to_numpy(), abs=1e-6)
    assert set(found.tables["mine-cost"]["kind"]) == {"adaptation", "method"}


def test_runs_are_of_the_headline(root, run_script):
    """They were of accuracy beside a ladder of another measure."""
    (root / "mine.yaml").write_text(yaml.safe_dump({**CONFIG, "headline": "balanced_accuracy"}))
    status, shown = publish(run_script, root)
    assert status == 0, shown
    runs = published.load(root / "docs").tables["mine-runs"]
    assert set(runs["metric"]) == {"balanced_accuracy"}


def test_a_column_that_loses_all_its_values_is_told(root, run_script):
    """As of an extra that is missing; one that never had any is not, nor is the first time."""
    status, shown = publish(run_script, root)
    assert (status, "no value" in shown) == (0, False)
    table = root / "results/ladder.csv"
    held = pd.read_csv(table)
    held.assign(parameters=None).drop(columns="seeds").to_csv(table, index=False)
    status, shown = publish(run_script, root)
    told = f"{root / 'docs/mine.csv'}: has no value any more in parameters, seeds, and had before"
    assert status == 0 and told in shown
    assert "no value" not in publish(run_script, root)[1]


@pytest.mark.parametrize("missing", ["ladder.csv", "figures/ladder.svg"])
def test_what_was_not_made_is_named_before_anything_is_written(missing, root, run_script):
    (root / "results" / missing).unlink()
    before = sorted((root / "docs").rglob("*"))
    status, shown = publish(run_script, root)
    assert status != 0 and f"{missing}: is not there" in shown
    assert sorted((root / "docs").rglob("*")) == before


def test_a_second_time_it_writes_the_same(root, run_script):
    publish(run_script, root)
    before = {path: path.read_bytes() for path in (root / "docs").rglob("*.*")}
    publish(run_script, root)
    assert {path: path.read_bytes() for path in (root / "docs").rglob("*.*")} == before


def test_results_of_another_config_are_refused(root, made, run_script):
    write(root / "results", made, {**CONFIG, "seeds": [0]})
    status, shown = publish(run_script, root)
    assert status == 1 and "is not of mine.yaml.seeds; run the experiment again" in shown
    assert not list((root / "docs").glob("*.csv"))


@pytest.mark.parametrize(
    ("beside", "key"),
    [
        ({"rounds": 2}, "rounds"),
        ({"labels": [5]}, "labels"),
        ({"logits": {"keep": "top5"}}, "logits.keep"),
        ({"domains": {"a": {"shift": [{"kind": "noise", "strength": 1}]}}}, "domains.a.shift"),
        ({"domains": {"a": {}, "b": {}}}, "domains.b"),
        ({"transfers": [{"source": "a", "target": "a", "networks": ["cnn"]}]}, "transfers"),
        ({"methods": {"kd": {**KD, "views": "online"}}}, "methods.kd.views"),
        ({"methods": {"kd": KD, "dist": {"loss": "dist"}}}, "methods.dist"),
        ({"networks": {"cnn": {"teacher": "cnn-4"}}}, "networks.cnn"),
        ({"adaptations": {"none": {}}}, "adaptations.none"),
    ],
)
def test_what_results_have_beside_a_config_is_refused(root, made, run_script, beside, key):
    write(root / "results", made, {**CONFIG, **beside})
    status, shown = publish(run_script, root)
    assert status == 1 and f"is not of mine.yaml.{key}; run the experiment again" in shown


def test_defaults_beside_a_config_are_its_own(root, made, run_script):
    filled = {"domains": {"a": {"shift": []}}, "transfers": [], "rounds": 1, "labels": []}
    method = {"loss": "kd", "temperature": 2.0, "views": "fixed", "source_weight": 0}
    write(root / "results", made, {**CONFIG, **filled, "methods": {"kd": method}})
    given = {**CONFIG, "transfers": [], "methods": {"kd": {}}}
    (root / "mine.yaml").write_text(yaml.safe_dump(given))
    status, shown = publish(run_script, root)
    assert status == 0, shown


def test_results_of_other_versions_are_refused(root, run_script):
    """The versions that are recorded are those of here."""
    record = {"device": "cpu", "training_seconds": 1.0, "torch": "1.13.0+cu117"}
    documents.write(root / "results/students/record.json", record)
    status, shown = publish(run_script, root)
    assert status == 1 and "record.json: was made with torch 1.13.0, and here is 2." in shown
    assert not (root / "docs" / published.RECORD).exists()


def test_results_that_are_not_listed_are_refused(root, made, run_script):
    write(root / "results", made, CONFIG, name="theirs")
    status, shown = publish(run_script, root)
    assert status == 1 and "is theirs, which" in shown and "listed are mine" in shown


def test_a_table_that_is_not_there_yet_is_missing_not_wrong(root):
    assert published.load(root / "docs").missing == ["mine", "mine-runs", "mine-cost"]
