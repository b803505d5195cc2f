"""Find out which inputs are alike, as the teachers of the source see them, before any adaptation.

Of the target's training and the source's test inputs that a validator looks at
(distilshift.analysis.validators) each one's nearest others, by the cosine of the features that the
teacher's head reads, or of what a frozen body makes, less their mean. They are the same for all
networks of a seed, so that each is held against what none of them has made. No label is read.

    python scripts/find_neighbours.py --source-test-inputs a/test_inputs.safetensors \\
        --target-train-inputs b/train_inputs.safetensors \\
        --weights seed0/weights.safetensors seed1/weights.safetensors \\
        --neighbours neighbours.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli, device, networks, settings
from distilshift.analysis import validators
from distilshift.data import domains
from distilshift.files import neighbours
from distilshift.learning import pseudo_labels

import torch

HALVES = (("source", "test"), ("target", "train"))
NEAR = 10  # others a row
UNADAPTED = {"role": "teacher", "adaptation": "none"}


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    for domain, split in HALVES:
        made.add_argument(f"--{domain}-{split}-inputs", type=Path, required=True)
        text = "of the teacher's frozen part, if it has one"
        made.add_argument(f"--{domain}-{split}-features", type=Path, help=text)
    made.add_argument("--weights", type=Path, nargs="+", required=True, help="of the teachers")
    made.add_argument("--neighbours", type=Path, required=True, help="output, Parquet")
    settings.add_arguments(made, device.Device, "device")
    return made


def load_inputs(args: argparse.Namespace, domain: str, split: str) -> domains.Inputs:
    path, features = (getattr(args, f"{domain}_{split}_{what}") for what in ("inputs", "features"))
    data = domains.load_inputs(path, features=features)
    networks.check_same(path, data.header, {"split": split}, ("split",))
    return data


@torch.inference_mode()
def alike(model: networks.Network, data: domains.Inputs, on: torch.device) -> neighbours.Neighbours:
    """Which of the rows that are looked at are near which, as a network sees them."""
    rows = torch.from_numpy(validators.drawn(len(data.ids)))
    read, ids = networks.as_read(model, data), data.ids[rows]
    seen = torch.cat([model.compared(read.plain(n).to(on)).float() for n in rows.split(256)])
    _, nearest = pseudo_labels.nearest(seen - seen.mean(0), NEAR)
    return neighbours.Neighbours(ids.numpy(), ids[nearest.cpu()].numpy())


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    halves = {half: load_inputs(args, *half) for half in HALVES}
    found, teachers = {}, {}
    for path in args.weights:
        model, header = networks.load_weights(path, "train_teacher", on)
        networks.check_same(path, {"adaptation": "none", **header}, UNADAPTED, tuple(UNADAPTED))
        teachers[header["seed"]] = header["sha256"]
        for half, data in halves.items():
            networks.check_same(path, header, data.header, domains.FACTS)
            found[half, header["seed"]] = alike(model, data, on)
    inputs = {half: data.header["sha256"] for half, data in halves.items()}
    neighbours.write(args.neighbours, found, inputs, teachers)
    cli.log.info("as seen by %s", cli.counted(len(teachers), "teacher"))


if __name__ == "__main__":
    cli.run(main, parser())
