"""Model cards: what a student was trained on and with, how good it is, and where that ends.

The sections are those of Mitchell et al., "Model Cards for Model Reporting",
arXiv:1810.03993; the front matter is YAML as model hubs read it, each value as JSON, which is
YAML too.
"""

import json
from typing import NamedTuple

from distilshift import cli
from distilshift.analysis import ladder
from distilshift.analysis.headlines import NAMES

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

MOST = 20  # class names that are listed


class Student(NamedTuple):
    """What a card is made from.

    Args:
        header: of its weights.
        weights: how its weights are called, relative to the card.
        domains: the headers of source and target, the training half of each.
        manifests: of the dataset of each.
        metrics: its measurements, columns domain, metric and value.
        teacher: accuracy on the target's test half of the teacher of its first round, or None.
        hits: on the target's test half, how many rows it gives the class of their label.
        count: of how many.
        row: its row of the ladder, the means over seeds.
        there: the classes, by number, of which the target's test half has a row.
    """

    header: dict
    weights: str
    domains: dict[str, dict]
    manifests: dict[str, dict]
    metrics: pd.DataFrame
    teacher: float | None
    hits: int
    count: int
    row: pd.Series
    there: set[int]

    @property
    def lacking(self) -> list[str]:
        """The classes of which the target's test half has no row."""
        known = enumerate(self.header["classes"])
        return [name for number, name in known if number not in self.there]

    def measured(self, domain: str, metric: str) -> float | None:
        """A measurement on that domain's test half."""
        found = self.metrics[
            (self.metrics["domain"] == domain) & (self.metrics["metric"] == metric)
        ]
        return float(found["value"].iloc[0]) if len(found) else None


def front(student: Student) -> str:
    """The machine-readable part, between its lines of dashes."""
    header, target = student.header, student.domains["target"]
    task = {"type": f"{header['data']}-classification"}
    names = ("accuracy", "balanced_accuracy", "macro_f1", "nll", "brier", "ece")
    values = {name: student.measured("target", name) for name in names}
    results = {
        "task": task,
        "dataset": {"name": target["domain"], "type": target["dataset"], "split": "test"},
        "metrics": [{"type": n, "value": round(v, 6)} for n, v in values.items() if v is not None],
    }
    datasets = dict.fromkeys(domain["dataset"] for domain in student.domains.values())
    facts = {
        "library_name": "distilshift",
        "pipeline_tag": task["type"],
        "license": "other",
        "license_name": "that of the data below",
        "datasets": list(datasets),
        "tags": ["knowledge-distillation", "domain-adaptation", header["method"]],
        "model-index": [{"name": title(student), "results": [results]}],
        "weights_sha256": header["sha256"],
        "teacher_sha256": header["teacher_sha256"],
        "inputs_sha256": header["inputs_sha256"],
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    return "\n".join(["---", *lines, "---", ""])


def title(student: Student) -> str:
    header = student.header
    return f"{header['model']} for {header['target']}, {student.row['row']}, seed {header['seed']}"


def percent(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{100 * value:z.1f} %"


def between(low: float, high: float) -> str:
    return f"[{100 * low:z.1f}, {100 * high:z.1f}]"


def data(student: Student) -> list[str]:
    """A line for each domain: where its rows are from, what was done to them, whose they are."""
    lines = ["| | domain | dataset | shift | licence |", "|---|---|---|---|---|"]
    for end, domain in student.domains.items():
        manifest = student.manifests[end]
        shift = ", ".join(
            " ".join(str(value) for value in step.values()) for step in domain["shift"]
        )
        cells = [end, domain["domain"], domain["dataset"], shift or "none", manifest["licence"]]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return lines


def numbers(student: Student) -> list[str]:
    """Its measurements, with intervals where there are some."""
    hits, count = student.hits, student.count
    low, high = proportion_confint(hits, count, method="wilson")
    row, of = student.row, ladder.headline(student.row)
    seeds = cli.counted(int(row["seeds"]), "seed")
    found = [
        ("accuracy, this student", percent(hits / count), f"{between(low, high)}, Wilson"),
        (
            f"{NAMES[of]}, mean of its row's seeds",
            percent(row[of]),
            f"{between(row[f'{of}_low'], row[f'{of}_high'])}, {seeds} × rows",
        ),
        (
            f"accuracy of its {'first ' * is_later(student.header)}teacher",
            percent(student.teacher),
            "",
        ),
        ("accuracy on the source", percent(student.measured("source", "accuracy")), ""),
    ]
    whole = len(student.header["classes"])
    over = f" over {whole - len(student.lacking)} of {whole} classes" if student.lacking else ""
    for name, called in (
        ("balanced_accuracy", f"balanced accuracy{over}"),
        ("macro_f1", "macro-F1"),
        ("ece", "expected calibration error"),
        ("ece_uncalibrated", "the same, uncalibrated"),
    ):
        found.append((called, percent(student.measured("target", name)), ""))
    nll = student.measured("target", "nll")
    found.append(("negative log-likelihood", "" if nll is None else f"{nll:.3f} nats", ""))
    lines = [f"On {count} test rows of the target:", "", "| | | 95 % |", "|---|---|---|"]
    return [*lines, *(f"| {' | '.join(cells)} |" for cells in found if cells[1])]


def limits(student: Student) -> list[str]:
    """What to know before it is used."""
    header = student.header
    said = [
        f"It knows {len(header['classes'])} classes, and gives one to whatever it is shown.",
        "Its numbers are of one target, and of rows like those of its test half; elsewhere nobody"
        " has looked.",
        "No target label taught it: where its teacher errs on the target it may err alike"
        " (`tables/fidelity.csv`).",
    ]
    if student.lacking:
        said.append(
            f"The target's test half has no row of {listed(student.lacking)}: its numbers say"
            " nothing of these."
        )
    if header.get("calibration"):
        said.append(
            "Its probabilities are fitted to its teacher's on unlabelled rows: a teacher that is"
            " wrongly sure makes a student that is."
        )
    if student.row["below_source_only"]:
        said.append(
            "**Its row is below source-only**: the same network, trained on the source's labels"
            " alone, is better on this target."
        )
    return [f"- {line}" for line in said]


def listed(classes: list[str]) -> str:
    """Class names in one line, the first few; each in quotes, as a name may hold a comma."""
    more = f" and {len(classes) - MOST} more" if len(classes) > MOST else ""
    return ", ".join(json.dumps(name, ensure_ascii=False) for name in classes[:MOST]) + more


def card(student: Student) -> str:
    """The whole card, Markdown."""
    header = student.header
    how = ", ".join(f"{name} {value}" for name, value in header["distilled_by"].items())
    training = header["settings"]
    joined = " and from the labelled source" * (header["distilled_by"]["source_weight"] > 0)
    wanted = ", ".join(f"{name} {value}" for name, value in header["input"].items())
    taught_by = before(header) if is_later(header) else "teacher"
    sections = {
        "Model details": [
            f"A {header['model']} ({student.row['parameters']:,} parameters) for rows of kind"
            f" {header['data']} ({wanted}). Weights: `{student.weights}`, whose header holds all"
            " that is needed to use them (`scripts/apply_network.py`, `docs/student.md`).",
            "",
            f"Distilled by `{header['method']}` ({how}), round {header['round']}, seed"
            f" {header['seed']}. {teachers(header)}, adaptation `{header['adaptation']}`.",
        ],
        "Intended use": [
            f"Telling {len(header['classes'])} classes apart on the domain {header['target']}:"
            f" {listed(header['classes'])}. Made to measure distillation across a shift; for no"
            " decision about people.",
        ],
        "Training data": [
            f"The student learned from {probabilities(header)} over unlabelled rows of the"
            f" target{joined}.",
            "",
            *data(student),
            "",
            f"{training['steps']} steps of {training['batch']} rows, peak learning rate"
            f" {training['lr']}, weight decay {training['weight_decay']}.",
        ],
        "Evaluation": numbers(student),
        "Limits": limits(student),
        "Licence": [
            "The code's is MIT. What the licences of the data say of weights learned from them is"
            " for their user to judge.",
        ],
        "Provenance": [
            "| | sha256 |",
            "|---|---|",
            f"| weights | `{header['sha256']}` |",
            *(f"| {taught_by} | `{one}` |" for one in as_list(header["teacher_sha256"])),
            f"| unlabelled inputs | `{header['inputs_sha256']}` |",
            *(
                f"| {end}'s dataset | `{domain['dataset_sha256']}` |"
                for end, domain in student.domains.items()
            ),
        ],
    }
    parts = [f"## {name}\n\n" + "\n".join(lines) for name, lines in sections.items()]
    return "\n\n".join([f"{front(student)}\n# {title(student)}", *parts]) + "\n"


def is_later(header: dict) -> bool:
    """Whether a student taught it, and no teacher alone."""
    return header["round"] > 1


def before(header: dict) -> str:
    """Who taught a student of a later round; its header's sha256 is of this one."""
    return f"student of round {header['round'] - 1}"


def teachers(header: dict) -> str:
    """Who taught it; a header of a later round names the first round's teacher."""
    named = ", ".join(as_list(header["teacher"]))
    if is_later(header):
        return f"Its teacher: the {before(header)}; that of the first round: {named}"
    return f"Its teacher: {named}"


def probabilities(header: dict) -> str:
    """What it learned from."""
    if is_later(header):
        return (
            f"a mixture of the probabilities of the {before(header)} and those it had learned from,"
        )
    return "its teacher's probabilities"


def as_list(value: object) -> list[str]:
    """What a header says of a teacher, or of each of several."""
    return list(map(str, value if isinstance(value, list) else [value]))
