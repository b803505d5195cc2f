"""Constructed shifts of sounds: deterministic a sample, the label stays what it was.

A shift is ``shift(rows, draws, strength) -> rows``, int16 (N, T) in and out. ``draws`` holds
one random generator a sample, seeded by its id, so that a row sounds the same whatever is
computed beside it. To add one write such a function in a module here and name it in
``SHIFTS``, ``"module:function"``, and its strengths, if they are others than 0 to 1, in
``STRENGTHS``. Nothing is imported here: see ``distilshift.registry``.

``strength`` is a dial: 0 changes nothing, more is more, in the unit that the function's
docstring names.
"""

SHIFTS: dict[str, str] = {
    "noise": "disturbances:noise",
    "babble": "disturbances:babble",
    "reverberation": "disturbances:reverberation",
    "dropouts": "disturbances:dropouts",
    "band_limit": "lines:band_limit",
    "gain": "lines:gain",
    "clipping": "lines:clipping",
    "mu_law": "lines:mu_law",
    "speed": "voices:speed",
    "pitch": "voices:pitch",
    "tract": "voices:tract",
}

# the largest strength, and whether it can be reached
STRENGTHS: dict[str, tuple[float, bool]] = {
    "noise": (10, True),
    "babble": (10, True),
    "clipping": (1, False),
    "band_limit": (1, False),
    "speed": (0.5, True),
    "pitch": (12, True),
    "tract": (0.5, True),
}
SEVERITIES: list[str] = []  # none is published as one
