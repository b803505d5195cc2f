"""Keep what the frozen part of a network makes of a domain's rows, once for all jobs.

    python scripts/extract_features.py --inputs train_inputs.safetensors \\
        test_inputs.safetensors --model embedding-64 \\
        --features train_features.safetensors test_features.safetensors
"""

import argparse
from pathlib import Path

from distilshift import cli, device, networks, settings
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import tensors

import torch

AT_ONCE = 64  # rows, where the frozen part says none


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+", "required": True}
    made.add_argument("--inputs", **several, help="of halves of domains")
    made.add_argument("--model", required=True, help="a network with a frozen part")
    made.add_argument("--features", **several, help="output of each, safetensors")
    settings.add_arguments(made, device.Device, "device")
    return made


@torch.inference_mode()
def extract(args: argparse.Namespace, path: Path, out: Path, on: torch.device) -> None:
    """Write the features of one half of a domain, in the order of its rows."""
    data = domains.load_inputs(path, on)
    model = networks.build(args.model, **data.needs).to(on).eval()
    if not networks.is_frozen(model):
        raise InputError("--model", f"{args.model} has no frozen part", "its features change")
    rows = torch.arange(len(data.ids)).split(getattr(model.prepare, "AT_ONCE", AT_ONCE))
    features = torch.cat([model.prepare(data.plain(some)).cpu() for some in rows])
    known = {
        "domain": data.header["domain"],
        "split": data.header["split"],
        "inputs_sha256": data.header["sha256"],
        "prepare": model.prepare.facts,
    }
    tensors.save(out, "features", {"features": features, "ids": data.ids}, known)
    cli.log.info("%s %s: features %s", known["domain"], known["split"], tuple(features.shape))


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    if len(args.inputs) != len(args.features):
        given = f"{len(args.inputs)} inputs, {len(args.features)} features"
        raise InputError("--features", given, "give as many")
    for path, out in zip(args.inputs, args.features, strict=True):
        extract(args, path, out, on)


if __name__ == "__main__":
    cli.run(main, parser())
