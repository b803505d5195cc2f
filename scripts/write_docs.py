"""Write tables, numbers and figures of README and docs/ again, from the tables that were published.

What stands between marks is replaced (``distilshift.analysis.pages``), and figures that a published
table is enough for are drawn; others come with ``publish``. Nothing is trained.

    python scripts/write_docs.py            # make docs
    python scripts/write_docs.py --check    # write nothing, say what is stale
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from distilshift import cli
from distilshift.analysis import findings, listings, pages, published
from distilshift.files import tables

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
# docs/figures/<name>.svg: what plot_<name> is given, and of which published table
FIGURES = {
    "ladder": {"--metrics": "ladder-runs", "--table": "ladder"},
    "decomposition": {"--table": "decomposition"},
    "matrix": {"--table": "methods"},
    "dial": {"--metrics": "dial-places", "--table": "dial"},
    "unlabelled": {"--metrics": "unlabelled-places", "--table": "unlabelled"},
    "subdomains": {"--metrics": "subdomains-places", "--table": "subdomains"},
}
DIALS = ("dial", "unlabelled", "subdomains")


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    made.add_argument("--check", action="store_true", help="say which pages are stale, exit code 3")
    return made


def drawn(name: str, found: dict[str, pd.DataFrame], folder: Path, kind: str = ".svg") -> bytes:
    """A figure of the pages, by the script that the workflow draws it with."""
    script = f"plot_{'dial' if name in DIALS else name}.py"
    command = [sys.executable, Path(__file__).with_name(script)]
    for flag, table in FIGURES[name].items():
        path = folder / f"{table}.parquet"
        tables.write(published.drawn(table, found), path)
        command += [flag, path]
    if name in DIALS:
        ends = published.drawn(f"{name}-places", found)["target"]
        points = listings.strengths(found[name]).drop_duplicates("transfer")
        dialled = zip(ends, points["shift"], points["strength"], strict=True)
        known = [f"{end}={shift}:{at}" for end, shift, at in dialled if pd.notna(shift)]
        command += ["--targets", *known]
    path = folder / f"{name}{kind}"
    subprocess.run([*map(str, command), "--figures", str(path)], check=True)
    return path.read_bytes()


def stale(root: Path) -> dict[Path, bytes]:
    """The pages and figures that are not what they would be, and what that is."""
    found, _, record = published.load(root / "docs")
    numbers, every = findings.numbers(found, record), listings.every(found, record)
    made = {
        path: pages.rebuilt(path.read_text(encoding="utf-8"), numbers, every, path).encode()
        for path in pages.documents(root)
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, needed in FIGURES.items():
            if {table.removesuffix("-places") for table in needed.values()} <= set(found):
                path = root / "docs" / "figures" / f"{name}.svg"
                made[path] = drawn(name, found, Path(folder))
    return {
        path: content
        for path, content in made.items()
        if not path.exists() or path.read_bytes() != content
    }


def main(args: argparse.Namespace) -> int:
    found = stale(args.root)
    for path, content in found.items():
        if not args.check:
            with cli.whole_file(path) as part:
                part.write_bytes(content)
        cli.log.info("%s %s", "stale:" if args.check else "wrote", path.relative_to(args.root))
    if not found:
        cli.log.info("every table, number and figure is as published")
    return 3 if args.check and found else 0


if __name__ == "__main__":
    cli.run(main, parser())
