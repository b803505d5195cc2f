"""Score the networks of one transfer on the target without its labels, and sound the alarm.

Validators look at outputs over the target's training inputs and, some of them, at the source's
test inputs and labels, or at which target inputs are near which. Each is a function of
distilshift.analysis.validators. Three compare networks. Agreement: of a distilled student
with its teacher, and of a teacher with the other teachers of its seed (mean), the unadapted one
among them. Seed agreement: of a network with those of other seeds that were made like it. Teacher
first, among the networks of a seed: teachers by one validator, where neighbours do not contradict,
and the students of each by another and by agreement with it.

    python scripts/validate.py --outputs outputs.parquet --neighbours neighbours.parquet \\
        --source-labels a/test_labels.safetensors --validators validators.parquet
"""

import argparse
import collections
from pathlib import Path

from distilshift import cli
from distilshift.analysis import validators
from distilshift.files import labels, neighbours, outputs, tables

import numpy as np
import pandas as pd

TARGET, SOURCE = ("target", "train"), ("source", "test")


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--outputs", type=Path, required=True, help="of predict, without the oracles")
    made.add_argument("--neighbours", type=Path, required=True, help="of find_neighbours")
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


def seed_agreements(networks: list[dict], predictions: list[np.ndarray]) -> list[float]:
    """Of each network the share of samples on which it and one of another seed say the same.

    The mean over all that differ from it by their seed alone; nan where there is none. Where
    networks are calibrated together it is their accuracy in the mean, without a label.

    Args:
        predictions: of each network the classes (N,) of the same samples.

    Source: Jiang, Nagarajan, Baek, Kolter, "Assessing Generalization of SGD via Disagreement",
    arXiv:2106.13799, theorem 4.1.
    """
    alike = collections.defaultdict(list)
    # own logits are called by their file, which may have the seed in its name
    keys = [key for key in tables.IDENTITY if key not in ("seed", "teacher")]
    recipes = [tuple(one[key] for key in keys) for one in networks]
    for recipe, predicted in zip(recipes, predictions, strict=True):
        alike[recipe].append(predicted)
    found = []
    for recipe, predicted in zip(recipes, predictions, strict=True):
        others = [other for other in alike[recipe] if other is not predicted]
        found.append(float(np.mean([predicted == o for o in others])) if others else np.nan)
    return found


def scores(one: outputs.Outputs, near: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """What every validator says of a network that does not compare it with others.

    Args:
        near: (N, K), which of the rows that validators look at are near each of them.
    """
    target, source = one.logits[TARGET], one.logits[SOURCE]
    found = {name: function(target) for name, function in validators.OF_TARGET.items()}
    found[validators.NEIGHBOURS] = validators.neighbour_information(validators.some(target), near)
    for name, function in validators.OF_BOTH.items():
        found[name] = function(target, source, truth)
    return found


def teacher_first(
    teachers: dict[str, dict],
    students: list[tuple[str, dict]],
    known_by_neighbours: float,
    known_by_seeds: float,
) -> None:
    """Give one seed's networks their order: teachers first, each with its students.

    Where seeds are ``WORTH_ASKING`` teachers stand by what their like of other seeds say, elsewhere
    by ``bnm``, which asks for predictions that are sure and of all classes. Where neighbours are
    ``WORTH_ASKING``, those that they have ``CONTRADICTED`` come after all others.
    Students of one teacher stand by the mean of two ranks, of ``class_cluster`` and agreement
    with it, so close that a better teacher's come before. From 0, excluded, to 1.

    Args:
        teachers: the scores of each, by adaptation.
        students: of each the adaptation and its scores; no place where no network taught it.
        known_by_neighbours: how far these know the source's labels, see ``validators``.
        known_by_seeds: the same of other seeds.
    """
    by = validators.SEED_AGREEMENT if known_by_seeds >= validators.WORTH_ASKING else "bnm"
    said, score = (
        np.array([found[name] for found in teachers.values()])
        for name in (validators.NEIGHBOURS, by)
    )
    stands = said >= validators.CONTRADICTED * said.max()
    stands |= known_by_neighbours < validators.WORTH_ASKING
    order = validators.standing(score + 2.0 * stands)  # either score is 1 at most
    for (adaptation, found), place in zip(teachers.items(), order, strict=True):
        found[validators.TEACHER_FIRST] = place
        own = [scores for of, scores in students if of == adaptation]
        two = [[scores[name] for scores in own] for name in ("class_cluster", "agreement")]
        for scores, within in zip(own, validators.standing(*two), strict=True):
            # equals share a place, so that places are half a step apart or more
            scores[validators.TEACHER_FIRST] = place - (1 - within) / (2 * len(teachers))


def judge(path: Path, near: Path, source_labels: Path) -> list[dict]:
    """The rows of all networks of a file of outputs."""
    rows, networks, seen_by = [], [], None
    beside, known = {}, {}  # of each seed, as its networks are of the same rows
    at_home = []  # of each seed's teacher what it says of the source
    unadapted = {
        one["seed"]: one["weights_sha256"]
        for one in outputs.networks(path)
        if (one["method"], one["adaptation"]) == ("teacher", "none")
    }
    for one in outputs.read(path, [TARGET, SOURCE]):
        truth = labels.load(source_labels, one.inputs[SOURCE], one.ids[SOURCE]).labels
        if seen_by is None:
            sha256 = {half: one.inputs[half]["sha256"] for half in (SOURCE, TARGET)}
            seen_by = neighbours.read(near, sha256, unadapted)
        seed = one.network["seed"]
        if seed not in known:
            of_source, beside[seed] = (
                seen_by[half, seed].places(validators.some(one.ids[half]))
                for half in (SOURCE, TARGET)
            )
            known[seed] = validators.known_by_neighbours(validators.some(truth), of_source)
            cli.log.info("seed %d: neighbours know %.2f of the source's labels", seed, known[seed])
        # by name: a guarded teacher that fell back has the same bytes
        if (one.network["method"], one.network["adaptation"]) == ("teacher", "none"):
            at_home.append(one.logits[SOURCE].argmax(1))
        predicted, classes = one.logits[TARGET].argmax(1), len(one.inputs[TARGET]["classes"])
        shape = {
            "coverage": validators.coverage(predicted, classes),
            "collapsed": validators.collapsed(predicted, truth, classes),
        }
        networks.append((one.network, predicted, scores(one, beside[seed], truth), shape))
    teachers: dict[int, dict[str, np.ndarray]] = collections.defaultdict(dict)  # of each seed
    for network, predicted, *_ in networks:
        if network["method"] == "teacher":
            teachers[network["seed"]][network["adaptation"]] = predicted
    of_seeds = seed_agreements([n for n, *_ in networks], [p for _, p, *_ in networks])
    for (network, predicted, found, _), across in zip(networks, of_seeds, strict=True):
        own = agreement(network, predicted, teachers[network["seed"]])
        among = {validators.AGREEMENT: own, validators.SEED_AGREEMENT: across}
        found |= {name: value for name, value in among.items() if not np.isnan(value)}
    by_seeds = validators.known_by_seeds(truth, at_home)
    cli.log.info("seeds know %.2f of the source's labels", by_seeds)
    for seed in teachers:
        of_seed = [(one, found) for one, _, found, _ in networks if one["seed"] == seed]
        taught = [(one["adaptation"], f) for one, f in of_seed if one["method"] != "teacher"]
        own = {one["adaptation"]: f for one, f in of_seed if one["method"] == "teacher"}
        teacher_first(own, taught, known[seed], by_seeds)
    for network, _, found, shape in networks:
        identity = {name: network[name] for name in tables.IDENTITY}
        rows += [{**identity, "validator": n, "value": v, **shape} for n, v in found.items()]
        alarm = "  COLLAPSED" if shape["collapsed"] else ""
        shown = (network["method"], network["adaptation"], network["seed"], shape["coverage"])
        cli.log.info("%s %s seed %d: coverage %.3f%s", *shown, alarm)
    return rows


def main(args: argparse.Namespace) -> None:
    rows = judge(args.outputs, args.neighbours, args.source_labels)
    tables.write(pd.DataFrame(rows)[tables.VALIDATORS], args.validators)


if __name__ == "__main__":
    cli.run(main, parser())
