"""Typeset the paper: its sources, beside what was joined and drawn for them, into a PDF.

Offline, with the fonts that the typesetter and matplotlib carry; the same bytes on every run. A
number that is typed in the text is refused, and so is a figure without alternative text.
Needs the extra `paper`.

    python scripts/typeset_paper.py --paper paper/paper.typ --with paper/style.typ \\
        paper/references.bib content.json ladder.pdf --pdf paper.pdf
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from distilshift import cli, extras
from distilshift.analysis import prose
from distilshift.errors import InputError

import matplotlib

EPOCH = 0  # seconds, of the date in the PDF: none that would change its bytes
ACCESSIBLE = "ua-1"  # PDF/UA: the typesetter refuses a figure without alternative text


def parser() -> argparse.ArgumentParser:
    made = cli.parser(__doc__)
    made.add_argument("--paper", type=Path, required=True, help="its text, in Typst")
    made.add_argument("--with", dest="beside", type=Path, nargs="+", required=True, help="it reads")
    made.add_argument("--pdf", type=Path, required=True, help="output")
    made.add_argument("--png", type=Path, help="output, a folder: each page as a picture")
    return made


def main(args: argparse.Namespace) -> None:
    typst = extras.load("typst", "paper", "--pdf")
    text = args.paper.read_text(encoding="utf-8")
    if typed := prose.typed(text):
        line, found = typed[0]
        remedy = 'say it by name, as #n("…"), or #fixed[…] where it is no result'
        raise InputError(args.paper, f"line {line}: {found} is typed by hand", remedy)
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    with tempfile.TemporaryDirectory() as folder:
        for path in (args.paper, *args.beside):
            shutil.copy(path, folder)
        main_file = Path(folder) / args.paper.name
        compiler = typst.Compiler(
            main_file, root=folder, font_paths=[fonts], ignore_system_fonts=True
        )
        try:
            made = compiler.compile(format="pdf", timestamp=EPOCH, pdf_standards=[ACCESSIBLE])
            pages = compiler.compile(format="png", ppi=110) if args.png else []
        except typst.TypstError as error:
            where = error.diagnostic.replace(f"{folder}/", "").strip() or error.message
            raise InputError(args.paper, where.splitlines()[0]) from error
    with cli.whole_file(args.pdf) as part:
        part.write_bytes(made)
    for number, page in enumerate([pages] if isinstance(pages, bytes) else pages, start=1):
        with cli.whole_file(args.png / f"page{number}.png") as part:
            part.write_bytes(page)


if __name__ == "__main__":
    cli.run(main, parser())
