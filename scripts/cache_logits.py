"""Cache a teacher's raw logits over unlabelled target inputs, one row a sample.

The teacher runs in evaluation mode on the plain preprocessed inputs, and, with ``--views
V``, on the V views in which the student of ``--seed`` sees each image in its first V
epochs. A large set may be cut into shards, contiguous ranges of its samples, each cached
by a process of its own.

With --previous the teacher is the student who learned from that cache, and the new cache,
of the next round, keeps a share of the old one's probabilities.

Several teachers, each with a cache, a seed and perhaps a cache of the round before, are
taken one after the other: the rows are read once.

    python scripts/cache_logits.py --teacher adapted.safetensors \\
        --inputs train_inputs.safetensors --logits logits.parquet
"""

import argparse
from pathlib import Path

from distilshift import cli, device, networks, settings
from distilshift.data import domains, kinds
from distilshift.errors import InputError
from distilshift.files import logits
from distilshift.learning.rounds import remember

import numpy as np
import pyarrow
import torch


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    several = {"type": Path, "nargs": "+"}
    made.add_argument("--teacher", **several, required=True, help="weights of what labels")
    made.add_argument("--inputs", type=Path, required=True, help="unlabelled target inputs")
    made.add_argument("--features", type=Path, help="of its frozen part, if it has one")
    made.add_argument("--adaptation", default="none", help="name of the teacher's adaptation")
    made.add_argument("--previous", **several, help="the cache, or its shard, of the round before")
    made.add_argument("--memory", type=cli.share, default=0.5, help="share of it that is kept")
    made.add_argument("--dtype", choices=sorted(logits.DTYPES), default="float32", help="stored")
    made.add_argument("--keep", default="all", help="of a row: all, top<k> or sample<n>")
    made.add_argument(
        "--shard", type=cli.shard, default="1-of-1", metavar="INDEX-of-COUNT", help="which rows"
    )
    made.add_argument(
        "--views", type=cli.non_negative_int, default=0, help="augmented views beside the plain one"
    )
    made.add_argument(
        "--seed", type=cli.non_negative_int, nargs="+", default=[0], help="of the student"
    )
    made.add_argument("--keep-features", action="store_true", help="what its head reads, too")
    settings.add_augmentation(made)
    made.add_argument("--batch", type=cli.positive_int, default=256, help="rows a pass")
    made.add_argument("--logits", **several, required=True, help="output, Parquet")
    settings.add_arguments(made, device.Device, "device")
    return made


def load_previous(
    path: Path, student: dict, inputs: dict, drawn: dict, ids: np.ndarray
) -> logits.Cache:
    """The cache, or its shard, that a student has learned from, in the order of ``ids``.

    Raises:
        InputError: the student learned from another one, or it holds other samples or views.
    """
    expect = {"classes": inputs["classes"], "inputs_sha256": inputs["sha256"], **drawn}
    expect["teacher_sha256"] = student.get("teacher_sha256")
    return logits.read([path], expect, ids, part=True)


def label(
    args: argparse.Namespace,
    data: domains.Inputs,
    run: tuple[Path, int, Path | None, Path],
    on: torch.device,
) -> None:
    """Write the cache of one teacher.

    Args:
        run: its weights, the student's seed, the cache before, and where the new one goes.
    """
    path, seed, before, out = run
    model, teacher = networks.load_weights(path, "train_teacher or adapt_teacher", on)
    networks.check_same(args.inputs, data.header, teacher, domains.FACTS)
    # what is kept of a frozen part is of the plain rows: views pass all of the network
    data = data._replace(features=None) if args.views else networks.as_read(model, data)
    views = data.kind.views
    ranges = data.kind.settings.View.parsed(args.augmentation, "--augmentation")
    index, count = args.shard
    first, last = cli.part(len(data.ids), args.shard)
    named = kinds.parameters(views, ranges)
    drawn = logits.views_drawn(args.views, named, ranges.facts(), seed)
    previous, rounds = None, {"round": 1}
    if before:
        ids = data.ids[first:last].numpy()
        previous = load_previous(before, teacher, data.header, drawn, ids)
        known = {name: previous.provenance[name] for name in ("round", "teacher_sha256")}
        rounds = {"round": known["round"] + 1, "memory": args.memory, "previous": known}
    provenance = {
        "teacher": teacher["model"] if previous is None else previous.provenance["teacher"],
        "teacher_sha256": teacher["sha256"],
        "source": teacher.get("source", teacher.get("domain")),
        "target": data.header["domain"],
        "adaptation": args.adaptation,
        **rounds,
        "seed": teacher["seed"],
        "inputs_sha256": data.header["sha256"],
        "split": data.header["split"],
        **data.known,
        "preprocessing": views.PREPROCESSING,
        **drawn,
        **({"features": model.head.in_features} if args.keep_features else {}),
        **({} if args.keep == "all" else {"keep": args.keep}),
        "mode": "eval",
        "shard": index,
        "shards": count,
        "versions": {"torch": torch.__version__, "pyarrow": pyarrow.__version__},
    }

    @torch.inference_mode()
    def chunks():
        if any(module.training for module in model.modules()):
            raise RuntimeError("the teacher must be in evaluation mode")
        for view in range(args.views + 1):
            parameters = torch.zeros(len(data.ids), len(named))
            if view:  # as training.Views draws them for the student's epoch
                stream = ("student", seed, "view", view - 1)
                parameters = views.draw(len(data.ids), ranges, *stream)
            for rows in torch.arange(first, last).split(args.batch):
                how = parameters[rows]
                seen = data.see(rows, how.to(on)) if view else data.plain(rows)
                features = model.features(seen)
                values = model.head(features).float().cpu().numpy()
                if previous is not None:
                    kept = previous.logits[previous.rows[view, rows.numpy() - first]]
                    values = remember(kept, values, args.memory)
                deep = features.float().cpu().numpy() if args.keep_features else None
                yield data.ids[rows].numpy(), values, view, how.numpy(), deep
                cli.log.info("view %d: labelled %d rows", view, len(rows))

    logits.write(out, chunks(), provenance, args.dtype)


def main(args: argparse.Namespace) -> None:
    on = device.choose(device.Device.given(args))
    data = domains.load_inputs(args.inputs, on, args.features)
    before = args.previous or [None] * len(args.teacher)
    seeds = args.seed if len(args.seed) > 1 else args.seed * len(args.teacher)
    if not len(args.teacher) == len(args.logits) == len(before) == len(seeds):
        given = f"{len(args.logits)} caches, {len(seeds)} seeds"
        raise InputError("--teacher", f"{len(args.teacher)} teachers, {given}", "give as many")
    for run in zip(args.teacher, seeds, before, args.logits, strict=True):
        label(args, data, run, on)


if __name__ == "__main__":
    cli.run(main, parser())
