"""Verify logit caches: recompute random rows of each and compare.

One pass over the whole experiment. Of each cache some rows, of any view, are labelled
again by the teacher it names, from the parameters that stand in the cache. A row that
differs by more than the tolerance, or is of another class, fails the job.

    python scripts/verify_logits.py --logits logits.parquet --teachers adapted.safetensors \\
        --inputs train_inputs.safetensors --networks cnn --csv verification.csv
"""

import argparse
from pathlib import Path

from distilshift import cli, device, networks, settings
from distilshift.data import domains
from distilshift.errors import InputError, rerun
from distilshift.files import kept, logits
from distilshift.seeds import seed_from

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"nargs": "+", "required": True}
    made.add_argument("--logits", type=Path, **several, help="caches, all shards of each in turn")
    made.add_argument("--teachers", type=Path, **several, help="weights of each cache, in order")
    made.add_argument("--inputs", type=Path, **several, help="of each cache, in order")
    made.add_argument("--networks", **several, help="name of each cache's network, in order")
    made.add_argument("--rows", type=cli.positive_int, default=64, help="of each cache")
    made.add_argument(
        "--tolerance",
        type=cli.positive_float,
        default=1e-4,
        help="largest difference, relative to the largest logit; float16 adds its rounding",
    )
    made.add_argument("--csv", type=Path, required=True, help="output, a row a cache")
    settings.add_arguments(made, device.Device, "device")
    return made


@torch.inference_mode()
def recompute(
    model: nn.Module,
    data: domains.Inputs,
    rows: Tensor,
    parameters: np.ndarray | None,
    plain: np.ndarray,
    on: torch.device,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, C) and features (n, D) of those rows (n,) of a domain.

    Plain, where ``plain`` (n,), else as seen.
    """
    views, inputs = data.kind.views, data.inputs[rows].to(on)
    seen = views.plain(inputs)
    if parameters is not None:
        viewed = views.see(inputs, torch.from_numpy(parameters).to(on))
        as_they_are = torch.from_numpy(plain).to(on).view(-1, *[1] * (seen.dim() - 1))
        seen = torch.where(as_they_are, seen, viewed)
    features = model.features(seen)
    return model.head(features).float().cpu().numpy(), features.float().cpu().numpy()


def compare(cached: np.ndarray, computed: np.ndarray) -> dict:
    """How far cached logits (n, C) are from recomputed ones.

    The difference is relative to the largest logit. The argmax has changed where the
    recomputed one is not among the largest cached logits: rounding may tie two, not swap
    them. The cosine is the smallest of all rows.
    """
    shown = cached.astype(np.float32)
    winner = np.take_along_axis(shown, computed.argmax(1)[:, None], 1)[:, 0]
    lengths = np.linalg.norm(shown, axis=1) * np.linalg.norm(computed, axis=1)
    return {
        "largest_difference": np.abs(shown - computed).max() / np.abs(computed).max(),
        "argmax_changes": int((winner < shown.max(1)).sum()),
        "cosine": ((shown * computed).sum(1) / lengths.clip(1e-12)).min(),
    }


def compare_kept(
    cache: logits.Cache,
    rows: np.ndarray,
    computed: np.ndarray,
    sample: np.ndarray,
    view: np.ndarray,
) -> dict:
    """As ``compare``, of rows that keep a part of their logits: that part alone is compared."""
    keep, packed = cache.logits.keep, cache.logits.room[rows]
    how = cache.ids[sample], view, logits.drawn_by(cache.provenance)
    changes = 0
    if keep.kind == "top":
        changes = compare(cache.logits[rows], computed)["argmax_changes"]
    apart = kept.apart(keep, packed, computed, *how)
    return {"largest_difference": apart, "argmax_changes": changes, "cosine": np.nan}


def verify(
    cache: logits.Cache, model: nn.Module, data: domains.Inputs, count: int, on: torch.device
) -> dict:
    """Compare ``count`` random rows of a cache, which are a function of its teacher alone."""
    drawn = np.random.default_rng(seed_from("verify", cache.provenance["teacher_sha256"]))
    some = drawn.choice(cache.rows.size, min(count, cache.rows.size), replace=False)
    view, sample = np.unravel_index(np.sort(some), cache.rows.shape)
    rows = cache.rows[view, sample]
    parameters = None if cache.parameters is None else cache.parameters[rows]
    how = parameters, view == 0, on
    computed, features = recompute(model, data, torch.from_numpy(sample), *how)
    if isinstance(cache.logits, kept.Packed):
        found = {"rows": len(rows), **compare_kept(cache, rows, computed, sample, view)}
    else:
        found = {"rows": len(rows), **compare(cache.logits[rows], computed)}
    if cache.features is not None:  # of what is kept the part that differs most
        apart = compare(cache.features[rows], features)["largest_difference"]
        found["largest_difference"] = max(found["largest_difference"], apart)
    return found


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    count, shards = len(args.teachers), len(args.logits) // len(args.teachers)
    if not len(args.inputs) == len(args.networks) == count or len(args.logits) != count * shards:
        given = f"{len(args.logits)} files of {count} teachers, {len(args.inputs)} inputs"
        raise InputError("--logits", f"{given}, {len(args.networks)} networks", "give as many")
    data = {path: domains.load_inputs(path) for path in dict.fromkeys(args.inputs)}
    found, wrong = [], []
    for number, teacher in enumerate(args.teachers):
        files = args.logits[number * shards : (number + 1) * shards]
        of_cache = data[args.inputs[number]]
        model, header = networks.load_weights(teacher, "train_teacher or adapt_teacher", on)
        expect = {"teacher_sha256": header["sha256"], "inputs_sha256": of_cache.header["sha256"]}
        cache = logits.read(files, expect, of_cache.ids.numpy())
        known = cache.provenance
        compared = verify(cache, model, of_cache, args.rows, on)
        rounding = np.finfo(np.float16).eps / 2 if known["dtype"] == "float16" else 0
        difference, changed = compared["largest_difference"], compared["argmax_changes"]
        if difference > args.tolerance + rounding or changed:
            problem = (
                f"of {compared['rows']} rows computed again {changed} are of another class and"
                f" the largest difference is {difference:.2g}"
                f" of the largest logit, {args.tolerance + rounding:.2g} is allowed"
            )
            wrong.append(InputError(files[0], problem, rerun("cache_logits")))
            cli.log.error("%s", wrong[-1])
        found.append(
            {
                "transfer": f"{known['source']}-to-{known['target']}",
                "network": args.networks[number],
                "seed": known["seed"],
                "adaptation": known["adaptation"],
                "views": known["views"],
                **compared,
            }
        )
    if wrong:
        raise wrong[0]
    with cli.whole_file(args.csv) as part:
        pd.DataFrame(found).to_csv(part, index=False, float_format="%.3g")
    cli.log.info("%d caches, %d rows of each", len(found), args.rows)


if __name__ == "__main__":
    cli.run(main, parser())
