"""distilshift beside pytorch-adapt, skada and torchdistill, on the CNN's transfers of config.yaml.

    make peers

runs the default experiment, installs the peers into ``benchmarks/peers/.venv`` and then this
script, which writes ``docs/peers.csv`` and prints the table of docs/peers.md. By hand, with the
Python of such an environment:

    python benchmarks/peers/compare.py --results results --table docs/peers.csv

Each row runs in a process of its own, all its transfers and seeds one after the other: CPU-seconds
of adapting or distilling alone, and the most memory that its process ever held. Teachers are
all distilled by the default's student step.
"""

import argparse
import csv
import importlib.metadata
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from lines import lines

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "scripts"))


class Row(NamedTuple):
    """A line of the table.

    Args:
        package: as the index calls it.
        method: as the table calls it.
        gives: what its driver returns, a teacher or a student.
        teacher: of a student's row, the adaptation that it learns from.
    """

    package: str
    method: str
    gives: str = "teacher"
    teacher: str = "none"


ROWS = {  # by the name of the driver
    "pytorch_adapt_dann": Row("pytorch-adapt", "DANN"),
    "skada_dann": Row("skada", "DANN"),
    "distilshift_dann": Row("distilshift", "dann"),
    "pytorch_adapt_mcc": Row("pytorch-adapt", "MCC"),
    "skada_mcc": Row("skada", "MCC"),
    "distilshift_mcc": Row("distilshift", "mcc"),
    "skada_coral": Row("skada", "DeepCoral"),
    "distilshift_coral": Row("distilshift", "coral"),
    "distilshift_adabn": Row("distilshift", "adabn"),
    "distilshift_posed_joint": Row("distilshift", "posed-joint"),
    "torchdistill_source": Row("torchdistill", "KD, source teacher", "student"),
    "distilshift_dist": Row("distilshift", "dist, source teacher", "student"),
    "torchdistill_posed_joint": Row(
        "torchdistill", "KD, posed-joint teacher", "student", "posed-joint"
    ),
}
MEASURED = ["teacher", "teacher_target_statistics", "student", "cpu_seconds", "memory_mib"]
COLUMNS = ["package", "version", "method", "gives", "transfer", "seed", *MEASURED, "lines"]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    text = "folder of the finished default experiment"
    made.add_argument("--results", type=Path, default=ROOT / "results", help=text)
    made.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    made.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    made.add_argument("--table", type=Path, help="output, CSV")
    made.add_argument("--one", choices=list(ROWS), help=argparse.SUPPRESS)  # in its own process
    return made


def measure(name: str, results: Path, seeds: list[int]) -> list[dict]:
    """What a row measures, a dict for each transfer and seed."""
    from distilshift import networks
    from distilshift.learning.adaptation import target_statistics

    import drivers
    import torch
    import yaml
    from task import Task

    torch.set_num_threads(1)
    row, driver = ROWS[name], getattr(drivers, name)
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    tasks = [
        Task(results.absolute(), config, pair["source"], pair["target"], seed)
        for pair in config["transfers"]
        if "cnn" in pair["networks"]
        for seed in seeds
    ]
    trained, seconds = [], []
    for task in tasks:
        torch.manual_seed(task.seed)  # of what a peer draws itself, as its discriminator
        begun = time.process_time()
        trained.append(driver(task).eval())
        seconds.append(time.process_time() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before anything of ours
    found = []
    for task, model, spent in zip(tasks, trained, seconds, strict=True):
        if row.gives == "teacher":
            model = bare(task, model)
            statistics = task.accuracy(target_statistics(model, task.inputs[task.target]))
            teacher, student = model, distil(task, model, row.method)
        else:
            path = task.teacher if row.teacher == "none" else task.adapted(row.teacher)
            teacher, student = networks.load_weights(path, "train_teacher")[0], model
            statistics = ""
        measured = {"transfer": f"{task.source}-to-{task.target}", "seed": task.seed}
        measured |= {"teacher": task.accuracy(teacher), "teacher_target_statistics": statistics}
        measured |= {"student": task.accuracy(student), "cpu_seconds": spent, "memory_mib": memory}
        found.append(measured)
    return found


def bare(task, model):
    """A trained teacher without what a library has hung on it, as hooks."""
    from distilshift import networks

    copy, _ = networks.load_weights(task.teacher, "train_teacher")
    copy.load_state_dict(model.state_dict())
    copy.pose = model.pose
    return copy


def distil(task, model, adaptation: str):
    """A student by the default's step, of a teacher that any library has trained."""
    from distilshift import networks

    import drivers

    _, header = networks.load_weights(task.teacher, "train_teacher")
    ends = {"source": task.source, "target": task.target, "adaptation": adaptation}
    pose = {"pose": list(model.pose)} if model.pose else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.safetensors")
        networks.save_weights(path, model, {**header, **ends, **pose})
        return drivers.distilshift_student(task, path)


def run(name: str, args: argparse.Namespace) -> list[dict]:
    """The lines of the CSV that a row fills, measured by a process of its own."""
    row = ROWS[name]
    command = [sys.executable, __file__, "--one", name, "--results", str(args.results)]
    command += ["--seeds", *map(str, args.seeds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{name} failed; its error is above")
    known = {"package": row.package, "version": version(row.package), "method": row.method}
    known |= {"gives": row.gives, "lines": lines((HERE / "drivers.py").read_text(), name)}
    return [{**known, **line} for line in json.loads(done.stdout.splitlines()[-1])]


def version(package: str) -> str:
    """Of a peer, that which is installed; distilshift is this checkout."""
    return "here" if package == "distilshift" else importlib.metadata.version(package)


def markdown(table: list[dict]) -> str:
    """Means over the seeds, of students with the least and the largest; seconds are medians."""
    transfers = list(dict.fromkeys(line["transfer"] for line in table))
    named = [name.replace("-to-", " → ") for name in transfers]
    head = ["package", "method", *named, "CPU-seconds", "MiB", "lines"]
    made = [head, ["---"] * len(head)]
    for name in ROWS.values():
        of = [line for line in table if (line["package"], line["method"]) == name[:2]]
        if not of:
            continue
        cells = [name.package, name.method]
        for transfer in transfers:
            here = [line for line in of if line["transfer"] == transfer]
            teacher = fmean(100 * float(line["teacher"]) for line in here)
            students = [100 * float(line["student"]) for line in here]
            ends = f"{min(students):.1f} to {max(students):.1f}"
            cells.append(f"{teacher:.1f}, **{fmean(students):.1f}** ({ends})")
        cells.append(f"{median(float(line['cpu_seconds']) for line in of):.1f}")
        cells.append(f"{max(float(line['memory_mib']) for line in of):.0f}")
        made.append([*cells, str(of[0]["lines"])])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in made)


def main() -> None:
    args = parser().parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.results, args.seeds)))
        return
    table = []
    for name in args.rows:
        begun = time.perf_counter()
        table += run(name, args)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        if args.table:
            write(args.table, table)  # after each row, as they take minutes
    print(markdown(table))
    print(f"Python {platform.python_version()}, torch {version('torch')}, {platform.machine()}")


def write(path: Path, table: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for line in table:
            writer.writerow({**line, **{key: rounded(line[key]) for key in MEASURED}})


def rounded(value: float | str) -> float | str:
    return value if isinstance(value, str) else round(value, 4)


if __name__ == "__main__":
    main()
