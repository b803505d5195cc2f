"""Markdown whose tables and numbers are made: what stands between marks is written again.

    <!-- table: ladder -->              a table of ``listings``, up to
    <!-- end -->
    98.3<!--= ladder/…/accuracy -->     a number of ``findings``, that which stands before it

Marks are comments: a page reads the same without them.
"""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from distilshift.analysis.listings import Listing, markdown
from distilshift.errors import InputError

TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
# a number, with its interval, or the word for one
NUMBER = re.compile(r"([^\s<>*(]+(?: \[[^\]<>]*\])?)(<!--= (.+?) -->)")
MARK = re.compile(r"<!--(?:=| table:| end)")


def rebuilt(
    text: str, numbers: Mapping[str, str], listings: Mapping[str, Listing], where: object
) -> str:
    """The page with the tables and numbers of today.

    Raises:
        InputError: a mark names none there is, or stands where nothing can be written.
    """
    marks = len(MARK.findall(text))

    def table(match: re.Match) -> str:
        begin, name, _, end = match.groups()
        return f"{begin}\n{markdown(known(name, listings, where))}\n\n{end}"

    def number(match: re.Match) -> str:
        return known(match[3], numbers, where) + match[2]

    made, tables = TABLE.subn(table, text)
    made, counted = NUMBER.subn(number, made)
    if 2 * tables + counted != marks:
        raise InputError(where, "has a mark with no number or table before it", "see README's")
    return made


def known(name: str, found: Mapping, where: object):
    """What goes by a name.

    Raises:
        InputError: nothing does.
    """
    if name not in found:
        close = difflib.get_close_matches(name, found, n=3, cutoff=0)
        raise InputError(where, f"{name} is no number or table; nearest: {', '.join(close)}")
    return found[name]


def documents(root: Path) -> list[Path]:
    """README and the pages of docs/."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]
