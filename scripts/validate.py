"""Score the networks of one transfer on the target without its labels, and sound the alarm.

Validators look at outputs over the target's training inputs and, some of them, at the
source's test inputs and labels. Each is a function of distilshift.analysis.validators. Two compare
networks of one seed. Agreement: of a distilled student with its teacher, and of a teacher with
the other teachers of its seed (mean), the unadapted one among them. Ranks: of teachers among each
other, and of students, by two validators and by agreement with what the teachers vote for.

    python scripts/validate.py --outputs outputs.parquet \\
        --source-labels a/test_labels.safetensors --validators validators.parquet
"""

import argparse
import collections
from pathlib import Path

from distilshift import cli
from distilshift.analysis import validators
from distilshift.files import labels, outputs, tables

import numpy as np
import pandas as pd

TARGET, SOURCE = ("target", "train"), ("source", "test")


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--outputs", type=Path, required=True, help="of predict, without the oracles")
    made.add_argument("--source-labels", type=Path, required=True, help="of its test half")
    made.add_argument("--validators", type=Path, required=True, help="output, a row a score")
    return made


def agreement(network: dict, predictions: np.ndarray, teachers: dict[str, np.ndarray]) -> float:
    """Share of samples on which a network and its teacher, or teachers, say the same.

    Args:
        predictions: classes (N,) of the network.
        teachers: those of the seed's teachers, by adaptation.

    Returns:
        nan where there is nobody to agree with.
    """
    own = network["adaptation"]
    if network["method"] == "teacher":
        others = [found for adaptation, found in teachers.items() if adaptation != own]
    else:
        others = [teachers[own]] if own in teachers else []
    return float(np.mean([predictions == found for found in others])) if others else np.nan


def scores(one: outputs.Outputs, truth: np.ndarray) -> dict[str, float]:
    """What every validator but agreement says of a network."""
    target, source = one.logits[TARGET], one.logits[SOURCE]
    found = {name: function(target) for name, function in validators.OF_TARGET.items()}
    for name, function in validators.OF_BOTH.items():
        found[name] = function(target, source, truth)
    return found


def add_ranks(judged: list[tuple[dict, np.ndarray, dict, dict]], classes: int) -> None:
    """Give one seed's teachers, and its distilled students, their ranks among each other.

    The teachers vote, each by the power of its ranks by the two scores that count.
    """
    apart = ("teacher", "source-only")
    teachers = [one for one in judged if one[0]["method"] == "teacher"]
    students = [one for one in judged if one[0]["method"] not in apart]

    def scores(of: list[tuple]) -> list[list[float]]:
        return [[found[name] for *_, found, _ in of] for name in validators.RANKED]

    weights = validators.standing(*scores(teachers)) ** validators.SHARPNESS
    said = np.array([predicted for _, predicted, *_ in teachers])
    for of in filter(None, (teachers, students)):
        own = np.array([predicted for _, predicted, *_ in of])
        found = validators.ranks(scores(of), own, said, weights, classes, of is teachers)
        for one, value in zip(of, found, strict=True):
            one[2][validators.RANKS] = value


def judge(path: Path, source_labels: Path) -> list[dict]:
    """The rows of all networks of a file of outputs."""
    rows, networks = [], []
    for one in outputs.read(path, [TARGET, SOURCE]):
        truth = labels.load(source_labels, one.inputs[SOURCE], one.ids[SOURCE]).labels
        predicted, classes = one.logits[TARGET].argmax(1), len(one.inputs[TARGET]["classes"])
        shape = {
            "coverage": validators.coverage(predicted, classes),
            "collapsed": validators.collapsed(predicted, truth, classes),
        }
        networks.append((one.network, predicted, scores(one, truth), shape))
    teachers: dict[int, dict[str, np.ndarray]] = collections.defaultdict(dict)  # of each seed
    for network, predicted, *_ in networks:
        if network["method"] == "teacher":
            teachers[network["seed"]][network["adaptation"]] = predicted
    for network, predicted, found, _ in networks:
        agreed = agreement(network, predicted, teachers[network["seed"]])
        if not np.isnan(agreed):
            found[validators.AGREEMENT] = agreed
    for seed in dict.fromkeys(network["seed"] for network, *_ in networks):
        add_ranks([one for one in networks if one[0]["seed"] == seed], classes)
    for network, _, found, shape in networks:
        known = {name: network[name] for name in tables.IDENTITY}
        rows += [{**known, "validator": n, "value": v, **shape} for n, v in found.items()]
        alarm = "  COLLAPSED" if shape["collapsed"] else ""
        shown = (network["method"], network["adaptation"], network["seed"], shape["coverage"])
        cli.log.info("%s %s seed %d: coverage %.3f%s", *shown, alarm)
    return rows


def main(args: argparse.Namespace) -> None:
    rows = judge(args.outputs, args.source_labels)
    tables.write(pd.DataFrame(rows)[tables.VALIDATORS], args.validators)


if __name__ == "__main__":
    cli.run(main, parser())
