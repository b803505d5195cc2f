"""The tables that people read, in README, docs/ and the paper: made of published ones, by name.

A cell is a short text: plain, `code` or **bold**. Where there is no number it is empty.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from distilshift.analysis import ladder, presentation
from distilshift.analysis.headlines import HEADLINES, NAMES
from distilshift.analysis.transferred import AGAINST, NULL

import pandas as pd


class Listing(NamedTuple):
    """A table as it is read: its head, and lines of as many cells."""

    head: list[str]
    lines: list[list[str]]


Tables = dict[str, pd.DataFrame]


def minus(text: str) -> str:
    return text.replace("-", "−").replace("inf", "∞")


def percent(share: float, digits: int = 0) -> str:
    """Blank where there is none; no minus before a zero."""
    return "" if pd.isna(share) else minus(f"{round(100 * share, digits) + 0.0:.{digits}f}")


def interval(share: float, low: float, high: float, digits: int = 0) -> str:
    shown, *ends = (percent(value, digits) for value in (share, low, high))
    return shown and f"{shown} [{', '.join(ends)}]"


def transfer(name: str) -> str:
    return name.replace("-to-", " → ")


def cell(name: str, network: str) -> str:
    return f"{transfer(name)}, {network}"


def gap(line: object, with_ends: bool = True) -> str:
    """The gap recovered of a row of a ladder."""
    ends = line.gap_recovered_low, line.gap_recovered_high
    return interval(line.gap_recovered, *ends) if with_ends else percent(line.gap_recovered)


def is_student(table: pd.DataFrame) -> pd.Series:
    return ladder.is_distilled(table["method"])


def of_ladder(table: pd.DataFrame, named: Callable[[str, str], str] = cell) -> Listing:
    """A line a row: the headline with its interval, other measures, the gap of students."""
    headline = ladder.headline(table)
    beside = [name for name in NAMES if name in table and name != headline]
    names = [f"{NAMES[name]} %" for name in (headline, *beside)]
    # few labels recover a part of the gap too, and are marked in their row's name
    student, lines = table["method"].map(ladder.rank).isin([ladder.DISTILLED, ladder.LABELLED]), []
    for line, is_distilled in zip(table.itertuples(), student, strict=True):
        ends = (getattr(line, headline + end) for end in ("", "_low", "_high"))
        others = [percent(getattr(line, name), 1) for name in beside]
        recovered = gap(line, with_ends=False) if is_distilled else ""
        name = named(line.transfer, line.network)
        lines.append([name, line.row, interval(*ends, digits=1), *others, recovered])
    return Listing(["transfer, network", "row", *names, "gap recovered %"], lines)


def matrix(table: pd.DataFrame, index: str, seconds: pd.Series) -> Listing:
    """A line an adaptation or method, a column a transfer and network: gap recovered, %."""
    cells = list(dict.fromkeys(zip(table["transfer"], table["network"], strict=True)))
    lines = []
    for name, rows in table.groupby(index, sort=False):
        found = {(line.transfer, line.network): gap(line) for line in rows.itertuples()}
        shown = [found.get(key, "") for key in cells]
        lines.append([f"`{name}`", *shown, f"{seconds.get(name, 0):.1f}"])
    return Listing([index, *(cell(*key) for key in cells), "seconds"], lines)


def best(table: pd.DataFrame) -> pd.DataFrame:
    """The students of the best teachers: `posed-joint` for the cnn, `guarded` for the mlp."""
    wanted = table["network"].map({"cnn": "posed-joint", "mlp": "guarded"})
    return table[is_student(table) & (table["adaptation"] == wanted)]


def adaptations(tables: Tables) -> Listing:
    """Each adaptation, taught to the student by `dist`."""
    table = tables["methods"]
    return matrix(table[table["method"] == "dist"], "adaptation", seconds(tables, "adaptation"))


def losses(tables: Tables) -> Listing:
    """Each loss, from the best teacher."""
    return matrix(best(tables["methods"]), "method", seconds(tables, "method"))


def seconds(tables: Tables, kind: str) -> pd.Series:
    """Of each adaptation or method the cnn's, which come first; the mlp's where that has none."""
    cost = tables["methods-cost"]
    return cost[cost["kind"] == kind].drop_duplicates("name").set_index("name")["seconds"]


def means(tables: Tables) -> Listing:
    """Gap recovered by each method, the mean over all adaptations of the cell."""
    table = tables["methods"]
    grouped = table[is_student(table)].groupby(["method", *ladder.CELL], sort=False)
    found = grouped["gap_recovered"].mean().unstack(ladder.CELL, sort=False)
    lines = [[f"`{name}`", *map(percent, row)] for name, row in found.iterrows()]
    return Listing(["method", *(cell(*key) for key in found)], lines)


def with_lost(validators: pd.DataFrame) -> pd.DataFrame:
    """A table of validators with what each pick has ``lost`` of the headline it is judged by."""
    headline = next(name for name in HEADLINES if name in validators)
    return validators.assign(lost=validators["oracle"] - validators[headline])


def criteria(tables: Tables) -> Listing:
    """Rank correlation with accuracy, and accuracy lost by the pick, means over the cells."""
    table = with_lost(tables["methods-validators"])
    keys = {"index": "validator", "columns": "among"}
    found = table.pivot_table(values=["spearman", "lost"], **keys)
    worst = table.pivot_table(values="lost", aggfunc="max", **keys)
    lines = []
    for name in table["validator"].unique():
        shown = []
        for among in ("teachers", "students"):
            shown.append(minus(f"{found.loc[name, ('spearman', among)]:.2f}"))
            lost = percent(found.loc[name, ("lost", among)], 1)
            shown.append(f"{lost} ({percent(worst.loc[name, among], 1)})")
        lines.append([f"`{name}`", *shown])
    head = [
        *("criterion", "teachers: rank correlation", "points lost (worst cell)"),
        *("students: rank correlation", "points lost (worst cell)"),
    ]
    return Listing(head, lines)


ASKED = ["entropy", "information_maximisation", "bnm", "class_cluster", "agreement"]
ASKED += ["neighbour_information", "seed_agreement", "teacher_first"]


def choices(tables: Tables) -> Listing:
    """Points lost by each criterion's pick, mean and worst cell, by experiment, and of all."""
    suffix = "-validators"
    of = {name.removesuffix(suffix): tables[name] for name in tables if name.endswith(suffix)}
    if not of:
        raise KeyError(f"default{suffix}")
    every = pd.concat([with_lost(table).assign(experiment=name) for name, table in of.items()])
    every = every[every["candidates"] > 1]
    lines = []
    for among in ("teachers", "students"):
        asked = every[every["among"] == among]
        groups = [*asked.groupby("experiment", sort=False)]
        for name, rows in [*groups, ("**all**", asked)] if len(groups) > 1 else groups:
            shown = []
            for criterion in ASKED:
                lost = rows[rows["validator"] == criterion]["lost"]
                both = f"{percent(lost.mean(), 1)} ({percent(lost.max(), 1)})"
                shown.append("" if lost.empty else both)
            cells = len(rows[rows["validator"] == ASKED[0]])
            most = rows["candidates"].max()
            lines.append([name, among, str(cells), str(most), *shown])
    head = ["experiment", "among", "cells", "candidates, most", *(f"`{one}`" for one in ASKED)]
    return Listing(head, lines)


def strengths(table: pd.DataFrame) -> pd.DataFrame:
    """A dial's rows with the shift and the strength that their target's name ends in."""
    named = table["transfer"].str.extract(r"-([a-z_]+)-([\d.]+)$")
    return table.assign(shift=named[0], strength=named[1])


def dial(tables: Tables) -> Listing:
    """Students at every strength of every shift, and the mean gap of the first three."""
    shown = ("source-only", "dist (adabn)", "dist (posed-joint)", "oracle")
    lines = []
    for shift, points in strengths(tables["dial"]).groupby("shift", sort=False):
        gaps = []  # of the posed-joint teacher's students
        for strength, rows in points.groupby("strength", sort=False):
            by = rows.set_index("row")
            gaps.append(by["gap_recovered"]["dist (posed-joint)"])
            values = [percent(by["accuracy"][row], 1) for row in shown]
            lines.append([shift, strength, *values, percent(gaps[-1])])
        mean = percent(sum(gaps[:3]) / 3)
        lines.append([f"**{shift}**", "first three", "", "", "", "", mean and f"**{mean}**"])
    head = ["shift", "strength", "source-only", "adabn", "posed-joint", "oracle", "gap recovered %"]
    return Listing(head, lines)


def voices(name: str) -> str:
    """A transfer between synthesisers as its page calls it."""
    return transfer(name).replace("commands-", "").replace("languages-", "")


def speech(table: pd.DataFrame) -> Listing:
    """A ladder of sounds: of one network, so that a line needs its transfer alone."""
    lines = []
    for line in table.itertuples():
        ends = (line.accuracy, line.accuracy_low, line.accuracy_high)
        recovered = "" if line.method in ("source-only", "oracle") else gap(line)
        if line.method == "teacher":
            recovered = gap(line, with_ends=False)
        lines.append([voices(line.transfer), line.row, interval(*ends, digits=1), recovered])
    return Listing(["transfer", "row", "accuracy %", "gap recovered %"], lines)


def across(table: pd.DataFrame, named: Callable[[str], str], head: str) -> Listing:
    """A line a transfer, a column a row's headline, and the gap that the last student recovers."""
    rows, measure = list(dict.fromkeys(table["row"])), ladder.headline(table)
    lines = []
    several = table["network"].nunique() > 1
    for (name, network), of in table.groupby(ladder.CELL, sort=False):
        by = of.set_index("row")
        student = of[is_student(of)].iloc[-1]
        values = [percent(by[measure][row], 1) if row in by.index else "" for row in rows]
        shown = f"{named(name)}, {network}" if several else named(name)
        lines.append([shown, *values, gap(student) or "no gap"])
    return Listing([head, *rows, "gap recovered"], lines)


def noise(name: str) -> str:
    """The ratio of signal to noise at the strength that a transfer ends in: an amplitude."""
    decibels = -20 * math.log10(float(name.rsplit("-", 1)[1]))
    return minus(f"{round(decibels)} dB")


def strength(name: str) -> str:
    """The strength that a transfer's name ends in, in percent; the transfer, if it is no dial."""
    found = re.search(r"-([\d.]+)$", name)
    return f"{percent(float(found[1]))} %" if found else transfer(name)


def emoji(tables: Tables) -> Listing:
    """Without the network that is there for other losses, which has other rows."""
    table = tables["emoji"]
    return across(table[table["network"] != "losses"], transfer, "transfer, network")


def spam(tables: Tables) -> Listing:
    """Students and yardsticks, in the measures of classes of unlike size."""
    lines = []
    for line in tables["spam"].itertuples():
        if line.method == "teacher":
            continue
        ends = (line.balanced_accuracy, line.balanced_accuracy_low, line.balanced_accuracy_high)
        others = [percent(share, 1) for share in (line.auc, line.macro_f1)]
        recovered = gap(line) if line.method not in ladder.RANKS else ""
        name = cell(line.transfer, line.network)
        lines.append([name, line.row, interval(*ends, digits=1), *others, recovered])
    head = ["transfer, network", "row", "balanced accuracy %", "AUC %", "macro-F1 %"]
    return Listing([*head, "gap recovered %"], lines)


def students(table: pd.DataFrame) -> Listing:
    """Students alone, of several teachers, each with the gap that it recovers."""
    rows = list(dict.fromkeys(table["row"][table["method"] != "teacher"]))
    measure = ladder.headline(table)
    lines = []
    for name, of in table.groupby("transfer", sort=False):
        by, shown = of.set_index("row"), [transfer(name)]
        for row in rows:
            gap = percent(by["gap_recovered"][row]) if is_student(by)[row] else ""
            shown.append(percent(by[measure][row], 1) + (gap and f" ({gap})"))
        lines.append(shown)
    return Listing(["transfer", *rows], lines)


AMOUNTS = {
    "fewer_rows": "rows",
    "fewer_classes": "classes missing",
    "fewer_subdomains": "sub-domains missing",
}


def amounts(table: pd.DataFrame) -> Listing:
    """Rows at every amount of unlabelled data, and the gap that teacher and student recover."""
    shown = ["source-only", "dist (none)", "teacher (posed-joint)", "dist (posed-joint)", "oracle"]
    points = strengths(table).dropna(subset=["shift"])
    lines = []
    for (shift, at), of in points.groupby(["shift", "strength"], sort=False):
        by = of.set_index("row")
        values = [percent(by["accuracy"][row], 1) for row in shown]
        gaps = [gap(by.loc[row]) for row in shown[2:4]]
        lines.append([AMOUNTS[shift], at, *values, *gaps])
    head = ["of unlabelled data", "amount", *shown]
    return Listing([*head, "gap recovered by the teacher", "by its student"], lines)


def few_labels(tables: Tables) -> Listing:
    """What few target labels buy: all rows of the target that is not thinned."""
    table = strengths(tables["unlabelled"])
    lines = []
    for line in table[table["shift"].isna()].itertuples():
        ends = (line.accuracy, line.accuracy_low, line.accuracy_high)
        recovered = "" if line.method in ("source-only", "oracle") else gap(line)
        lines.append([line.row, interval(*ends, digits=1), recovered])
    return Listing(["row", "accuracy %", "gap recovered %"], lines)


RUNTIMES = ("", "onnx_", "int8_")  # torch, onnxruntime in floats and in eight bits


def figured(value: float, digits: int) -> str:
    """So many digits that count, without an exponent; blank where there is none."""
    if pd.isna(value):
        return ""
    places = digits - 1 - math.floor(math.log10(value))
    return f"{round(value, places):,.{max(0, places)}f}"


def cost(tables: Tables) -> Listing:
    """What the last teacher, the recipe's, and its student cost, of the first transfer."""
    table = tables["cost"]
    table = table[table["transfer"] == table["transfer"].iloc[0]]
    lines = []
    for _, of in table.groupby("network", sort=False):
        last = of[of["role"] == "teacher"].iloc[-1]
        pair = of[of["row"].str.endswith(last["row"].removeprefix("teacher"))]
        for _, line in pair.iterrows():
            ends = (line["accuracy"], line["accuracy_low"], line["accuracy_high"])
            stored = [figured(line.get(f"{by}bytes", math.nan) / 1000, 3) for by in RUNTIMES[1:]]
            once = [figured(line.get(f"{by}latency_ms", math.nan), 2) for by in RUNTIMES]
            many = [figured(line.get(f"{by}rows_a_second", math.nan), 3) for by in RUNTIMES]
            counts = [f"{line[name]:,}" for name in ("parameters", "multiply_adds")]
            several = [", ".join(filter(None, cells)) for cells in (stored, once, many)]
            name = f"`{line['model']}`, {line['role']}"
            lines.append([name, interval(*ends, digits=1), *counts, *several])
    head = ["network", "accuracy %", "parameters", "multiply-adds", "kB: floats, eight bits"]
    head += [f"{what}: torch, ONNX, eight bits" for what in ("one row, ms", "rows a second")]
    return Listing(head, lines)


# of what was transferred, as the page's columns call it
SHARED = {
    "error_consistency": "errors, κ",
    "errors_shared": "errors shared",
    "gradients": "gradients, ρ",
    "adversarial": "adversarial",
    "change_1": "shift, r",
    "cka": "CKA",
}


def hundredths(value: float) -> str:
    """Blank where there is none; no minus before a zero."""
    return "" if pd.isna(value) else minus(f"{round(value, 2) + 0.0:.2f}")


def measured(line: object, with_ends: bool = True) -> str:
    """A measure's value, and its interval over seeds; blank where there is none."""
    value, *ends = (hundredths(one) for one in (line.value, line.low, line.high))
    return f"{value} [{', '.join(ends)}]" if with_ends and not pd.isna(line.low) else value


def measures(rows: pd.DataFrame, suffix: str = "", with_ends: bool = True) -> list[str]:
    """Of one row of a ladder, held against one other, every measure."""
    by = {line.measure: measured(line, with_ends) for line in rows.itertuples()}
    return [by.get(name + suffix, "") for name in SHARED]


def above(tables: Tables, other: str) -> Listing:
    """What each student shares with its teacher above ``other``; bold, where 0 is outside."""
    role, lines = {"other teacher": "teacher"}.get(other, other), []
    table = tables["transferred"]
    for (name, network, row), of in table.groupby([*ladder.CELL, "row"], sort=False):
        is_accuracy = of["measure"] == "accuracy"
        accuracy = of[is_accuracy].set_index("against")["value"]
        both = ", ".join(percent(accuracy.get(one, math.nan), 1) for one in ("student", role))
        whom = f" ({of['control'].iloc[0]})" if role == "control" else ""
        over = of[of["against"] == f"over {other}"]
        certain = {line.measure for line in over.itertuples() if line.low > 0 or line.high < 0}
        shown = zip(SHARED, measures(over), strict=True)
        cells = [f"**{text}**" if measure in certain else text for measure, text in shown]
        lines.append([f"{cell(name, network)}: {row}", both + whom, *cells])
    return Listing(["transfer, network: row", f"student, {role} %", *SHARED.values()], lines)


def of_the_best(tables: Tables) -> Listing:
    """Every measure of the best teachers' students, by whom they are held against, and the null."""
    lines = []
    for key, of in best(tables["transferred"]).groupby([*ladder.CELL, "row"], sort=False):
        name, network, row = key
        for against in AGAINST:
            cells = measures(of[of["against"] == against])
            lines.append([f"{cell(name, network)}: {row}", against, *cells])
        null = measures(of[of["against"] == AGAINST[0]], NULL, with_ends=False)
        lines.append(["", f"null of {AGAINST[0]}", *null])
    return Listing(["transfer, network: row", "held against", *SHARED.values()], lines)


def consecutive(seeds: list[int]) -> str:
    """As `0 to 4` where none is left out."""
    if seeds and seeds == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1:
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def runs(record: Mapping[str, dict]) -> Listing:
    """What is known of each experiment whose tables are published: a line each."""
    head = ["experiment", "hash of settings", "seeds", "Python", "torch", "machine"]
    lines = []
    for name, run in record.items():
        if not run["tables"]:
            continue
        known = [
            *(run.get("config_sha256", "")[:12], consecutive(run.get("seeds", []))),
            *(run.get("python", ""), run.get("packages", {}).get("torch", "")),
            *(run.get("machine", ""), str(run.get("jobs", ""))),
            f"{run['seconds']:,}" if "seconds" in run else "",
        ]
        known[0] = f"`{known[0]}`" if known[0] else "not recorded"
        lines.append([f"`{name}`", *known])
    return Listing([*head, "jobs", "seconds of jobs"], lines)


LISTINGS: dict[str, Callable[[Tables], Listing]] = {
    "ladder": lambda tables: of_ladder(tables["ladder"]),
    "adaptations": adaptations,
    "losses": losses,
    "means": means,
    "criteria": criteria,
    "choices": choices,
    "dial": dial,
    "speech-embedding": lambda tables: speech(tables["speech-embedding"]),
    "speech": lambda tables: speech(tables["speech"]),
    "speech-digits": lambda tables: speech(tables["speech-digits"]),
    "speech-noise": lambda tables: across(tables["speech-noise"], noise, "signal to noise"),
    "languages": lambda tables: across(tables["languages"], voices, "transfer"),
    "spam": spam,
    "sentiment": lambda tables: across(tables["sentiment"], transfer, "transfer"),
    "sentiment-minilm": lambda tables: across(tables["sentiment-minilm"], transfer, "transfer"),
    "newsgroups": lambda tables: across(tables["newsgroups"], transfer, "transfer"),
    "newsgroups-typos": lambda tables: across(tables["newsgroups-typos"], strength, "mistyped"),
    "emoji": emoji,
    "class-shares": lambda tables: students(tables["class-shares"]),
    "perceptrons": lambda tables: students(tables["perceptrons"]),
    "unlabelled": lambda tables: amounts(tables["unlabelled"]),
    "subdomains": lambda tables: amounts(tables["subdomains"]),
    "few-labels": few_labels,
    "cost": cost,
    "above-other-teachers": lambda tables: above(tables, "other teacher"),
    "above-the-control": lambda tables: above(tables, "control"),
    "shared": of_the_best,
}


def every(tables: Tables, record: Mapping[str, dict]) -> dict[str, Listing]:
    """All whose tables are there, and `runs`, what is known of where they come from."""
    found = {"runs": runs(record)}
    for name, make in LISTINGS.items():
        try:
            found[name] = make(tables)
        except KeyError as error:
            if error.args[0] in tables:
                raise
    return found


def markdown(listing: Listing) -> str:
    rows = [listing.head, *listing.lines]
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    lines.insert(1, "|---" * len(listing.head) + "|")
    return "\n".join(lines)


SYMBOLS = {"→": r"$\to$", "−": "$-$", "∞": r"$\infty$", "×": r"$\times$"}
SYMBOLS |= {"κ": r"$\kappa$", "ρ": r"$\rho$"}


def tex_cell(text: str) -> str:
    shown = presentation.latex(text)
    shown = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", shown)
    shown = re.sub(r"`(.+?)`", r"\\texttt{\1}", shown)
    return "".join(SYMBOLS.get(letter, letter) for letter in shown)


def tex(listing: Listing) -> str:
    """A tabular; needs booktabs. Columns of numbers are on the right."""
    numeric = [
        all(re.match(r"[*−\d(]|$|no gap", line[at]) for line in listing.lines)
        for at in range(len(listing.head))
    ]
    align = "".join("r" if at else "l" for at in numeric)
    body = [" & ".join(map(tex_cell, cells)) + r" \\" for cells in listing.lines]
    head = " & ".join(map(tex_cell, listing.head)) + r" \\"
    lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", head, r"\midrule", *body]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
