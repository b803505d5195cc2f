"""Augmented training batches a second: ours against DataLoaders, on this machine.

All give normalised float batches of random resized crops, half of them flipped, of the same
pictures: ours gathers rows that were decoded once, from a memory-mapped file, and makes a batch
of views at once, on the device; torchvision's transforms (v2) and timm's loader decode a JPEG and
transform it, an image at a time, as their tutorials have it.

    python benchmarks/images_per_second.py                  # 64, 128 and 224 pixels, one thread
    python benchmarks/images_per_second.py --device cuda --workers 8

Without workers and on a CPU the seconds are the processor's own, in which other work beside it
does not count; else those of the clock. Batches of the three take turns. `decoded` is what ours
has paid before the first epoch, in epochs of torchvision's loader.

docs/datasets.md holds the numbers of one machine.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli
from distilshift.data import domains
from distilshift.files import tensors
from distilshift.image.settings import View
from distilshift.learning import training

WIDE, HIGH = 500, 375  # of the pictures on disk: about ImageNet's
CROPS = View(rotation=0, translation=0, scale=0, flip=0.5, crop=0.08)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_pictures(folder: Path, count: int) -> None:
    """JPEGs of coarse noise, which compress about as photographs do."""
    draw = torch.Generator().manual_seed(0)
    (folder / "a").mkdir(parents=True)
    for at in range(count):
        coarse = torch.rand(1, 3, HIGH // 8, WIDE // 8, generator=draw)
        fine = torch.nn.functional.interpolate(coarse, (HIGH, WIDE), mode="bicubic")[0]
        fine = (fine + 0.05 * torch.randn(3, HIGH, WIDE, generator=draw)).clamp(0, 1)
        picture = fine.mul(255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(folder / "a" / f"{at}.jpg", quality=90)


def decode(folder: Path, side: int, path: Path) -> None:
    """The rows of a domain of those pictures, as it keeps them."""
    size = v2.Resize((side, side))
    loaded = ImageFolder(folder, v2.Compose([v2.ToImage(), size]))
    made = torch.stack([loaded[at][0] for at in range(len(loaded))])
    content = {"inputs": made, "ids": torch.arange(len(made))}
    tensors.save(path, "inputs", content, {"data": "image"})


def ours(path: Path, batch: int, device: torch.device) -> Iterator[Tensor]:
    views = training.Views(domains.load_inputs(path, device), batch, CROPS, "benchmark")
    mean, deviation = (
        torch.tensor(values, device=device).mul(scale).sub(less).view(-1, 1, 1)
        for values, scale, less in ((MEAN, 2, 1), (DEVIATION, 2, 0))
    )
    step = 0
    while True:  # rows are in -1..1, which a pretrained network takes to its own normalisation
        yield (views.view(views.indices(step), step) - mean) / deviation
        step += 1


def torchvisions(folder: Path, side: int, batch: int, workers: int) -> DataLoader:
    transform = v2.Compose(
        [
            v2.ToImage(),
            v2.RandomResizedCrop(side, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, DEVIATION),
        ]
    )
    how = {"shuffle": True, "drop_last": True, "num_workers": workers}
    return DataLoader(ImageFolder(folder, transform), batch, **how)


def timms(folder: Path, side: int, batch: int, workers: int, device: torch.device):
    from timm.data import create_dataset, create_loader

    return create_loader(
        create_dataset("", str(folder)),
        (3, side, side),
        batch,
        is_training=True,
        use_prefetcher=device.type == "cuda",
        device=device,
        scale=(0.08, 1.0),
        color_jitter=None,
        interpolation="bilinear",
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def endless(loader) -> Iterator[Tensor]:
    while True:
        for batch, _ in loader:
            yield batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--sizes", type=cli.positive_int, nargs="+", default=[64, 128, 224])
    parser.add_argument("--pictures", type=cli.positive_int, default=512)
    parser.add_argument("--batch", type=cli.positive_int, default=64)
    parser.add_argument("--threads", type=cli.positive_int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="of both DataLoaders")
    parser.add_argument("--turns", type=cli.positive_int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device, own = args.device, args.device.type == "cpu" and not args.workers

    def clock() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.process_time() if own else time.perf_counter()

    print(f"{'side':>4} {'ours':>8} {'torchvision':>11} {'timm':>8} {'times':>6} {'decoded':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "pictures")
        make_pictures(folder, args.pictures)
        for side in args.sizes:
            begun = clock()
            decode(folder, side, Path(name, f"rows{side}"))
            paid = (clock() - begun) / args.pictures
            ways = {
                "ours": ours(Path(name, f"rows{side}"), args.batch, device),
                "torchvision": endless(torchvisions(folder, side, args.batch, args.workers)),
                "timm": endless(timms(folder, side, args.batch, args.workers, device)),
            }
            batches = {key: max(1, args.pictures // args.batch // 4) for key in ways}
            batches["ours"] *= 8
            found = {key: [] for key in ways}
            for turn in range(args.turns + 1):
                for key, drawn in ways.items():
                    begun = clock()
                    for _ in range(batches[key]):
                        next(drawn).to(device)
                    if turn:  # the first starts workers and warms caches
                        found[key].append(batches[key] * args.batch / (clock() - begun))
            rate = {key: statistics.median(values) for key, values in found.items()}
            faster = rate["ours"] / max(rate["torchvision"], rate["timm"])
            print(f"{side:4} {rate['ours']:8,.0f} {rate['torchvision']:11,.0f}", end="")
            print(f" {rate['timm']:8,.0f} {faster:6.1f} {paid * rate['torchvision']:8.2f}")


if __name__ == "__main__":
    main()
