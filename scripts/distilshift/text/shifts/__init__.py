"""Constructed shifts of texts: deterministic a sample, the label stays what it was.

A shift is ``shift(rows, draws, strength) -> rows``, uint8 (N, L) in and out, UTF-8 that is
padded with zeros; what grows beyond the row is cut off. To add one write such a function in a
module here and name it in ``SHIFTS``, ``"module:function"``, and its strengths, if they are
others than 0 to 1, in ``STRENGTHS``. Nothing is imported here: see ``distilshift.registry``.

``strength`` is a dial: 0 changes nothing, and what is changed at one strength is so at every
larger one, but for the order of ``shuffled_words``.
"""

SHIFTS: dict[str, str] = {
    "typos": "letters:typos",
    "lost_letters": "letters:lost_letters",
    "doubled_letters": "letters:doubled_letters",
    "capitals": "letters:capitals",
    "lost_punctuation": "letters:lost_punctuation",
    "recognition": "letters:recognition",
    "lost_words": "order:lost_words",
    "shuffled_words": "order:shuffled_words",
    "truncation": "order:truncation",
}
# the largest strength, and whether it can be reached
STRENGTHS: dict[str, tuple[float, bool]] = {
    "shuffled_words": (50, True),
    "truncation": (1, False),  # nothing would be left to read
}
SEVERITIES: list[str] = []
