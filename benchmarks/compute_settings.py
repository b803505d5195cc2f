"""What precision, memory format and compilation cost or gain: milliseconds a training step.

python benchmarks/compute_settings.py [--device cuda] [--models cnn-4 cnn-16]
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli, networks
from distilshift.data.domains import Inputs
from distilshift.device import Device, choose
from distilshift.image.settings import View
from distilshift.learning import training
from distilshift.learning.settings import Run, Training


def milliseconds(model: str, size: int, channels: int, batch: int, device: str, **setting) -> float:
    """The mean of a step after a run of warming up, which pays for the compilation."""
    images = torch.zeros(batch * 4, channels, size, size, dtype=torch.uint8, device=device)
    labels = torch.arange(len(images), device=device) % 10
    input = {"size": size, "channels": channels}
    network = networks.build(model, 10, "image", input, seed=0).to(device)
    marks = []

    def loss_fn(step):
        if step in (WARM, WARM + TIMED):
            if device == "cuda":
                torch.cuda.synchronize()
            # on a CPU the processor's own time: other work beside it does not count
            marks.append(time.process_time() if device == "cpu" else time.perf_counter())
        rows = views.indices(step)
        return torch.nn.functional.cross_entropy(network(views.view(rows, step)), labels[rows]), {}

    how = Training(steps=WARM + TIMED + 1, batch=batch, **setting)
    data = Inputs(images, torch.arange(len(images)), {"data": "image"})
    views = training.Views(data, how.batch, View(), 0)
    training.fit(network, loss_fn, how, Run(), views.per_epoch, {})
    return (marks[1] - marks[0]) / TIMED * 1000


WARM, TIMED = 10, 30
CASES = [("cnn-4", 16, 1, 128), ("cnn-16", 16, 1, 128), ("mlp-256-128", 16, 1, 128)]
CASES += [("resnet18", 32, 3, 64)]

if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    asked.add_argument("--threads", type=cli.positive_int, default=1)
    names = [case[0] for case in CASES]
    asked.add_argument("--models", nargs="+", choices=names, default=names, metavar="MODEL")
    given = asked.parse_args()
    choose(Device(device="cpu", threads=given.threads))  # threads and memory as a job has them
    print(f"{'model':12} {'precision':9} {'channels_last':13} {'compile':7} ms/step")
    for case in (case for case in CASES if case[0] in given.models):
        for precision, last, compiled in itertools.product(
            ["float32", "bfloat16"], [False, True], [False, True]
        ):
            torch.compiler.reset()
            setting = {"precision": precision, "channels_last": last, "compile": compiled}
            pace = milliseconds(*case, given.device, **setting)
            print(f"{case[0]:12} {precision:9} {last!s:13} {compiled!s:7} {pace:7.1f}", flush=True)
