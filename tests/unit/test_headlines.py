"""A headline's values: their mean is the measure, and its interval that of resampled samples."""

from distilshift.analysis import comparisons, headlines, ladder, metrics, statistics

import numpy as np
import pandas as pd
import pytest
from tests.unit.test_ladder import LADDER, measured

CLASSES = 3
OTHERS = [name for name in headlines.HEADLINES if name != "accuracy"]


def drawn(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions (2, 4, N) and labels (N,) of classes that are not equally common."""
    generator = np.random.default_rng(0)
    labels = generator.choice(CLASSES, samples, p=[0.7, 0.25, 0.05])
    said = generator.integers(CLASSES, size=(2, 4, samples))
    return np.where(generator.random(said.shape) < 0.6, labels, said), labels


@pytest.mark.parametrize("headline", headlines.HEADLINES)
def test_the_mean_of_the_values_is_the_measure(headline):
    predictions, labels = drawn(200)
    found = headlines.values(headline, predictions, labels).mean(2)
    measure = metrics.METRICS[headline]
    expected = [[measure(np.eye(CLASSES)[seed], labels) for seed in row] for row in predictions]
    assert found == pytest.approx(np.array(expected))


@pytest.mark.parametrize("headline", headlines.HEADLINES)
def test_the_values_spread_as_the_measure_does_over_new_samples(headline):
    predictions, labels = drawn(600)
    one = predictions[:1, :1]
    values = headlines.values(headline, one, labels)
    expected = values.std() / np.sqrt(len(labels))
    generator, again = np.random.default_rng(1), []
    for _ in range(1000):
        draw = generator.integers(len(labels), size=len(labels))
        logits = np.eye(CLASSES)[one[0, 0, draw]]
        again.append(metrics.METRICS[headline](logits, labels[draw]))
    # 1000 resamples know a spread to 2 %
    assert np.std(again) == pytest.approx(expected, rel=0.1)


def test_a_class_that_is_only_predicted_or_never_there_counts_as_in_the_metrics():
    labels, said = np.array([0, 0, 2, 2]), np.array([[[0, 4, 2, 0]]])
    for headline in OTHERS:
        found = headlines.values(headline, said, labels).mean()
        assert found == pytest.approx(metrics.METRICS[headline](np.eye(6)[said[0, 0]], labels))


def imbalanced() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ladder's samples, the last four of a class of their own: metrics and predictions."""
    _, predictions = measured(LADDER)
    last = predictions["sample_id"] >= 16
    predictions.loc[last, "label"] = 0
    predictions.loc[last, "prediction"] = 1 - predictions.loc[last, "prediction"]
    keys = [*ladder.ROW, "seed"]
    lines = []
    for key, of in predictions.groupby(keys, dropna=False, sort=False):
        known = dict(zip(keys, key, strict=True)) | {"domain": "target", "parameters": 10}
        logits = np.eye(2)[of["prediction"].to_numpy()]
        for name in headlines.HEADLINES:
            value = metrics.METRICS[name](logits, of["label"].to_numpy())
            lines.append({**known, "metric": name, "value": value})
    return pd.DataFrame(lines), predictions


@pytest.mark.parametrize("headline", headlines.HEADLINES)
def test_the_ladder_is_of_the_headline_and_the_others_stand_beside(headline):
    measurements, predictions = imbalanced()
    table = ladder.table(measurements, predictions, headline).set_index("row")
    assert ladder.headline(table) == headline
    for name in headlines.HEADLINES:
        means = ladder.rows(measurements, name).groupby("row")["value"].mean()
        assert table[name].to_numpy() == pytest.approx(means.loc[table.index].to_numpy())
        assert (f"{name}_low" in table) == (name == headline)
    low, high = (table.loc[end, headline] for end in ("source-only", "oracle"))
    gap = (table[headline] - low) / (high - low)
    assert table["gap_recovered"].to_numpy() == pytest.approx(gap.to_numpy())


def test_no_interval_leaves_what_a_measure_can_be():
    seldom = {("source-only", None, 0): [0.0] * 3, ("oracle", None, 0): [0.95] * 3}
    _, predictions = measured(seldom | {("kd", "none", 1): [0.95] * 3})
    rare = predictions["sample_id"] >= 17  # of three, all but one right
    predictions.loc[rare, ["label", "prediction"]] = 1 - predictions[["label", "prediction"]]
    cell = next(ladder.cells(predictions, "balanced_accuracy"))
    at, other = cell.distilled()[0], cell.place(method="source-only")
    given = cell.resampled()
    assert statistics.bca(given, statistics.itself, at).high > 1  # of what stands for it
    assert statistics.bca(given, np.subtract, at, other).high > 1
    known = predictions[[*ladder.ROW]].drop_duplicates()
    known = known.assign(metric="accuracy", domain="target", value=0.0, parameters=10)
    known = pd.concat([known.assign(metric=name) for name in (*OTHERS, "accuracy", "auc")])
    table = ladder.table(known, predictions, "balanced_accuracy").set_index("row")
    assert 0 < table.loc["kd (none)", "balanced_accuracy_low"] < 5 / 6
    assert table.loc["kd (none)", "balanced_accuracy_high"] == 1
    compared, steps = comparisons.compare([cell]), comparisons.decompose([cell])
    assert compared.loc[compared["against"] == "source-only", "difference_high"].item() == 1
    assert steps["increment_high"].max() == 1


def test_without_another_headline_a_balanced_ladder_has_the_columns_it_had():
    table = ladder.table(*measured(LADDER))  # of one class
    assert not set(OTHERS) & set(table.columns)


def test_a_verdict_may_turn_with_the_headline():
    labels = np.repeat([0, 1], [90, 10])
    always, other = np.zeros(100, int), np.where(np.arange(100) < 40, 1, labels)
    said = np.stack([np.stack([row] * 3) for row in (always, other)])
    signs = {
        headline: np.sign(np.subtract(*headlines.values(headline, said, labels).mean((1, 2))))
        for headline in headlines.HEADLINES
    }
    assert signs["accuracy"] == 1
    assert signs["balanced_accuracy"] == -1
    values = headlines.values("balanced_accuracy", said, labels)
    given = statistics.resample(values, "a", "b")
    assert statistics.bca(given, np.subtract, 1, 0).low > 0
