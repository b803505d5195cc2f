"""What the explorer shows: runs, their learning curves, and rows of the target that they err on."""

from collections.abc import Iterator

from distilshift import extras
from distilshift.analysis import figures, headlines, ladder

import numpy as np
import pandas as pd

RUN = [*ladder.ROW, "seed"]
MEASURES = [*headlines.HEADLINES, "ece", "nll", "teacher_agreement"]
SHOWN = ["transfer", "network", "row", "seed"]  # what a reader chooses by
POINTS = 60_000  # of all curves: more are thinned out, each curve alike
PANEL = 212  # pixels: four and the names of rows fill a page

# of the predictions, what rows of the target are chosen by
PREDICTIONS = [*RUN, "target", "domain", "split", "sample_id", "name", "class"]
PREDICTIONS += ["predicted_class", "confidence"]


def runs(metrics: pd.DataFrame) -> pd.DataFrame:
    """A line a network and seed, in the ladder's order: who it is, what it reached on the target.

    ``run`` numbers them; ``cell`` and ``kind`` are what a panel and a colour are of.
    """
    found = ladder.rows(metrics).rename(columns={"value": "accuracy"}).reset_index(drop=True)
    for name in MEASURES[1:]:
        measured = ladder.rows(metrics, name)[[*RUN, "value"]].rename(columns={"value": name})
        found = found.merge(measured, on=RUN, how="left")
    found["run"], found["kind"] = range(len(found)), found["method"].map(figures.kind)
    found["cell"] = found["transfer"].str.replace("-to-", " → ") + ", " + found["network"]
    columns = ["run", "cell", "kind", "row", *RUN, *MEASURES]
    columns += ["teacher", "student", "parameters", "training_seconds", "device"]
    return found[columns]


def curves(history: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Fit to the training signal by run and step, of whole epochs, at most ``POINTS``."""
    found = whole_epochs(history.dropna(subset=["fit"]))
    found = found.merge(runs[[*RUN, "run"]], on=RUN)
    every = -(-len(found) // POINTS)
    kept = found.groupby("run").cumcount(ascending=False) % every == 0  # the last one stays
    return found[kept][["run", "step", "fit"]]


def whole_epochs(history: pd.DataFrame) -> pd.DataFrame:
    """The history without what a run measured over a part of an epoch, if it had a whole one."""
    epoch = history.groupby(RUN, dropna=False)["step"].transform("min")
    return history[history["step"] % epoch == 0]


def errors(
    predictions: pd.DataFrame, runs: pd.DataFrame
) -> Iterator[tuple[int, str, pd.DataFrame]]:
    """Where a distilled student disagrees with its teacher, and where both err, most sure first.

    How sure both are is the smaller of their confidences. A teacher that is no network (a
    combination, logits of one's own) said nothing about the test half: then the rows are
    those on which the student errs.

    Args:
        predictions: of one cell, columns ``PREDICTIONS``.

    Yields:
        The run, what its rows are (``disagree``, ``err`` or ``alone``), and the rows:
        target, sample_id, name, class, said and sure of the student, teacher_said and
        teacher_sure.
    """
    kept = (predictions["domain"] == "target") & (predictions["split"] == "test")
    names = {"predicted_class": "said", "confidence": "sure"}
    kept = predictions[kept].rename(columns=names).merge(runs[[*RUN, "run", "kind"]], on=RUN)
    teachers = dict(iter(kept[kept["kind"] == "teacher"].groupby(["adaptation", "seed"])))
    for run, student in kept[kept["kind"] == "distilled"].groupby("run"):
        teacher = teachers.get((student["adaptation"].iloc[0], student["seed"].iloc[0]))
        wrong = student["said"] != student["class"]
        if teacher is None:
            yield run, "alone", student[wrong].sort_values("sure", ascending=False, kind="stable")
            continue
        theirs = teacher[["sample_id", "said", "sure"]].set_index("sample_id")
        both = student.join(theirs.add_prefix("teacher_"), on="sample_id")
        both["least"] = np.minimum(both["sure"], both["teacher_sure"])
        both = both.sort_values("least", ascending=False, kind="stable")
        differ, wrong = both["said"] != both["teacher_said"], both["said"] != both["class"]
        yield run, "disagree", both[differ]
        yield run, "err", both[wrong & (both["teacher_said"] != both["class"])]


def charts(runs: pd.DataFrame, headline: str = "accuracy") -> dict[str, dict]:
    """The ladder and the learning curves in Vega-Lite, of data called ``runs`` and ``curves``.

    Each has parameters by the names of ``SHOWN`` that a page sets: a value, or ``all``.

    Args:
        headline: the measure that the ladder is of.
    """
    altair = extras.load("altair", "explore", "the explorer")
    wanted = [altair.param(name=name, value="all") for name in SHOWN]
    chosen = " && ".join(f"({name} === 'all' || datum.{name} == {name})" for name in SHOWN)
    kinds = {kind: figures.COLOURS[kind] for kind in figures.COLOURS if kind in set(runs["kind"])}
    scale = altair.Scale(domain=list(kinds), range=list(kinds.values()))
    colour = altair.Color("kind:N", title=None, scale=scale, legend=altair.Legend(orient="top"))
    panel = altair.Facet("cell:N", title=None, columns=4, sort=list(runs["cell"].unique()))
    told = [altair.Tooltip(f"{name}:N") for name in SHOWN]
    numbers = {**dict.fromkeys(headlines.HEADLINES, ".2%"), "ece": ".2%", "nll": ".3f"}
    numbers |= {"parameters": ",", "training_seconds": ".1f"}
    told_more = [altair.Tooltip(f"{n}:Q", format=f) for n, f in numbers.items()]
    told_more += [altair.Tooltip("agreement:N", title="agrees with its teacher")]
    agreement = "isValid(datum.{0}) ? format(datum.{0}, '.2%') : 'has none'"
    order = ladder.order(runs.assign(rank=runs["method"].map(ladder.rank)))
    row = altair.Y("row:N", sort=order, title=None, axis=altair.Axis(grid=True, labelLimit=200))
    percent = altair.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    dots = (
        altair.Chart(altair.Data(name="runs"))
        .transform_calculate(agreement=agreement.format("teacher_agreement"))
        .mark_circle(size=70, opacity=0.75, stroke="white", strokeWidth=0.6, cursor="pointer")
        .encode(
            x=altair.X(f"{headline}:Q", title=headlines.NAMES[headline], axis=percent).scale(
                domain=[0, 1]
            ),
            y=row,
            color=colour,
            facet=panel,
            tooltip=[*told, *told_more],
        )
        .properties(width=PANEL, height=altair.Step(19))
    )
    lines = (
        altair.Chart(altair.Data(name="curves"))
        .mark_line(opacity=0.8, strokeWidth=1.6, point={"size": 14, "opacity": 0.8})
        .encode(
            x=altair.X("step:Q", title="step", axis=altair.Axis(tickCount=5)).scale(zero=True),
            y=altair.Y("fit:Q", title="fit to the training signal", axis=percent),
            color=colour,
            detail="run:N",
            facet=panel,
            tooltip=[*told, altair.Tooltip("step:Q"), altair.Tooltip("fit:Q", format=".2%")],
        )
        .properties(width=PANEL, height=130)
    )
    return {
        name: chart.transform_filter(chosen)
        .add_params(*wanted)
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal")
        .configure_header(labelFontSize=12)
        .configure_legend(labelFontSize=12)
        .configure_facet(spacing=14)
        .to_dict()
        for name, chart in {"ladder": dots, "curves": lines}.items()
    }
