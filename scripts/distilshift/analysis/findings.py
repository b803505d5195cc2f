"""Every number that README, docs/ and the paper say in a sentence, by name.

``numbers`` knows two kinds. Those of a table's lines go by what the line is:
``methods/optdigits-to-mnist5k/cnn/dist (posed-joint)/gap-interval``. Those of several lines
are the functions of ``DERIVED``.
"""

from collections.abc import Callable, Iterator, Mapping

from distilshift.analysis import ladder, listings
from distilshift.analysis.listings import Tables, interval, percent

import pandas as pd

CNN, MLP = "cnn", "mlp"


def numbers(tables: Tables, record: Mapping[str, dict]) -> dict[str, str]:
    """All that can be said of the tables that are there, and of the runs that made them."""
    found = of_runs(record)
    for name, table in tables.items():
        if {"row", "gap_recovered"} <= set(table):
            found |= of_ladder(name, table)
    for name, make in (
        ("decomposition", of_decomposition),
        ("calibration", of_calibration),
        ("methods-validators", of_validators),
        ("cost", of_cost),
        ("methods-cost", of_seconds),
        ("transferred", of_transferred),
    ):
        if name in tables:
            found |= make(name, tables)
    if any(name.endswith("-validators") for name in tables):
        found |= of_choices(tables)
    for name, (needed, make) in DERIVED.items():
        if needed in tables:
            found[name] = make(tables)
    return found


def of_ladder(name: str, table: pd.DataFrame) -> dict[str, str]:
    headline, found = ladder.headline(table), {}
    for line in table.itertuples():
        key = f"{name}/{line.transfer}/{line.network}/{line.row}"
        ends = [getattr(line, headline + end) for end in ("", "_low", "_high")]
        found |= {
            f"{key}/{headline}": percent(ends[0], 1),
            f"{key}/{headline}-interval": interval(*ends, digits=1),
            f"{key}/gap": percent(line.gap_recovered),
            f"{key}/gap-interval": listings.gap(line),
            f"{key}/parameters": f"{line.parameters:,}" if hasattr(line, "parameters") else "",
        }
    return {key: text for key, text in found.items() if text}


def of_decomposition(name: str, tables: Tables) -> dict[str, str]:
    found = {}
    for line in tables[name].itertuples():
        key = f"{name}/{line.transfer}/{line.network}/{line.step}"
        ends = (line.increment, line.increment_low, line.increment_high)
        found[f"{key}/increment"] = percent(line.increment, 1)
        found[f"{key}/increment-interval"] = interval(*ends, digits=1)
    return found


def of_calibration(name: str, tables: Tables) -> dict[str, str]:
    found = {}
    for line in tables[name].itertuples():
        key = f"{name}/{line.transfer}/{line.network}/{line.row}"
        found[f"{key}/ece"] = percent(line.ece, 1)
        found[f"{key}/ece-before"] = percent(line.ece_uncalibrated, 1)
        found[f"{key}/nll"] = f"{line.nll:.2f}"
        if not pd.isna(line.nll_uncalibrated):
            found[f"{key}/nll-before"] = f"{line.nll_uncalibrated:.2f}"
    return {key: text for key, text in found.items() if text}


def of_cost(name: str, tables: Tables) -> dict[str, str]:
    """What a network costs on any machine, and on that of the run how much faster students are."""
    once = tables[name].drop_duplicates(["network", "role"])
    rows = once.pivot_table(index="network", columns="role", values="rows_a_second")
    faster = (rows["student"] / rows["teacher"]).items()
    return {f"{name}/{network}/times-as-fast": f"{ratio:.1f}" for network, ratio in faster} | {
        f"{name}/{line.network}/{line.role}/{what}": f"{getattr(line, what):,.0f}"
        for line in once.itertuples()
        for what in ("parameters", "multiply_adds", "bytes")
    }


def of_seconds(name: str, tables: Tables) -> dict[str, str]:
    """Median seconds of an adaptation's or a method's job."""
    lines = tables[name].itertuples()
    return {f"{name}/{line.network}/{line.name}/seconds": f"{line.seconds:.2f}" for line in lines}


def of_runs(record: Mapping[str, dict]) -> dict[str, str]:
    """Of each run whose record says so: seconds of its jobs, and how many there were."""
    spent = [run["seconds"] for run in record.values() if "seconds" in run]
    found = {"runs/hours": f"{sum(spent) / 3600:.1f}", "runs/recorded": word(len(spent))}
    for name, run in record.items():
        found |= {f"{name}/{what}": f"{run[what]:,}" for what in ("seconds", "jobs") if what in run}
    return found


def of_validators(name: str, tables: Tables) -> dict[str, str]:
    """Of each criterion what the page's table says."""
    found = {}
    for criterion, *shown in listings.criteria(tables).lines:
        for among, (correlation, lost) in zip(
            ("teachers", "students"), (shown[:2], shown[2:]), strict=True
        ):
            key = f"{name}/{among}/{criterion.strip('`')}"
            mean, worst = lost.rstrip(")").split(" (")
            found |= {f"{key}/correlation": correlation, f"{key}/lost": mean, f"{key}/worst": worst}
    return found


def of_choices(tables: Tables) -> dict[str, str]:
    """What ``teacher_first`` loses over all experiments whose choices were asked."""
    choices = listings.choices(tables)
    found = {}
    for among in ("teachers", "students"):
        lines = [dict(zip(choices.head, line, strict=True)) for line in choices.lines]
        lines = [line for line in lines if line["among"] == among]
        if not lines or not lines[-1]["`teacher_first`"]:
            continue
        mean, worst = lines[-1]["`teacher_first`"].rstrip(")").split(" (")  # of all comes last
        found |= {
            f"choices/{among}/cells": lines[-1]["cells"],
            f"choices/{among}/experiments": word(len(lines[:-1]) or 1),
            f"choices/{among}/lost": mean,
            f"choices/{among}/worst": worst,
        }
    return found


def of_transferred(name: str, tables: Tables) -> dict[str, str]:
    """Of each row what it shares with its teacher, by whom it is held against, and measure."""
    found = {}
    for line in tables[name].itertuples():
        key = f"{name}/{line.transfer}/{line.network}/{line.row}/{line.against}/{line.measure}"
        if line.measure == "accuracy":
            found[key] = percent(line.value, 1)
        elif text := listings.measured(line, with_ends=False):
            found |= {key: text, f"{key}-interval": listings.measured(line)}
    return found


def above(tables: Tables, other: str, measure: str) -> pd.Series:
    """What students share with their teachers above others, of rows whose interval is above 0."""
    table = tables["transferred"]
    kept = (table["against"] == f"over {other}") & (table["measure"] == measure)
    return table[kept & (table["low"] > 0)]["value"]


def _shared() -> Iterator[tuple[str, tuple[str, Callable[[Tables], str]]]]:
    name = "transferred"
    yield f"{name}/seeds", seeds(name)
    yield f"{name}/rows", (name, lambda t: word(t[name].groupby([*ladder.CELL, "row"]).ngroups))
    for other, of in {"other teacher": "teachers", "control": "control"}.items():
        for measure in listings.SHARED:
            key, wanted = f"{name}/{measure}-above-{of}", (other, measure)
            yield key, (name, lambda t, w=wanted: word(len(above(t, *w))))
            yield (
                f"{key}-least",
                (name, lambda t, w=wanted: listings.hundredths(above(t, *w).min())),
            )
            yield f"{key}-most", (name, lambda t, w=wanted: listings.hundredths(above(t, *w).max()))


def students(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    kept = table[listings.is_student(table)]
    for name, value in wanted.items():
        kept = kept[kept[name] == value]
    return kept


def by_method(tables: Tables) -> pd.DataFrame:
    """Gap recovered from the best teachers: a line a cell, a column a method."""
    rows = listings.best(tables["methods"])
    return rows.pivot_table(index=ladder.CELL, columns="method", values="gap_recovered")


def spread(tables: Tables) -> float:
    """How far the losses but `dkd` lie apart, in the cell where it is most."""
    found = by_method(tables).drop(columns="dkd")
    return (found.max(axis=1) - found.min(axis=1)).max()


def lost_by_dkd(tables: Tables) -> pd.Series:
    found = by_method(tables)
    return found["dist"] - found["dkd"]


def gained_by_dist(tables: Tables, network: str) -> pd.Series:
    """What `dist` gains on `kd`, the mean over all adaptations of each cell."""
    rows = students(tables["methods"], network=network)
    keys = {"index": ladder.CELL, "columns": "method", "values": "gap_recovered"}
    found = rows.pivot_table(**keys)
    return found["dist"] - found["kd"]


def fixmatch(tables: Tables) -> pd.Series:
    return students(tables["methods"], network=MLP, adaptation="fixmatch")["gap_recovered"]


def first_three(tables: Tables) -> pd.Series:
    """The mean gap of posed-joint's students at the first three strengths of each shift."""
    rows = listings.strengths(tables["dial"])
    rows = rows[rows["row"] == "dist (posed-joint)"]
    return rows.groupby("shift", sort=False)["gap_recovered"].apply(lambda gaps: gaps[:3].mean())


def below_statistics(tables: Tables) -> pd.Series:
    """By how much posed-joint's student is below that of AdaBN alone, at each point of the dial."""
    rows = tables["dial"].pivot_table(index="transfer", columns="row", values="accuracy")
    return rows["dist (adabn)"] - rows["dist (posed-joint)"]


def after(table: pd.DataFrame, what: str) -> pd.Series:
    """Calibration error of `dist` from the adapted teachers of the CNN."""
    kept = (table["network"] == CNN) & (table["row"] == "dist (posed-joint)")
    return table[kept][what]


ROOM = 0.08  # between source-only and oracle, from which on a pair is said to have some


def wide_gaps(table: pd.DataFrame, room: float = ROOM) -> pd.Series:
    """The gap recovered by the last student of each transfer and network that has room.

    Args:
        room: of the headline between source-only and oracle, at least.
    """
    measure, found = ladder.headline(table), {}
    for name, of in table.groupby(ladder.CELL, sort=False):
        ends = [of[of["method"] == end][measure].mean() for end in ("source-only", "oracle")]
        if ends[1] - ends[0] >= room:
            found[name] = of[listings.is_student(of)]["gap_recovered"].iloc[-1]
    return pd.Series(found, dtype=float)


def _pairs(name: str) -> Iterator[tuple[str, tuple[str, Callable[[Tables], str]]]]:
    """Of a ladder of many pairs of transfer and network, in short."""
    yield f"{name}/pairs", (name, lambda t: word(t[name].groupby(ladder.CELL).ngroups))
    yield f"{name}/with-room", (name, lambda t: word(len(wide_gaps(t[name]))))
    yield f"{name}/mean-gap", (name, lambda t: percent(wide_gaps(t[name]).mean()))
    yield f"{name}/mean-gap-of-all", (name, lambda t: percent(wide_gaps(t[name], 0.0).mean()))
    yield f"{name}/least-gap", (name, lambda t: least(wide_gaps(t[name])))
    yield f"{name}/most-gap", (name, lambda t: most(wide_gaps(t[name])))
    yield f"{name}/below", (name, lambda t: word(below(t[name])))
    yield f"{name}/seeds", seeds(name)


def below(table: pd.DataFrame) -> int:
    """How many students are worse than source-only; rows of few labels are none."""
    return int(table.loc[listings.is_student(table), "below_source_only"].sum())


def least(values: pd.Series) -> str:
    return percent(values.min())


def most(values: pd.Series) -> str:
    return percent(values.max())


WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
WORDS += ["eleven", "twelve"]


def word(count: int) -> str:
    """As a sentence says it."""
    return WORDS[count] if count < len(WORDS) else f"{count:,}"


def seeds(name: str) -> tuple[str, Callable[[Tables], str]]:
    return name, lambda tables: word(int(tables[name]["seeds"].max()))


def _counts() -> Iterator[tuple[str, tuple[str, Callable[[Tables], str]]]]:
    yield "rows", ("methods", lambda t: f"{len(students(t['methods'])):,}")
    yield (
        "students",
        ("methods", lambda t: f"{int(students(t['methods'])['seeds'].sum()):,}"),
    )
    for kind in ("adaptation", "method"):
        yield f"{kind}s", ("methods", lambda t, k=kind: word(students(t["methods"])[k].nunique()))
    yield (
        "below-source-only",
        ("methods", lambda t: word(below(t["methods"]))),
    )


# between vendors that draw in colour
COLOURED = ["noto-to-twemoji", "noto-to-fluent", "noto-to-openmoji", "openmoji-to-noto"]


def styles(tables: Tables) -> pd.Series:
    """The gap that the student of the adapted pretrained teacher recovers on coloured pairs."""
    table = tables["emoji"]
    kept = (table["row"] == "kd (joint)") & (table["network"] == "pretrained")
    return table[kept].set_index("transfer")["gap_recovered"].reindex(COLOURED)


def spread_of_losses(tables: Tables) -> float:
    """Headline between the best and the worst loss but DKD, of one adapted teacher of styles."""
    table = tables["emoji"]
    first = table["transfer"] == COLOURED[0]
    one = (table["network"] == "losses") & listings.is_student(table) & (table["method"] != "dkd")
    same = (table["network"] == "pretrained") & (table["row"] == "kd (joint)")
    found = table[first & (one | same)][ladder.headline(table)]
    return found.max() - found.min()


def _styles() -> Iterator[tuple[str, tuple[str, Callable[[Tables], str]]]]:
    yield "emoji/seeds", seeds("emoji")
    yield "emoji/mean-gap", ("emoji", lambda t: percent(styles(t).mean()))
    yield "emoji/least-gap", ("emoji", lambda t: least(styles(t)))
    yield "emoji/most-gap", ("emoji", lambda t: most(styles(t)))
    yield "emoji/losses-within", ("emoji", lambda t: percent(spread_of_losses(t), 1))


# name: the table that it needs, and how it is found
DERIVED: dict[str, tuple[str, Callable[[Tables], str]]] = {
    **{f"methods/{name}": made for name, made in _counts()},
    **{
        f"{name}/seeds": seeds(name)
        for name in ("ladder", "methods", "dial", "speech", "speech-embedding", "speech-noise")
    },
    "languages/seeds": seeds("languages"),
    **dict(_pairs("sentiment")),
    **dict(_pairs("sentiment-minilm")),
    **dict(_pairs("newsgroups")),
    "newsgroups-typos/seeds": seeds("newsgroups-typos"),
    **dict(_pairs("spam")),
    **dict(_styles()),
    "class-shares/seeds": seeds("class-shares"),
    "perceptrons/seeds": seeds("perceptrons"),
    "unlabelled/seeds": seeds("unlabelled"),
    "subdomains/seeds": seeds("subdomains"),
    **dict(_shared()),
    "methods/losses-within": ("methods", lambda t: percent(spread(t))),
    "methods/dkd-loses-least": ("methods", lambda t: least(lost_by_dkd(t))),
    "methods/dkd-loses-most": ("methods", lambda t: most(lost_by_dkd(t))),
    "methods/dist-gains-least": ("methods", lambda t: least(gained_by_dist(t, CNN))),
    "methods/dist-gains-most": ("methods", lambda t: most(gained_by_dist(t, CNN))),
    "methods/fixmatch-least": ("methods", lambda t: least(fixmatch(t))),
    "methods/fixmatch-most": ("methods", lambda t: most(fixmatch(t))),
    "dial/first-three-least": ("dial", lambda t: least(first_three(t))),
    "dial/first-three-most": ("dial", lambda t: most(first_three(t))),
    "dial/below-statistics-most": ("dial", lambda t: percent(below_statistics(t).max(), 1)),
    "dial/shifts": ("dial", lambda t: word(len(first_three(t)))),
    "calibration/ece-least": ("calibration", lambda t: least(after(t["calibration"], "ece"))),
    "calibration/ece-most": ("calibration", lambda t: most(after(t["calibration"], "ece"))),
    "calibration/ece-before-least": (
        "calibration",
        lambda t: least(after(t["calibration"], "ece_uncalibrated")),
    ),
    "calibration/ece-before-most": (
        "calibration",
        lambda t: most(after(t["calibration"], "ece_uncalibrated")),
    ),
}
