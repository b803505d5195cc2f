"""Cache a teacher's raw logits over unlabelled target images, one row a sample.

The teacher runs in evaluation mode on the plain preprocessed images. A large set may be
cut into shards, contiguous ranges of its rows, each cached by a process of its own.

    python scripts/cache_logits.py --teacher adapted.safetensors \\
        --images train_images.safetensors --logits logits.parquet
"""

import argparse
from pathlib import Path

import pyarrow
import torch

from distilshift import augmentation, cli, device, domains, logits, models
from distilshift.errors import InputError


def shard(text: str) -> tuple[int, int]:
    """``2-of-4`` as (2, 4)."""
    index, _, count = text.partition("-of-")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError(f"must be like 2-of-4, got {text}")
    return int(index), int(count)


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--teacher", type=Path, required=True, help="weights of what labels")
    made.add_argument("--images", type=Path, required=True, help="unlabelled target images")
    made.add_argument("--adaptation", default="none", help="name of the teacher's adaptation")
    made.add_argument("--round", type=cli.positive_int, default=1, help="round of soft labels")
    made.add_argument("--dtype", choices=sorted(logits.DTYPES), default="float32", help="stored")
    made.add_argument(
        "--shard", type=shard, default="1-of-1", metavar="INDEX-of-COUNT", help="which rows"
    )
    made.add_argument("--batch", type=cli.positive_int, default=256, help="images a pass")
    made.add_argument("--logits", type=Path, required=True, help="output, Parquet")
    device.add_arguments(made)
    return made


def main(args: argparse.Namespace) -> None:
    on = device.choose(args)
    model, teacher = models.load_weights(args.teacher, "train_teacher or adapt_teacher", on)
    data = domains.load_images(args.images)
    models.check_same(args.images, data.header, teacher, ("classes", "channels", "size"))
    index, count = args.shard
    first, last = (len(data.ids) * edge // count for edge in (index - 1, index))
    if first == last:
        problem = f"there are but {len(data.ids)} images for {count} shards"
        raise InputError(args.images, problem, "lower logits.shards in the config")
    provenance = {
        "teacher": teacher["model"],
        "teacher_sha256": teacher["sha256"],
        "source": teacher.get("source", teacher.get("domain")),
        "target": data.header["domain"],
        "adaptation": args.adaptation,
        "round": args.round,
        "seed": teacher["seed"],
        "images_sha256": data.header["sha256"],
        "split": data.header["split"],
        "classes": data.classes,
        "preprocessing": augmentation.PREPROCESSING,
        "size": data.header["size"],
        "channels": data.header["channels"],
        "mode": "eval",
        "shard": index,
        "shards": count,
        "versions": {"torch": torch.__version__, "pyarrow": pyarrow.__version__},
    }

    @torch.inference_mode()
    def chunks():
        if any(module.training for module in model.modules()):
            raise RuntimeError("the teacher must be in evaluation mode")
        for images, ids in zip(
            data.images[first:last].split(args.batch),
            data.ids[first:last].split(args.batch),
            strict=True,
        ):
            values = model(augmentation.preprocess(images.to(on))).float().cpu()
            yield ids.numpy(), values.numpy()
            cli.log.info("labelled %d images", len(ids))

    logits.write(args.logits, chunks(), provenance, args.dtype)


if __name__ == "__main__":
    cli.run(main, parser())
