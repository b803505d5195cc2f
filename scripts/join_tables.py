"""Join the published tables into what a paper is made from: its numbers and tables.

The content holds every number by name, every table, and the record of every run, for Typst; the
folder for LaTeX the same numbers as macros, and each table as a booktabs tabular. Tables that
figures are drawn from are written as figures read them. A table that was changed since it was
published is refused.

    python scripts/join_tables.py --tables docs/*.csv --list docs/tables.toml \\
        --record docs/tables.json --content content.json --latex latex \\
        --drawn ladder.parquet ladder-runs.parquet
"""

import argparse
import shutil
from pathlib import Path

from distilshift import cli
from distilshift.analysis import claims, findings, listings, presentation, published
from distilshift.errors import InputError
from distilshift.files import documents, tables

LETTERS = {
    "−": r"\ensuremath{-}",
    "∞": r"\ensuremath{\infty}",
    "×": r"\ensuremath{\times}",
    "%": r"\%",
}


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--tables", type=Path, nargs="+", required=True, help="from publish")
    made.add_argument("--list", type=Path, required=True, help="docs/tables.toml")
    made.add_argument("--record", type=Path, required=True, help="docs/tables.json")
    made.add_argument("--content", type=Path, required=True, help="output, JSON")
    made.add_argument("--latex", type=Path, required=True, help="output, a folder")
    made.add_argument("--drawn", type=Path, nargs="*", default=[], help="output, <table>.parquet")
    return made


def macros(numbers: dict[str, str]) -> str:
    """A LaTeX macro for every number.

    Raises:
        InputError: two numbers would have the same one.
    """
    lines, seen = ["% every number by name; findings.py says what each is"], {}
    for name, text in numbers.items():
        macro = presentation.macro(name)
        if macro in seen:
            problem = f"{seen[macro]} and {name} would both be \\{macro}"
            raise InputError("--latex", problem, "call one otherwise in findings.py")
        seen[macro] = name
        shown = "".join(LETTERS.get(letter, letter) for letter in text)
        lines.append(rf"\newcommand{{\{macro}}}{{{shown}}}")
    return "\n".join([*lines, ""])


def versions(record: dict[str, dict]) -> list[str]:
    """Of each set of versions, what it is and whose runs had it; of runs that say so."""
    found = {}
    for name, run in record.items():
        if "packages" in run:
            packages = ", ".join(f"{key} {value}" for key, value in run["packages"].items())
            found.setdefault(f"Python {run['python']}, {packages}", []).append(name)
    return [f"{what}: {', '.join(names)}" for what, names in found.items()]


def main(args: argparse.Namespace) -> None:
    folder = args.list.parent
    found = published.load(folder)
    if unseen := {path.stem for path in args.tables} - set(found.tables):
        raise InputError(args.list, f"does not list {sorted(unseen)[0]}")
    numbers = findings.numbers(found.tables, found.record)
    made = listings.every(found.tables, found.record)
    content = {
        "numbers": numbers,
        "tables": {name: listing._asdict() for name, listing in made.items()},
        "claims": claims.hold(found.tables),
        "published": sorted(found.tables),
        "missing": found.missing,
        "versions": versions(found.record),
        "unrecorded": [
            name for name, run in found.record.items() if run["tables"] and "seconds" not in run
        ],
    }
    for name, holds in content["claims"].items():
        if not holds:
            cli.log.warning("the tables do not bear what the paper says: %s", name)
    documents.write(args.content, content)
    shutil.rmtree(args.latex, ignore_errors=True)
    texts = {f"{name}.tex": listings.tex(listing) for name, listing in made.items()}
    for name, text in {**texts, "numbers.tex": macros(numbers)}.items():
        with cli.whole_file(args.latex / name) as part:
            part.write_text(text, encoding="utf-8")
    for path in args.drawn:
        tables.write(published.drawn(path.stem, found.tables), path)
    cli.log.info("%s, %s", cli.counted(len(numbers), "number"), cli.counted(len(made), "table"))


if __name__ == "__main__":
    cli.run(main, parser())
