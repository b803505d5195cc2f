"""Experiments side by side: in what their settings differ, and in what they reach."""

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distilshift import cli
from distilshift.analysis import ladder, metrics, statistics
from distilshift.errors import InputError, rerun
from distilshift.files import tables

import numpy as np
import pandas as pd

ROW = ["method", "adaptation", "round"]
LOWER = ("nll", "brier", "ece", "teacher_kl", "errors_copied")  # the lower, the better
FEWEST = 30  # samples in common that an accuracy is of, where the test halves have more
COLUMNS = [*ladder.CELL, *ROW, "row", "experiment", "against", "metric", "value", "value_against"]
COLUMNS += ["difference", "difference_low", "difference_high", "seeds", "samples", "p", "p_holm"]
COLUMNS += ["verdict"]


class Experiment(NamedTuple):
    """What an experiment has reached.

    settings: its config, keys joined by dots; empty where the table does not say.
    predictions: columns ``ladder.PREDICTIONS``; None where only the tidy table is given.
    """

    name: str
    sha256: str
    settings: dict[str, object]
    metrics: pd.DataFrame
    predictions: pd.DataFrame | None


def load(path: Path) -> Experiment:
    """The experiment of a results folder, or of its ``metrics.parquet`` alone.

    A table from before it said of which experiment it is has the folder's name, and no settings.

    Raises:
        InputError: there is no such table, or it is none.
    """
    is_folder = path.is_dir()
    table = path / "metrics.parquet" if is_folder else path
    measured = tables.read(table, "summarize")
    if missing := [name for name in tables.METRICS if name not in measured]:
        raise InputError(table, f"has no column {', '.join(missing)}", rerun("summarize"))
    said = tables.about(table, "summarize")
    if said is None or "experiment" not in measured:
        cli.warn(f"{table} does not say of which experiment it is; its settings are not known")
        name, sha256, said = table.absolute().parent.name, "", {"settings": {}}
    else:
        name, sha256 = measured["experiment"].iloc[0], measured["config_sha256"].iloc[0]
    predictions = None
    if is_folder:
        files = sorted(path.glob("transfers/*/*/evaluation/predictions.parquet"))
        if not files:
            raise InputError(path, "holds no predictions", "give its metrics.parquet instead")
        predictions = tables.read_all(files, "evaluate", ladder.PREDICTIONS)
    return Experiment(name, sha256, flat(said["settings"]), measured, predictions)


def flat(settings: object, before: str = "") -> dict[str, object]:
    """A config with its keys joined by dots, as its errors name them; lists of texts stay."""
    if isinstance(settings, list) and any(isinstance(one, (dict, list)) for one in settings):
        settings = {str(number): one for number, one in enumerate(settings)}
    if not isinstance(settings, dict) or not settings:
        return {before: settings} if before else {}
    found = {}
    for key, value in settings.items():
        found |= flat(value, f"{before}.{key}" if before else key)
    return found


def told_apart(experiments: Sequence[Experiment]) -> list[Experiment]:
    """The same, those of one name numbered in the order they are given, by no other's name."""
    counts = Counter(one.name for one in experiments)
    taken, found = set(counts), []
    for one in experiments:
        name = one.name
        if counts[name] > 1:
            names = (f"{name} ({number})" for number in itertools.count(1))
            name = next(unused for unused in names if unused not in taken)
        taken.add(name)
        found.append(one._replace(name=name))
    return found


def settings(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """The settings that differ, a line each, a column an experiment; blank where one has none.

    An experiment whose settings are not known differs in none.
    """
    known = [at for at, one in enumerate(experiments) if one.settings]
    keys = dict.fromkeys(key for one in experiments for key in one.settings)
    lines = {
        key: [text(one.settings[key]) if key in one.settings else None for one in experiments]
        for key in keys
    }
    differing = {k: values for k, values in lines.items() if len({values[at] for at in known}) > 1}
    names = [one.name for one in experiments]
    found = pd.DataFrame.from_dict(differing, orient="index", columns=names, dtype=object)
    return found.rename_axis("setting").reset_index()


def text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def joined(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """All measurements, one below the other, with the experiment and its settings that differ."""
    differing = settings(experiments).set_index("setting")
    parts = []
    for one in experiments:
        known = {"experiment": one.name, "config_sha256": one.sha256}
        columns = [name for name in one.metrics if name not in known]
        part = one.metrics[columns].assign(**known)
        own = {key: differing.loc[key, one.name] for key in differing.index}
        parts.append(pd.concat([part, pd.DataFrame(own, index=part.index)], axis="columns"))
    return pd.concat(parts, ignore_index=True)


def differences(experiments: Sequence[Experiment], metric: str) -> pd.DataFrame:
    """Each row of each experiment less the same row of the first, on the target's test half.

    Paired by the seeds that both have and, for accuracy where both have their predictions,
    by the samples that both were tested on under the same label: 95 % intervals, p values
    and verdicts as of ``comparisons.compare``, p after Holm in a transfer, network and
    experiment. Without a shared seed the means differ and nothing more is known. Seeds that
    either has not measured are not shared.
    """
    first, *others = experiments
    of_first = measured(first, metric)
    lines = []
    for other in others:
        of_other = measured(other, metric)
        pairs = of_first.merge(of_other, on=ladder.ROW, suffixes=("_against", ""))
        for key, pair in pairs.groupby(ladder.ROW, sort=False, dropna=False):
            known = dict(zip(ladder.ROW, key, strict=True))
            known |= {"experiment": other.name, "against": first.name, "metric": metric}
            whole = [mean(of, known) for of in (of_other, of_first)]
            both = pair[pair["seed"] == pair["seed_against"]].sort_values("seed")
            both = both.dropna(subset=["value", "value_against"])
            lines.append({**known, **paired(first, other, known, both, whole)})
    found = pd.DataFrame(lines, columns=[name for name in COLUMNS if name != "row"])
    # a row that one of them learned again is none of its last, so its name has the round
    rounds = max(one.metrics["round"].max() for one in experiments)
    labels = [ladder.label(m, a, r, rounds) for m, a, r in found[ROW].to_numpy()]
    found.insert(COLUMNS.index("row"), "row", labels)
    family = found.groupby([*ladder.CELL, "experiment"], sort=False)["p"]
    found["p_holm"] = family.transform(statistics.holm).astype(float)
    lower = metrics.calibrated(metric) in LOWER
    found["verdict"] = [verdict(line, lower) for line in found.itertuples()]
    return found


def measured(one: Experiment, metric: str) -> pd.DataFrame:
    """Row, seed and value of one metric on the target's test half.

    Raises:
        InputError: the metric was not measured.
    """
    found = one.metrics[(one.metrics["metric"] == metric) & (one.metrics["domain"] == "target")]
    if found.empty:
        known = sorted(one.metrics["metric"].unique())
        raise InputError("--metric", f"{one.name} has no {metric}", f"it has {', '.join(known)}")
    return found[[*ladder.ROW, "seed", "value"]]


def mean(measured: pd.DataFrame, known: dict) -> float:
    """Of the seeds of a row."""
    return measured[is_of(measured, known)]["value"].mean()


def is_of(frame: pd.DataFrame, known: dict) -> pd.Series:
    """Which lines are of that row; a yardstick's adaptation is blank."""
    same = [
        frame[name].isna() if pd.isna(known[name]) else frame[name] == known[name]
        for name in ladder.ROW
    ]
    return pd.concat(same, axis="columns").all(axis="columns")


def paired(
    first: Experiment, other: Experiment, known: dict, both: pd.DataFrame, whole: list[float]
) -> dict:
    """The difference of a row on the seeds that both have, with what can be said of it."""
    if both.empty:
        return {
            **{"value": whole[0], "value_against": whole[1], "difference": whole[0] - whole[1]},
            **{"seeds": 0, "samples": 0, "p": np.nan},
        }
    found = None
    if known["metric"] == "accuracy":
        found = of_samples(first, other, known, list(both["seed"]))
    by_seed = both[["value", "value_against"]].to_numpy().T[:, :, None]  # (2, S, 1)
    values = by_seed if found is None else found
    _, seeds, samples = values.shape
    resampled = statistics.resample(values, known["transfer"], known["network"])
    difference = statistics.bca(resampled, np.subtract, 0, 1)
    if values[0].size == 1:  # one number of each: no spread is known
        difference = difference._replace(low=np.nan, high=np.nan)
    return {
        **{"value": values[0].mean(), "value_against": values[1].mean()},
        **{"difference": difference.value, "difference_low": difference.low},
        **{"difference_high": difference.high, "seeds": seeds},
        **{"samples": 0 if found is None else samples},
        "p": statistics.paired_test(*values),
    }


def of_samples(
    first: Experiment, other: Experiment, known: dict, seeds: list[int]
) -> np.ndarray | None:
    """(2, S, N): whether the other and the first are right on the samples that both have.

    None where either's predictions are not there, or the samples are others: a label that
    differs says that an id means something else. None too where they are fewer than
    ``FEWEST`` of more: their accuracy would not be that of either's test half.
    """
    right, labels = [], []
    for one in (other, first):
        if one.predictions is None:
            return None
        found = one.predictions[is_of(one.predictions, known)]
        found = found[(found["domain"] == "target") & (found["split"] == "test")]
        found = found[found["seed"].isin(seeds)]
        found = found.assign(right=found["prediction"] == found["label"])
        wide = found.pivot(index="seed", columns="sample_id", values="right").sort_index()
        right.append(wide.dropna(axis="columns"))  # of every seed: a blank would count as right
        labels.append(found.drop_duplicates("sample_id").set_index("sample_id")["label"])
    shared = right[0].columns.intersection(right[1].columns).sort_values()
    fewest = max(1, min(FEWEST, *(one.shape[1] for one in right)))
    if len(shared) < fewest or not (labels[0][shared] == labels[1][shared]).all():
        return None
    return np.stack([one[shared].to_numpy(bool) for one in right])


def verdict(line: NamedTuple, lower_is_better: bool) -> str:
    """``better`` and ``worse`` of the experiment, by its metric; or why neither can be said."""
    if np.isnan(line.difference):
        return "not measured"
    if line.seeds == 0:
        return "no seed in common"
    ends = [line.difference_low, line.difference_high]
    interval = statistics.Interval(line.difference, *ends)
    if lower_is_better:
        interval = statistics.Interval(-line.difference, -ends[1], -ends[0])
    return statistics.verdict(interval, line.p_holm, line.seeds)
