"""Take an experiment's tables over into docs/, with where they come from.

What is kept of which experiment stands in docs/tables.toml. The results must be of the config
that is named there. docs/tables.json is told the sha256 of every table and figure, the settings,
versions, machine and seconds of the run; what is made of them refuses one that was changed since.

    python scripts/publish.py --results results results/methods
"""

import argparse
import platform
import shutil
from importlib import metadata
from pathlib import Path

from distilshift import cli, device
from distilshift.analysis import experiments, ladder, published, written
from distilshift.errors import InputError
from distilshift.files import documents, tables

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
# of a config, what changes no number
APART = ("experiment", "results", "datasets", "archive_dir", "device", "seeds_a_job")
APART += ("requirement", "headline", "figures")


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--results", type=Path, nargs="+", required=True, help="finished experiments")
    made.add_argument("--root", type=Path, default=ROOT, help="the checkout whose docs/ is meant")
    return made


def settings(path: Path) -> dict:
    """A config as it is written, without what is apart; its sha256 says if it is another."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def runs(metrics: pd.DataFrame, headline: str) -> pd.DataFrame:
    """What the ladder is the mean of: the headline on the target of every seed."""
    kept = ladder.rows(metrics, headline)[[*tables.METRICS]]
    return kept.drop(columns=["device", "training_seconds"])


def seconds(metrics: pd.DataFrame, headline: str) -> pd.DataFrame:
    """Median seconds of training, by network: of an adaptation's teachers, a method's students."""
    once = metrics.drop_duplicates([*tables.IDENTITY])
    lines = []
    for kind, name, kept in (
        ("adaptation", "adaptation", once["method"] == "teacher"),
        ("method", "method", ladder.is_distilled(once["method"])),
    ):
        grouped = once[kept].groupby(["network", name], sort=False)["training_seconds"].median()
        lines += [(kind, *key, round(value, 2)) for key, value in grouped.items()]
    return pd.DataFrame(lines, columns=["kind", "network", "name", "seconds"])


MADE = {"runs": runs, "seconds": seconds}


def emptied(before: Path, now: Path) -> list[str]:
    """Columns that have a value in a table that is published, and none in the one to come.

    Of what an extra measures, say, where it is not installed.
    """
    if not before.exists():
        return []
    had, has = (pd.read_csv(path).notna().any() for path in (before, now))
    return [column for column in had[had].index if not has.get(column, False)]


def about(results: Path, found: experiments.Experiment, entry: dict, root: Path) -> dict:
    """What is to be known about a run.

    Raises:
        InputError: another torch made it than the one here, whose versions would be recorded.
    """
    # by folder: other experiments may lie below the results of this one
    places = [results / name for name in ("teachers", "students", "transfers")]
    files = sorted(path for place in places for path in place.rglob("record.json"))
    records = [documents.read(path, "train_student") for path in files]
    here = metadata.version("torch").split("+")[0]
    for path, record in zip(files, records, strict=True):
        if (made := record["torch"].split("+")[0]) != here:
            problem = f"was made with torch {made}, and here is {here}"
            raise InputError(path, problem, "publish where it was run, or run it again")
    processor = device.processor()  # of a record of before processors were recorded, too
    benchmarks = (results / "benchmarks").rglob("*.tsv")
    timed = [pd.read_csv(path, sep="\t")["s"].sum() for path in benchmarks]
    return {
        "config": entry["config"],
        "settings_sha256": documents.sha256(settings(root / entry["config"])),
        "config_sha256": found.sha256,
        "seeds": sorted(int(seed) for seed in found.metrics["seed"].unique()),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "machine": ", ".join(sorted({one.get("processor", processor) for one in records})),
        "devices": sorted({record["device"] for record in records}),
        "jobs": len(timed),
        "seconds": round(float(sum(timed))),
    }


def main(args: argparse.Namespace) -> None:
    docs = args.root / "docs"
    listed, record = published.listed(docs), published.record(docs)
    for results in args.results:
        found = experiments.load(results)
        if found.name not in listed:
            problem = f"is {found.name}, which {docs / published.LIST} does not list"
            raise InputError(results, problem, f"listed are {', '.join(listed)}")
        entry = listed[found.name]
        config = args.root / entry["config"]
        used = tables.about(results / "metrics.parquet", "summarize")["settings"]
        config_of = settings(config)
        given = {key: one for key, one in config_of.items() if key not in APART}
        if others := written.differing(given, used, settings(SCHEMA)):
            problem = f"is not of {entry['config']}.{others[0]}"
            raise InputError(results, problem, "run the experiment again")
        pictures = {name: f"figures/{name}.svg" for name in entry.get("figures", [])}
        for source in (*entry["tables"].values(), *pictures.values()):
            if source not in MADE and not (results / source).exists():
                remedy = "the workflow makes it, if it is asked for that file"
                raise InputError(results / source, "is not there", remedy)
        hashes = {}
        for name, source in entry["tables"].items():
            path = docs / f"{name}.csv"
            if source in MADE:
                headline = config_of.get("headline", "accuracy")
                tables.write_csv(MADE[source](found.metrics, headline), path)
            else:
                if lost := emptied(path, results / source):
                    problem = f"has no value any more in {', '.join(lost)}, and had before"
                    cli.warn(f"{path}: {problem}: is an extra missing?")
                with cli.whole_file(path) as part:
                    shutil.copyfile(results / source, part)
            hashes[name] = published.sha256(path)
        for name, source in pictures.items():
            path = docs / "figures" / f"{name}.svg"
            with cli.whole_file(path) as part:
                shutil.copyfile(results / source, part)
            pictures[name] = published.sha256(path)
        kept = {"tables": hashes, "figures": pictures}
        record[found.name] = {**about(results, found, entry, args.root), **kept}
        cli.log.info("%s: %s", found.name, cli.counted(len(hashes), "table"))
    ordered = {name: record[name] for name in listed if name in record}
    documents.write(docs / published.RECORD, {"experiments": ordered})


if __name__ == "__main__":
    cli.run(main, parser())
