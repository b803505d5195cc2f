"""Write the tables and numbers of README and docs/ again, from the tables that were published.

What stands between marks is replaced (``distilshift.analysis.pages``); nothing is trained.

    python scripts/write_docs.py            # make docs
    python scripts/write_docs.py --check    # write nothing, say what is stale
"""

import argparse
from pathlib import Path

from distilshift import cli
from distilshift.analysis import findings, listings, pages, published

ROOT = Path(__file__).resolve().parents[1]


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    made.add_argument("--check", action="store_true", help="say which pages are stale, exit code 3")
    return made


def stale(root: Path) -> dict[Path, str]:
    """The pages that are not what they would be, and what that is."""
    tables = published.load(root / "docs").tables
    numbers, every = findings.numbers(tables), listings.every(tables)
    found = {}
    for path in pages.documents(root):
        text = path.read_text(encoding="utf-8")
        made = pages.rebuilt(text, numbers, every, path)
        if made != text:
            found[path] = made
    return found


def main(args: argparse.Namespace) -> int:
    found = stale(args.root)
    for path, text in found.items():
        if not args.check:
            with cli.whole_file(path) as part:
                part.write_text(text, encoding="utf-8")
        cli.log.info("%s %s", "stale:" if args.check else "wrote", path.relative_to(args.root))
    if not found:
        cli.log.info("every table and number is as published")
    return 3 if args.check and found else 0


if __name__ == "__main__":
    cli.run(main, parser())
