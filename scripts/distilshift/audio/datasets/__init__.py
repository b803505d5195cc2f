"""Datasets: sounds and labels, from archives, synthesisers on this machine, or a folder.

To add one write a function ``dataset(find) -> Dataset`` in a module here and name it in
``DATASETS``: ``"module:function"``, or ``"module:function:argument"`` where what the function
gives for these texts is the loader. ``find(archive)`` gives the verified path of a file, and
``find.wanted`` the rate and length that its sounds become.

Nothing is imported here: see ``distilshift.registry``.
"""

DATASETS: dict[str, str] = {
    **{  # synthetic speech
        f"{words}-{program}": f"synthesis:spoken:{words}:{program}"
        for words in ("digits", "commands")
        for program in ("espeak", "flite", "festival")
    },
    "speech-commands": "commands:speech_commands",
    "free-spoken-digits": "commands:free_spoken_digits",
    "languages-a": "prompts:languages:a",
    "languages-b": "prompts:languages:b",
}
FOLDER = "folders:folder"  # rows of the user's own
# modules whose rows come in no common length: all
UNSIZED = ["synthesis", "commands", "prompts", "folders"]
