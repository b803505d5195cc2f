"""What running costs beside training: the default experiment's jobs against its training loops.

    python benchmarks/overhead.py                    # config.yaml, in a folder for the moment
    python benchmarks/overhead.py --config seeds_a_job=one

The floor is the seconds in training loops (``training_seconds`` of every record). Above it
lie the start of Python and torch in every job, reading, caching, evaluation, tables and
figures. CPU-seconds of Snakemake itself are those of its own process, without its jobs.
docs/cluster.md holds the numbers of one machine.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]


def run(folder: Path, cores: str, more: list[str]) -> tuple[float, float]:
    """Seconds that the workflow took there, and the CPU-seconds of Snakemake's own process."""
    command = [sys.executable, "-m", "snakemake", "--cores", cores, "--directory", str(folder)]
    command += ["-s", str(ROOT / "Snakefile"), "--scheduler", "greedy", "--quiet", "all"]
    begun = time.perf_counter()
    child = psutil.Popen([*command, *more], cwd=folder)
    used = 0.0
    while child.poll() is None:
        try:
            times = child.cpu_times()
            used = times.user + times.system
        except psutil.Error:
            break
        time.sleep(0.2)
    if child.wait():
        sys.exit("the workflow failed")
    return time.perf_counter() - begun, used


def job_seconds(results: Path) -> list[float]:
    """Wall seconds of every job, as Snakemake's benchmarks have them."""
    found = []
    for path in results.glob("benchmarks/**/*.tsv"):
        with path.open(encoding="utf-8") as file:
            found += [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
    return found


def training_seconds(results: Path) -> float:
    records = (json.loads(p.read_text(encoding="utf-8")) for p in results.rglob("record.json"))
    return sum(record["training_seconds"] for record in records)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", default="all")
    parser.add_argument("--config", nargs="*", default=[], help="as snakemake's --config")
    args = parser.parse_args()
    more = ["--config", *args.config] if args.config else []
    with tempfile.TemporaryDirectory() as folder:
        wall, own = run(Path(folder), args.cores, more)
        jobs, training = job_seconds(Path(folder, "results")), training_seconds(Path(folder))
    total = sum(jobs)
    print(f"{len(jobs)} jobs in {wall:.0f} s")
    print(f"jobs {total:.0f} s / training loops {training:.0f} s = {total / training:.2f}")
    print(f"snakemake itself {own:.0f} CPU-s, {own / len(jobs):.2f} a job")


if __name__ == "__main__":
    main()
