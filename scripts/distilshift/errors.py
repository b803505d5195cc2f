"""The one exception a user is meant to read."""


class InputError(Exception):
    """Something the user gave (a file, a flag, a setting) cannot be used.

    The message is one line: what was looked at, what is wrong, what to do next.

    Args:
        where: the file, flag or config key at fault.
        problem: what was found there, against what is allowed.
        remedy: what to do next; empty where the problem says it already.
    """

    def __init__(self, where: object, problem: str, remedy: str = ""):
        self.where, self.problem, self.remedy = str(where), problem, remedy
        super().__init__(f"{where}: {problem}" + (f"; {remedy}" if remedy else ""))


def rerun(rule: str) -> str:
    """The remedy for a damaged file: how to have ``rule`` make it again."""
    return f"delete it and rerun the rule {rule}: snakemake --cores all"
