"""Numbers that are typed by hand in the text of the paper, whose numbers are to come by name."""

import re
from collections.abc import Iterator

# what may hold digits: names, references, and what is marked as no result
ALLOWED = [
    r"//.*",  # a comment
    r"#fixed\[[^\]]*\]",  # a constant of a method, a level, a name
    r'"[A-Za-z][^"\s]*"',  # a name in code
    r'"[a-z][\w-]*/[^"]*"',  # the name of a number
    r"`[A-Za-z][^`\s]*`",  # a name in the text
    r"[@<][A-Za-z][\w:.-]*>?",  # a reference or a label
]
MATHS = re.compile(r"\$[^$]*\$")
SMALL = re.compile(r"(?<![\d.])[012](?![\d.])")  # 0, 1 and 2 are of a formula
# one and two are words of any sentence
ONES = "three four five six seven eight nine"
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
SHARES = "half halves halved third fourth quarter fifth sixth seventh eighth ninth tenth twentieth"
TIMES = "twice thrice double doubled doubles twofold triple tripled dozen"
WORDS = "|".join(" ".join([ONES, TEENS, TENS, SHARES, TIMES]).split())
SIGNS = "½⅓⅔¼¾⅕⅛⁰¹²³⁴⁵⁶⁷⁸⁹"
NUMBER = re.compile(rf"[\d{SIGNS}][\d.,{SIGNS}]*|\b(?:{WORDS})(?:s|fold)?\b", re.IGNORECASE)


def typed(text: str) -> list[tuple[int, str]]:
    """The line and the text of each."""
    return list(_typed(text))


def _typed(text: str) -> Iterator[tuple[int, str]]:
    for pattern in ALLOWED:
        text = re.sub(pattern, _blank, text)
    text = MATHS.sub(lambda found: SMALL.sub("x", found[0]), text)
    for found in NUMBER.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def _blank(found: re.Match) -> str:
    return re.sub(r"[^\n]", " ", found[0])
