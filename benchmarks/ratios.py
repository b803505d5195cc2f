"""What distilling costs beside plain training: ratios, each of steps that take turns in one run.

    python benchmarks/ratios.py                         # one CPU thread, the processor's own time
    python benchmarks/ratios.py --device cuda --precision bfloat16
    python benchmarks/ratios.py --only share            # or cache, online; several

cache    a student's step from a cache on disk / its step on labels, both with their views, their
         reads and all that the training loop does
online   a step that asks the teacher itself / the step from the cache, beside what the floating
         point operations allow: 1 + those of the teacher's forward pass / those of a student's step
share    of the fastest matrix product of this machine, in this precision, that a teacher's
         training keeps up (MFU): floating point operations of a step / (its seconds * that peak)

A step is that of the workflow (`training.fit`), not of a loop like it. Where ratios are close to 1
they are medians over turns, as both halves of a turn share what else the machine does.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from distilshift import cli, networks
from distilshift.data.domains import Inputs
from distilshift.device import Device, choose
from distilshift.files import logits
from distilshift.image.settings import View
from distilshift.learning import distillation, training
from distilshift.learning.settings import Method, Run, Training

CLASSES = 10


class Case(NamedTuple):
    """A student and its teacher on square pictures, and how many steps are timed a turn."""

    student: str
    teacher: str
    size: int
    channels: int
    batch: int
    steps: int


STUDENTS = [
    Case("cnn-4", "cnn-16", 16, 1, 128, 100),
    Case("mlp-128", "mlp-256-128", 16, 1, 128, 200),
    Case("cnn-96", "cnn-192", 32, 3, 64, 8),
    Case("resnet18", "resnet50", 32, 3, 64, 4),
]
TEACHERS = [
    Case("", "cnn-16", 16, 1, 128, 50),
    Case("", "resnet18", 64, 3, 32, 4),
    Case("", "resnet50", 128, 3, 16, 2),
    Case("", "timm/vit_tiny_patch16_224", 224, 3, 8, 2),
    Case("", "timm/vit_small_patch16_224", 224, 3, 8, 2),
]


def clock(device: torch.device) -> float:
    """Seconds; on a CPU the processor's own, in which other work beside it does not count."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def rows(case: Case, device: torch.device) -> Inputs:
    """Pictures of noise: 16 batches of them, 4 where there are few steps."""
    count = case.batch * (16 if case.steps > 10 else 4)
    shape = (count, case.channels, case.size, case.size)
    drawn = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.manual_seed(0))
    header = {"data": "image", "classes": [str(k) for k in range(CLASSES)]}
    return Inputs(drawn.to(device), torch.arange(count), header)


def built(model: str, case: Case, device: torch.device) -> networks.Network:
    given = {"size": case.size, "channels": case.channels}
    return networks.build(model, CLASSES, "image", given, seed=0).to(device)


def seconds(network, loss_fn, case: Case, how: Training, device, warm: int) -> float:
    """The mean of a training step, after ``warm`` of them."""
    marks = []

    def marked(step):
        if step in (warm, warm + case.steps):
            marks.append(clock(device))
        return loss_fn(step)

    training.fit(network, marked, how, Run(), 2**31, {})
    return (marks[1] - marks[0]) / case.steps


def on_labels(network, views: training.Views, labels: torch.Tensor) -> training.LossFn:
    """What ``supervised.train`` does a step."""

    def loss_fn(step):
        drawn = views.indices(step)
        said = network(views.view(drawn, step))
        fit = (said.argmax(1) == labels[drawn]).float().mean()
        return F.cross_entropy(said, labels[drawn]), {"fit": fit}

    return loss_fn


@torch.no_grad()
def cached(case: Case, data: Inputs, device: torch.device, folder: str) -> distillation.Labels:
    """A teacher's logits of all rows, written as a cache is and read as a student does."""
    teacher = built(case.teacher, case, device).eval()
    path = Path(folder) / f"{case.student}.parquet"
    said = (
        (data.ids[some].numpy(), teacher(data.plain(some.to(device))).cpu().numpy())
        for some in torch.arange(len(data.ids)).split(case.batch)
    )
    logits.write(path, said, {"classes": data.header["classes"], "round": 1}, "float16")
    return distillation.Labels(logits.read([path], {}, data.ids.numpy()), device)


def turns(case: Case, args: argparse.Namespace, ways: dict) -> dict[str, list[float]]:
    """Seconds a step in each way, turn by turn; ``ways`` make (network, loss_fn)."""
    warm, found = max(2, case.steps // 5), {name: [] for name in ways}
    how = Training(steps=warm + case.steps + 1, batch=case.batch, precision=args.precision)
    for turn in range(args.turns + 1):
        for name, make in ways.items():
            taken = seconds(*make(), case, how, args.device, warm)
            if turn:  # the first warms the caches of the processor and of the libraries
                found[name].append(taken)
    return found


def cache_and_online(args: argparse.Namespace) -> None:
    both = "online" in args.only
    print(f"{'student':14} {'parameters':>10} {'loss':5} {'labels ms':>9}", end="")
    print(f" {'cache/labels':>12}" + (f" {'online/cache':>12} {'FLOPs allow':>11}" * both))
    for case in (case for case in STUDENTS if not args.models or case.student in args.models):
        data = rows(case, args.device)
        truth = (torch.arange(len(data.ids)) % CLASSES).to(args.device)
        student, teacher = (built(m, case, args.device) for m in (case.student, case.teacher))
        teacher.eval()
        size = sum(p.numel() for p in student.parameters())
        with tempfile.TemporaryDirectory() as folder:
            labels = cached(case, data, args.device, folder)
            for loss in args.losses:

                def distilled(views, loss=loss, case=case, data=data, labels=labels, of=teacher):
                    network = built(case.student, case, args.device)
                    seen = training.Views(data, case.batch, View(), "student", 0)
                    see = distillation.VIEWS[views](seen, labels, of)
                    method = Method(loss=loss, views=views)
                    task = distillation.Task(network, seen, labels, see, method, 1, 0)
                    return network, distillation.loss_fn(loss, task)

                def plain(case=case, data=data, truth=truth):
                    network = built(case.student, case, args.device)
                    seen = training.Views(data, case.batch, View(), "student", 0)
                    return network, on_labels(network, seen, truth)

                ways = {"labels": plain, "cache": lambda d=distilled: d("fixed")}
                if both:
                    ways["online"] = lambda d=distilled: d("online")
                taken = turns(case, args, ways)
                print(f"{case.student:14} {size:10,} {loss:5}", end="")
                print(f" {statistics.median(taken['labels']) * 1000:9.2f}", end="")
                print(f" {ratio(taken['cache'], taken['labels']):>12}", end="")
                if both:
                    step = operations(student, case, args.device)
                    allowed = 1 + operations(teacher, case, args.device, train=False) / step
                    print(f" {ratio(taken['online'], taken['cache']):>12} {allowed:11.2f}", end="")
                print(flush=True)


def ratio(above: list[float], below: list[float]) -> str:
    """The median of the turns' ratios, and half of what their middle half spans."""
    each = [a / b for a, b in zip(above, below, strict=True)]
    low, middle, high = statistics.quantiles(each, n=4) if len(each) > 1 else each * 3
    return f"{middle:.3f}±{(high - low) / 2:.3f}"


def operations(network, case: Case, device: torch.device, train: bool = True) -> int:
    """Floating point operations of a forward pass, and of the one backward, as torch counts."""
    images = torch.zeros(case.batch, case.channels, case.size, case.size, device=device)
    with FlopCounterMode(display=False) as counter, contextlib.ExitStack() as stack:
        if not train:
            stack.enter_context(torch.no_grad())
        said = network(images)
        if train:
            said.sum().backward()
    return counter.get_total_flops()


def peak(device: torch.device, precision: str) -> float:
    """Floating point operations a second of the fastest square matrix product; the best."""
    kind, best = training.PRECISIONS[precision] or torch.float32, 0.0
    sides = (512, 1024, 2048) if device.type == "cpu" else (4096, 8192, 16384)
    for side in sides:
        a, b = (torch.randn(side, side, device=device).to(kind) for _ in "ab")
        for _ in range(5):
            begun = clock(device)
            torch.mm(a, b)
            best = max(best, 2 * side**3 / (clock(device) - begun))
    return best


def share(args: argparse.Namespace) -> None:
    print(f"{'teacher':28} {'size':>4} {'batch':>5} {'GFLOP':>7} {'ms/step':>8} {'of peak':>8}")
    for case in (case for case in TEACHERS if not args.models or case.teacher in args.models):
        most = peak(args.device, args.precision)  # beside each, as a machine's clock moves
        data = rows(case, args.device)
        truth = (torch.arange(len(data.ids)) % CLASSES).to(args.device)
        work = operations(built(case.teacher, case, args.device), case, args.device)

        def plain(case=case, data=data, truth=truth):
            network = built(case.teacher, case, args.device)
            seen = training.Views(data, case.batch, View(), "teacher", 0)
            return network, on_labels(network, seen, truth)

        taken = min(turns(case, args, {"labels": plain})["labels"])
        most = max(most, peak(args.device, args.precision))
        print(f"{case.teacher:28} {case.size:4} {case.batch:5} {work / 1e9:7.1f}", end="")
        print(f" {taken * 1000:8.1f} {work / taken / most:8.2f}", flush=True)
    print(f"peak {most / 1e9:,.0f} GFLOP/s in {args.precision}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    asked.add_argument("--precision", choices=list(training.PRECISIONS), default="float32")
    asked.add_argument("--threads", type=cli.positive_int, default=1)
    asked.add_argument("--turns", type=cli.positive_int, default=7)
    parts = ["cache", "online", "share"]
    asked.add_argument("--only", nargs="+", choices=parts, default=parts)
    asked.add_argument("--models", nargs="+", help="these students, or teachers, alone")
    asked.add_argument("--losses", nargs="+", default=["kd", "dist"])
    args = asked.parse_args()
    choose(Device(device="cpu", threads=args.threads))  # threads and memory as a job has them
    if {"cache", "online"} & {*args.only}:
        cache_and_online(args)
    if "share" in args.only:
        share(args)


if __name__ == "__main__":
    main()
