"""Augmented training batches a second: ours against a plain DataLoader, on this machine.

Both give preprocessed float batches of the same images under random rotation,
translation and scale: ours gathers from the memory-mapped file and augments the batch at
once (on the device); the plain one runs torchvision's transforms an image at a time.

    python benchmarks/images_per_second.py [--device cuda] [--size 32] [--channels 3]

On two cores of a shared machine, with other jobs running (load 7 to 10), one thread,
batches of 128, images a second:

    images      ours      DataLoader, 0 workers    DataLoader, 2 workers
    28x28x1    26,713                     1,451                    1,192
    32x32x3     8,628                       626                      900
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift.data import domains
from distilshift.files import tensors
from distilshift.image.settings import View
from distilshift.learning import training


class Plain(Dataset):
    """What a tutorial writes."""

    def __init__(self, images):
        self.images = images
        self.transform = v2.Compose(
            [
                v2.RandomAffine(
                    10, (0.08, 0.08), (0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR
                ),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([0.5], [0.5]),
            ]
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


def rate(batches, count, size, device):
    """Images a second, after one batch to warm up; the best of three."""
    best = 0.0
    for _ in range(3):
        drawn = iter(batches())
        next(drawn)
        begun = time.perf_counter()
        for _ in range(count):
            batch = next(drawn).to(device)
        if device.type == "cuda":
            batch.sum().item()
        best = max(best, count * size / (time.perf_counter() - begun))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, default=28)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device, shape = torch.device(args.device), (20_000, args.channels, args.size, args.size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images"
        made = {
            "inputs": torch.randint(0, 256, shape, dtype=torch.uint8),
            "ids": torch.arange(shape[0]),
        }
        tensors.save(path, "inputs", made, {"data": "image"})
        data = domains.load_inputs(path, device)
        views = training.Views(data, args.batch, View(), "benchmark")

        def ours():
            step = 0
            while True:
                yield views.view(views.indices(step), step)
                step += 1

        found = {"ours": rate(ours, 100, args.batch, device)}
        for workers in args.workers:
            loader = DataLoader(
                Plain(tensors.load(path, "inputs", "")[0]["inputs"]),
                args.batch,
                shuffle=True,
                drop_last=True,
                num_workers=workers,
            )
            found[f"DataLoader, {workers} workers"] = rate(
                lambda loader=loader: loader, 100, args.batch, device
            )
    for name, value in found.items():
        print(f"{name:24s} {value:10,.0f} images/s")


if __name__ == "__main__":
    main()
