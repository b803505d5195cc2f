"""Measure what distilled students took over from their teachers, of one transfer and network.

Each student against its teacher, beside two controls: teachers of other seeds, and a student of
about the same accuracy that was trained otherwise against the same teacher. Answers are compared
on the target's whole test half; gradients, attacks, shifts and features on at most 512 rows of it,
drawn by a seed. What a kind of data or a frozen teacher does not allow is left out, as the log
says. The labels of the target's test half are read, as by ``evaluate``: nothing is made from this.

    python scripts/measure_transferred.py --outputs label-free/outputs.parquet \\
        oracle/outputs.parquet --inputs b/test_inputs.safetensors \\
        --labels b/test_labels.safetensors --weights teacher/weights.safetensors \\
        student/weights.safetensors oracle/weights.safetensors \\
        --measures transferred.parquet --maps attributions.safetensors
"""

import argparse
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift import cli, device, networks, probes, settings
from distilshift.analysis import ladder, transferred
from distilshift.analysis.transferred import NULL, Probe, Row
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import headers, outputs, tables, tensors

import numpy as np
import pandas as pd
import torch
from torch import Tensor

HALF = ("target", "test")
PICTURES = 4  # rows whose gradients are kept
WEIGHTS = "train_teacher or distill_student"  # who makes them


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--outputs", **several, help="of predict, the oracles among them")
    made.add_argument("--inputs", type=Path, required=True, help="of the target's test half")
    text = "of a frozen part of the teacher, if it has one"
    made.add_argument("--target-test-features", type=Path, help=text)
    made.add_argument("--labels", type=Path, required=True, help="of these inputs")
    made.add_argument("--weights", **several, help="of every network of the outputs")
    made.add_argument("--measures", type=Path, required=True, help="output, Parquet")
    made.add_argument("--maps", type=Path, required=True, help="output, gradients of a few rows")
    settings.add_augmentation(made)
    settings.add_arguments(made, device.Device, "device")
    return made


class Network(NamedTuple):
    """What a trained network says (N,) on the whole half, and its weights."""

    said: np.ndarray
    path: Path


Cell = dict[Row, dict[int, Network]]  # by row of the ladder, then by seed


def read_cell(args: argparse.Namespace, data: domains.Inputs) -> tuple[dict, Cell]:
    """Transfer and network, and every network; ``InputError`` where one has no weights given."""
    shas = [headers.read_header(path, "weights", WEIGHTS)["sha256"] for path in args.weights]
    files, cell = dict(zip(shas, args.weights, strict=True)), {}
    for path in args.outputs:
        for one in outputs.read(path, [HALF]):
            networks.check_same(path, one.inputs[HALF], data.header, ("sha256",))
            known = one.network
            if known["weights_sha256"] not in files:
                problem = f"the {known['method']} of seed {known['seed']} is not among --weights"
                raise InputError(path, problem, "give those of every network")
            row = Row(known["method"], known["adaptation"], known["round"])
            network = Network(one.logits[HALF].argmax(1), files[known["weights_sha256"]])
            cell.setdefault(row, {})[known["seed"]] = network
    return {name: known[name] for name in ladder.CELL}, cell


class Comparison:
    """Measures of the networks of one transfer and network, by pairs of them."""

    def __init__(self, few: probes.Few, truth: np.ndarray):
        self.few, self.truth = few, truth
        self.partners = transferred.partners(few.labels.cpu().numpy(), few.data.header["domain"])
        self.asked: dict[Path, Probe] = {}  # of one row of the ladder
        self.attacks: dict[Path, tuple | None] = {}  # of one network: as large as the rows are

    def probe(self, path: Path) -> Probe:
        if path not in self.asked:
            self.asked[path] = Probe(*self.few.ask(path))
        return self.asked[path]

    def adversarial(self, one: Path, other: Path) -> dict[str, float]:
        """How often what fools one network fools another, and its null: other rows' attacks."""
        if one not in self.attacks:
            self.attacks = {one: self.few.attack(one)}
        if self.attacks[one] is None:
            return {}
        moves, fooled = self.attacks[one]
        # a row without a partner gets another's, and is not counted
        right = self.few.withstood(other, moves, moves[self.partners])
        if right is None:
            return {}
        before, after, exchanged = right
        has = self.partners >= 0
        return {
            "adversarial": transferred.transfer_rate(before, after, fooled),
            "adversarial" + NULL: transferred.transfer_rate(before, exchanged, fooled & has),
        }

    def measures(self, one: Network, other: Network) -> dict[str, float]:
        """Every measure of a student, or its control, and a teacher."""
        said = one.said, other.said, self.truth, len(self.few.data.classes)
        probed = self.probe(one.path), self.probe(other.path), self.partners
        adversarial = self.adversarial(one.path, other.path)
        return transferred.of_answers(*said) | transferred.of_probes(*probed) | adversarial

    def of_row(self, roles: dict[str, dict[int, Network]], control: Row | None) -> Iterator[dict]:
        """A line a seed, what a student is held against, and measure; roles' networks by seed."""
        self.asked = {}
        seeds = sorted(roles["student"])
        for seed in seeds:
            found: dict[tuple, list[float]] = {}
            for against, whose, at, taught in transferred.pairs(seed, seeds, control):
                measured = self.measures(roles[whose][at], roles["teacher"][taught])
                for name, value in measured.items():
                    found.setdefault((against, name), []).append(value)
            for role, of in roles.items():
                found[role, "accuracy"] = [(of[seed].said == self.truth).mean()]
            for (against, name), values in found.items():
                value = transferred.mean(np.array(values))
                yield {"seed": seed, "against": against, "measure": name, "value": value}


def pictures(few: probes.Few, roles: dict[str, dict[int, Network]] | None) -> dict[str, Tensor]:
    """Some of the rows, and their gradients by role, of the first seed; another's teacher."""
    found, asked = {"inputs": few.data.inputs[few.rows[:PICTURES]].cpu()}, {}
    if roles:
        first, *others = sorted(roles["student"])
        asked = {role: of[first].path for role, of in roles.items()}
        if others:
            asked["other teacher"] = roles["teacher"][others[0]].path
    for role, path in asked.items():
        gradients = few.ask(path)[1]
        if gradients is not None:
            found[role] = torch.from_numpy(gradients[:PICTURES].copy())
    return found


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    data = domains.load_inputs(args.inputs, on, args.target_test_features)
    labels = domains.load_labels(args.labels, data).cpu()
    ranges = data.kind.settings.View.parsed(args.augmentation, "--augmentation")
    few, truth = probes.Few(data, labels, ranges), labels.numpy()
    place, cell = read_cell(args, data)
    label = functools.partial(ladder.label, rounds=max(row.round for row in cell))
    accuracies = {
        row: float(np.mean([(one.said == truth).mean() for one in of.values()]))
        for row, of in cell.items()
        if row.method != "teacher"
    }
    columns = [*transferred.KEYS, "seed", "against", "measure", "value"]
    frames, shown, compared = [], {}, Comparison(few, truth)
    for row, students in cell.items():
        name, teachers = label(*row), cell.get(Row("teacher", row.adaptation, 0))
        if ladder.rank(row.method) != ladder.DISTILLED:
            continue
        if teachers is None:
            cli.log.info("%s is left out: its teacher is no network of ours", name)
            continue
        roles = {"student": students, "teacher": teachers}
        control = transferred.control_of(row, accuracies, len(students))
        known = {**place, **row._asdict(), "row": name, "control": None}
        if control is not None:
            roles["control"], known["control"] = cell[control], label(*control)
        found = pd.DataFrame(compared.of_row(roles, control)).assign(**known)
        frames.append(found[columns])
        if not shown or accuracies[row] > accuracies[shown["row"]]:
            shown = {"row": row, "roles": roles, "known": known}
        cli.log.info("%s: control %s", name, known["control"])
    every = pd.concat(frames or [pd.DataFrame(columns=columns)], ignore_index=True)
    missing = [name for name in transferred.MEASURES if name not in set(every["measure"])]
    if missing:
        why = "rows have no gradient, or a teacher has a frozen part"
        cli.log.info("left out, as %s: %s", why, ", ".join(missing))
    about = {"rows": len(few.rows), "whole": len(truth), "reach": few.reach}
    tables.write(every, args.measures, about)
    known = {**place, "data": data.header["data"], **shown.get("known", {})}
    tensors.save(args.maps, "maps", pictures(few, shown.get("roles")), known)


if __name__ == "__main__":
    cli.run(main, parser())
