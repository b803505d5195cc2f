"""Experiments side by side, on results made by hand."""

from pathlib import Path

from distilshift.analysis import experiments, ladder, metrics
from distilshift.files import tables

import numpy as np
import pandas as pd
import pytest

ROWS = [("source-only", None, 0), ("kd", "none", 1), ("kd", "shot", 1), ("oracle", None, 0)]
SAMPLES = 60


@pytest.fixture
def results(tmp_path):
    """results(name, gain, ...) -> a folder whose distilled rows are right that much more often."""

    def make(folder, gain=0.0, seeds=(0, 1, 2), rows=ROWS, settings=None, **given):
        metrics, predictions = [], []
        for place, (method, adaptation, round_) in enumerate(rows):
            for seed in seeds:
                share = 0.4 + 0.1 * place + gain * (method == "kd")
                draw = np.random.default_rng([seed, place]).random(SAMPLES)  # shared by experiments
                right = draw < share
                known = dict.fromkeys(tables.METRICS)
                known |= {"transfer": "a-to-b", "network": "cnn", "method": method}
                known |= {"adaptation": adaptation, "round": round_, "seed": seed}
                known |= {"domain": "target", "split": "test", "parameters": 9}
                # seeds gain apart, a little, unless they are to gain alike
                own = 1 if given.get("alike") else 1 + (seed - 1) / 100
                values = {"accuracy": right.mean(), "nll": 2 - share * own}
                values |= {"nll_uncalibrated": 0.9 - share * own / 2, "ece_uncalibrated": 0.2}
                metrics += [{**known, "metric": k, "value": v} for k, v in values.items()]
                ids = np.arange(SAMPLES) + given.get("begin", 0)
                samples = {"sample_id": ids, "label": given.get("label", 1)}
                samples["prediction"] = np.where(right, samples["label"], 0)
                predictions.append(pd.DataFrame({**known, **samples})[ladder.PREDICTIONS])
        path = tmp_path / folder
        frame = pd.DataFrame(metrics)
        if given.get("says", True):
            frame["experiment"], frame["config_sha256"] = given.get("name", folder), "0" * 64
            tables.write(frame, path / "metrics.parquet", {"settings": settings or {}})
        else:
            tables.write(frame, path / "metrics.parquet")
        place = path / "transfers" / "a-to-b" / "cnn" / "evaluation"
        tables.write(pd.concat(predictions), place / "predictions.parquet")
        return path

    return make


@pytest.fixture
def compare(run_script, tmp_path):
    """compare(paths...) -> status, what was said, and the folder that the script wrote."""

    def run(*paths):
        out = tmp_path / "out"
        status, shown = run_script("compare_experiments", [*map(str, paths), "--out", str(out)])
        return status, shown, out

    return run


def differences(*paths, metric="accuracy") -> pd.DataFrame:
    """The same without files and figure, by row."""
    given = experiments.told_apart([experiments.load(path) for path in paths])
    return experiments.differences(given, metric).set_index("row")


def read(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "differences.csv").set_index("row")


def test_rows_are_paired_by_seed_and_sample(results, compare):
    paths = results("old"), results("new", gain=0.2)
    status, shown, out = compare(*paths)
    assert status == 0, shown
    found = read(out)
    assert list(found.index) == ["source-only", "kd (none)", "kd (shot)", "oracle"]
    assert set(found["seeds"]) == {3} and set(found["samples"]) == {SAMPLES}
    assert found.loc["source-only", "difference"] == 0
    assert found.loc["source-only", "verdict"] == "no difference shown"
    better = found.loc["kd (shot)"]
    metrics = [pd.read_parquet(path / "metrics.parquet") for path in paths]
    means = [
        m[(m["adaptation"] == "shot") & (m["metric"] == "accuracy")]["value"].mean()
        for m in metrics
    ]
    assert better["difference"] == pytest.approx(means[1] - means[0], abs=1e-6)
    assert 0 < better["difference_low"] < better["difference"] < better["difference_high"] < 0.5
    assert better["verdict"] == "better" and better["p_holm"] < 0.05
    assert all((out / f"differences.{end}").stat().st_size > 1000 for end in ("pdf", "svg", "png"))


def test_the_other_way_round_is_worse_and_lower_nll_is_better(results, compare):
    old, new = results("old"), results("new", gain=0.2)
    found = differences(new, old)
    assert found.loc["kd (none)", "verdict"] == "worse" and found.loc["kd (none)", "difference"] < 0
    found = differences(old, new, metric="nll")
    assert found.loc["kd (none)", "difference"] == pytest.approx(-0.2)
    assert set(found["samples"]) == {0} and found.loc["kd (none)", "verdict"] == "better"


def test_lower_is_better_of_what_was_not_calibrated_too(results):
    found = differences(results("old"), results("new", gain=0.2), metric="nll_uncalibrated")
    assert found.loc["kd (none)", "difference"] < 0
    assert found.loc["kd (none)", "verdict"] == "better"
    for name in metrics.OF_PROBABILITIES:
        assert metrics.calibrated(f"{name}_{metrics.UNCALIBRATED}") in experiments.LOWER


@pytest.mark.parametrize(
    ("metric", "in_points"),
    [("accuracy", True), ("ece_uncalibrated", True), ("nll_uncalibrated", False)],
)
def test_shares_alone_are_drawn_in_points(results, run_script, tmp_path, metric, in_points):
    paths = [str(results("old")), str(results("new", gain=0.2))]  # no value is above 1
    flags = ["--metric", metric, "--out", str(tmp_path / "out")]
    assert run_script("compare_experiments", [*paths, *flags])[0] == 0
    drawn = (tmp_path / "out" / "differences.svg").read_text()
    assert (", points" in drawn) == in_points


def test_every_measure_is_a_share_or_known_as_none():
    others = {"nll", "brier", "teacher_kl"}
    assert {*metrics.METRICS, *metrics.FIDELITY} == {*metrics.SHARES} | others


def test_seeds_that_gain_alike_tell_nothing_without_samples(results):
    old, new = results("old", alike=True), results("new", gain=0.2, alike=True)
    found = differences(old, new, metric="nll").loc["kd (none)"]
    assert found["difference"] == pytest.approx(-0.2) and np.isnan(found["p"])
    assert found["verdict"] == "3 seeds cannot tell"


def test_tables_alone_are_paired_by_seed(results, compare):
    old, new = (results(name, gain) for name, gain in (("old", 0), ("new", 0.2)))
    found = differences(old / "metrics.parquet", new / "metrics.parquet")
    assert set(found["samples"]) == {0} and set(found["seeds"]) == {3}


def test_settings_that_differ_are_told_and_joined(results, compare):
    same = {"image": {"size": 8}, "seeds": [0, 1, 2]}
    old = results("old", settings={**same, "methods": {"kd": {"temperature": 2.0}}})
    shift = [{"kind": "noise", "strength": 0.3}]
    new = results("new", settings={**same, "methods": {"kd": {"temperature": 4.0}}, "shift": shift})
    out = compare(old, new)[2]
    told = pd.read_csv(out / "settings.csv", dtype=str).set_index("setting")
    assert told["old"].dropna().to_dict() == {"methods.kd.temperature": "2.0"}
    assert told["new"].to_dict() == {
        **{"methods.kd.temperature": "4.0"},
        **{"shift.0.kind": "noise", "shift.0.strength": "0.3"},
    }
    joined = pd.read_parquet(out / "joined.parquet")
    assert set(zip(joined["experiment"], joined["methods.kd.temperature"], strict=True)) == {
        ("old", "2.0"),
        ("new", "4.0"),
    }
    assert not joined.duplicated(["experiment", *tables.IDENTITY, "metric"]).any()


def test_two_of_one_name_are_numbered(results, compare):
    one, other = results("one", name="digits"), results("other", name="digits", gain=0.1)
    found = differences(one, other)
    assert set(found["experiment"]) == {"digits (2)"} and set(found["against"]) == {"digits (1)"}


def test_no_two_experiments_are_called_alike():
    """A number that an experiment has of itself is left to it."""
    given = [experiments.Experiment(n, "", {}, None, None) for n in ("x", "x", "x (2)", "y")]
    found = [one.name for one in experiments.told_apart(given)]
    assert found == ["x (1)", "x (3)", "x (2)", "y"]


def test_without_a_row_in_common_there_are_settings_and_no_figure(results, compare):
    status, shown, out = compare(results("one", rows=ROWS[:1]), results("other", rows=ROWS[1:]))
    assert status == 0 and "no row in common" in shown
    assert len(pd.read_csv(out / "differences.csv")) == 0
    assert len(pd.read_parquet(out / "joined.parquet")) == 3 * 4 * 4
    assert not (out / "differences.pdf").exists()


def test_seeds_and_samples_that_are_not_shared_are_not_paired(results, compare):
    first = results("first")
    none = differences(first, results("none", seeds=(7, 8)))
    assert set(none["verdict"]) == {"no seed in common"} and none["difference_low"].isna().all()
    assert set(none["seeds"]) == {0} and none["difference"].notna().all()
    one = differences(first, results("one", seeds=(0, 9)))
    assert set(one["verdict"]) == {"1 seed cannot tell"} and set(one["samples"]) == {SAMPLES}
    relabelled = differences(first, results("relabelled", label=2))
    assert set(relabelled["samples"]) == {0} and set(relabelled["seeds"]) == {3}
    single = results("single", seeds=(0,), label=2)
    assert differences(first, single)["difference_low"].isna().all()


@pytest.mark.parametrize(("shared", "samples"), [(1, 0), (29, 0), (30, 30)])
def test_few_samples_in_common_of_many_are_not_what_an_accuracy_is_of(
    results, compare, shared, samples
):
    first = results("first")
    status, shown, out = compare(first, results("later", gain=0.2, begin=SAMPLES - shared))
    assert status == 0
    assert ("4 rows by seed alone, each on its own test half" in shown) == (samples == 0)
    found = read(out)
    assert set(found["samples"]) == {samples}
    if not samples:
        measured = pd.read_parquet(first / "metrics.parquet").query("metric == 'accuracy'")
        own = measured[measured["adaptation"] == "shot"]["value"].mean()
        assert found.loc["kd (shot)", "value_against"] == pytest.approx(own, abs=1e-6)


def test_a_sample_that_a_seed_was_not_tested_on_is_not_in_common(results):
    first, second = results("first"), results("second")
    path = next(second.glob("transfers/*/*/evaluation/predictions.parquet"))
    predictions = pd.read_parquet(path)
    lost = (predictions["seed"] == 0) & (predictions["sample_id"] < 5)
    tables.write(predictions[~lost], path)
    found = differences(first, second)
    assert set(found["samples"]) == {SAMPLES - 5} and set(found["difference"]) == {0}


def test_a_test_half_of_one_sample_says_that_it_is_one(results, monkeypatch):
    monkeypatch.setitem(globals(), "SAMPLES", 1)
    found = differences(results("first"), results("second"))
    assert set(found["samples"]) == {1}


def test_a_row_is_called_by_its_round_where_either_has_several(results):
    rounds = [("kd", "none", 1), ("kd", "none", 2), ("kd", "none", 3)]
    one, other = results("one", rows=rounds[:1]), results("other", rows=rounds)
    for pair in ((one, other), (other, one)):
        assert list(differences(*pair).index) == ["kd (none), round 1"]


def test_what_was_not_measured_is_no_seed_and_no_verdict(results, compare):
    old, new = results("old"), results("new", gain=0.2)
    metrics = pd.read_parquet(new / "metrics.parquet")
    nll = (metrics["metric"] == "nll") & (metrics["method"] == "kd")
    lost = nll & ((metrics["adaptation"] == "none") | (metrics["seed"] == 0))
    tables.write(metrics.assign(value=metrics["value"].mask(lost)), new / "metrics.parquet")
    found = differences(old, new, metric="nll")
    assert found.loc["kd (none)", "verdict"] == "not measured"
    assert found.loc["kd (none)", "seeds"] == 0 and found.loc["kd (shot)", "seeds"] == 2
    assert found.loc["kd (shot)", "verdict"] == "2 seeds cannot tell"
    assert found.loc["kd (shot)", "difference"] == pytest.approx(-0.2, rel=0.01)
    status, _, out = compare(old, new, "--metric", "nll")
    assert status == 0 and "nan" not in (out / "differences.svg").read_text()


def test_a_table_that_does_not_say_whose_it_is_is_called_by_its_folder(results, compare):
    old = results("old", says=False)
    status, shown, out = compare(old, results("new", settings={"seeds": [0]}))
    assert status == 0 and "old/metrics.parquet does not say of which experiment it is" in shown
    assert set(read(out)["against"]) == {"old"} and len(pd.read_csv(out / "settings.csv")) == 0


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["there"], "give two or more"),
        (["there", "nowhere"], "no such file"),
        (["there", "there", "--metric", "f2"], "has no f2; it has accuracy, ece_uncalibrated, nll"),
    ],
)
def test_what_cannot_be_compared_is_one_line(results, run_script, tmp_path, flags, problem):
    there = results("there")
    given = [
        str(there) if f == "there" else str(tmp_path / f) if f == "nowhere" else f for f in flags
    ]
    status, shown = run_script("compare_experiments", [*given, "--out", str(tmp_path / "out")])
    assert status == 1 and problem in shown and shown.count("error") == 1
