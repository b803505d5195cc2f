"""What the paper says in words that its numbers must bear: each a question to the tables.

A sentence that the published tables do not bear is marked in the paper, ``#so("name")[...]``, so
that another run cannot leave it standing beside numbers that say the opposite.
"""

import re
from collections.abc import Callable

from distilshift.analysis import findings, ladder, listings
from distilshift.analysis.findings import CNN, MLP
from distilshift.analysis.listings import Tables

import pandas as pd

# the transfers of the default experiment that the paper speaks of
TO_MNIST, TURNED = "optdigits-to-mnist5k", "mnist5k-to-mnist5k-rotated"


def by_row(table: pd.DataFrame, *transfers: str, column: str | None = None) -> pd.DataFrame:
    """A line a transfer and network, a column a row: its headline, or another column."""
    kept = table[table["transfer"].isin(transfers)] if transfers else table
    measure = column or ladder.headline(table)
    return kept.pivot_table(index=ladder.CELL, columns="row", values=measure)


def less(table: pd.DataFrame, low: str, high: str, *transfers: str) -> bool:
    """Whether one row is below another in every line."""
    found = by_row(table, *transfers)
    return (found[low] < found[high]).all()


def steps(tables: Tables, network: str) -> pd.DataFrame:
    """What each step adds and its interval, by transfer and step."""
    table = tables["decomposition"]
    chosen = table[table["network"] == network].set_index(["step", "transfer"])
    return chosen[["increment", "increment_low", "increment_high"]]


def nothing(increments: pd.DataFrame) -> pd.Series:
    """Whether the interval holds 0."""
    return (increments["increment_low"] <= 0) & (increments["increment_high"] >= 0)


def largest_is_adaptation(tables: Tables) -> bool:
    increments = steps(tables, CNN)["increment"].xs(TO_MNIST, level="transfer")
    return increments.idxmax() == "adaptation"


def lines_differ_more(tables: Tables) -> bool:
    """The range over adaptations in each of the CNN's cells against what `dist` gains on `kd`."""
    rows = findings.students(tables["methods"], network=CNN, method="dist")
    grouped = rows.groupby("transfer")["gap_recovered"]
    return (grouped.max() - grouped.min()).min() > findings.gained_by_dist(tables, CNN).max()


def of_spam(tables: Tables, *criteria: str) -> pd.DataFrame:
    """What these pick on spam among the teachers on a frozen encoder, and what they lose."""
    table = listings.with_lost(tables["spam-validators"])
    asked = (table["among"] == "teachers") & (table["network"] == "minilm")
    return table[asked & table["validator"].isin(criteria)]


def evenness_misleads(tables: Tables) -> bool:
    """Whether on spam these pick information maximisation's teacher, and lose by it."""
    found = of_spam(tables, "information_maximisation", "bnm")
    return found["picks"].str.fullmatch(r"joint \d+").all() and (found["lost"] > 0).all()


def neighbours_see_it(tables: Tables) -> bool:
    """Whether the order that neighbours may contradict picks another there, the best."""
    found = of_spam(tables, "teacher_first")
    return found["picks"].str.fullmatch(r"spread \d+").all() and (found["lost"] == 0).all()


def seeds_mislead(tables: Tables) -> bool:
    """Whether to ask other seeds takes the joint teacher one way alone, and loses the other way."""
    table = listings.with_lost(tables["speech-validators"])
    found = table[table["among"] == "teachers"].set_index(["validator", "transfer"])
    one, other = "flite-to-espeak", "espeak-to-flite"
    joint = re.fullmatch(r"joint \d+", found["picks"]["teacher_first", one])
    lost = found["lost"]
    return bool(joint) and lost["teacher_first", other] > lost["bnm", other]


def none_sees_exchange(tables: Tables) -> bool:
    """Whether on languages each of these takes a teacher that loses, both ways."""
    table = listings.with_lost(tables["languages-validators"])
    asked = ("information_maximisation", "bnm", "seed_agreement", "teacher_first")
    found = table[(table["among"] == "teachers") & table["validator"].isin(asked)]
    return (found["lost"] > 0).all()


def simple_losses_win(tables: Tables) -> bool:
    """In the mean all but CORAL, and SHOT alone with an interval apart."""
    columns = ("gap_recovered", "gap_recovered_low", "gap_recovered_high")
    mean, low, high = (
        by_row(tables["methods"], TO_MNIST, column=name).loc[TO_MNIST, CNN] for name in columns
    )
    simple = [f"dist ({name})" for name in ("bnm", "mcc", "mmd")]
    shot, adversaries = "dist (shot)", ["dist (dann)", "dist (cdan)"]
    above = mean[[*simple, shot]].min() > mean[adversaries].max()
    alone = low[simple].max() <= high[adversaries].max() < low[shot]
    return above and alone and mean["dist (coral)"] < mean["dist (cdan)"]


def counting_costs(tables: Tables) -> bool:
    """Whether from optdigits shares that are counted are worse than even ones or the source's."""
    rows, where = tables["class-shares"], f"{TO_MNIST}-shares"
    others = ("dist (posed-shot)", "dist (posed-sinkhorn)")
    return all(less(rows, "dist (posed-shares)", other, where) for other in others)


def backgrounds_are_least(tables: Tables) -> bool:
    gaps = by_row(tables["dial"], column="gap_recovered")["dist (posed-joint)"]
    return gaps.idxmin()[0] == "fashion-to-fashion-background-1.0"


def of_teachers(tables: Tables, what: str) -> pd.Series:
    """Of each criterion the mean over the cells: `spearman`, or accuracy `lost`."""
    table = listings.with_lost(tables["methods-validators"])
    return table[table["among"] == "teachers"].groupby("validator")[what].mean()


def calibrates(tables: Tables) -> bool:
    before, then = (
        findings.after(tables["calibration"], what) for what in ("ece_uncalibrated", "ece")
    )
    return (then < before).all()


def passes_oracle(table: pd.DataFrame, *transfers: str) -> bool:
    """Whether the last student of each does."""
    students = table[listings.is_student(table)]
    return less(table, "oracle", students["row"].iloc[-1], *transfers)


# name: the table that is asked, and the question
CLAIMS: dict[str, tuple[str, Callable[[Tables], bool]]] = {
    "labels add nothing": ("decomposition", lambda t: nothing(steps(t, CNN).loc["labels"]).all()),
    "labels add to perceptrons": (
        "decomposition",
        lambda t: (steps(t, MLP).loc["labels", "increment_low"] > 0).all(),
    ),
    "adaptation is largest": ("decomposition", largest_is_adaptation),
    "statistics add nothing": (
        "decomposition",
        lambda t: nothing(steps(t, CNN).loc["BatchNorm"])[TURNED],
    ),
    "counting costs": ("class-shares", counting_costs),
    "dkd loses": ("methods", lambda t: (findings.lost_by_dkd(t) > 0).all()),
    "lines differ more": ("methods", lines_differ_more),
    "simple losses win": ("methods", simple_losses_win),
    "pose is needed": (
        "methods",
        lambda t: less(t["methods"], "dist (adabn)", "dist (posed-adabn)", TO_MNIST),
    ),
    "fixmatch harms": ("methods", lambda t: (findings.fixmatch(t) < 0).all()),
    "backgrounds are least": ("dial", backgrounds_are_least),
    "turns harm statistics": (
        "dial",
        lambda t: less(t["dial"], "dist (adabn)", "source-only", "fashion-to-fashion-rotation-90"),
    ),
    "labels help confusion": (
        "speech",
        lambda t: less(t["speech"], "dist (mcc)", "dist (joint)"),
    ),
    "seeds mislead": ("speech-validators", seeds_mislead),
    "none sees exchange": ("languages-validators", none_sees_exchange),
    "the student limits": (
        "speech-noise",
        lambda t: less(t["speech-noise"], "oracle", "teacher (joint)"),
    ),
    "languages are harmed": (
        "languages",
        lambda t: (by_row(t["languages"], column="gap_recovered_high")["dist (joint)"] < 0).all(),
    ),
    "tweets pass": (
        "sentiment-minilm",
        lambda t: passes_oracle(t["sentiment-minilm"], "amazon-to-tweets", "movies-to-tweets"),
    ),
    "seeds lose least": (
        "methods-validators",
        # teacher_first orders teachers as they do
        lambda t: (lost := of_teachers(t, "lost"))["seed_agreement"] == lost.min(),
    ),
    "source says nothing": (
        "methods-validators",
        lambda t: of_teachers(t, "spearman")["source_accuracy"] <= 0,
    ),
    "evenness misleads": ("spam-validators", evenness_misleads),
    "neighbours see it": ("spam-validators", neighbours_see_it),
    "temperature calibrates": ("calibration", calibrates),
}


def hold(tables: Tables) -> dict[str, bool]:
    """Of each claim whose table is published whether it holds; not, where its rows are gone."""
    found = {}
    for name, (of, question) in CLAIMS.items():
        if of in tables:
            try:
                found[name] = bool(question(tables))
            except KeyError:
                found[name] = False
    return found
