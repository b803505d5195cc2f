"""Copies of the repository to run the workflow in."""

import re
import shutil
import subprocess
from pathlib import Path

import forked
import tiny

ROOT = Path(__file__).parents[2]
SMALL = ("--configfile", "tests/config.yaml")


class Copy:
    """A copy of the repository, apart from whatever its user runs in the original."""

    def __init__(self, folder: Path):
        self.folder, self.results = folder, folder / "results"

    @classmethod
    def made(cls, folder: Path) -> "Copy":
        """One that is made here."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def snakemake(self, *args: str) -> subprocess.CompletedProcess:
        return forked.snakemake([*args], self.folder, tiny.environment())

    def run(self, *args: str) -> str:
        done = self.snakemake("--cores", "2", "--show-failed-logs", *SMALL, *args)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def planned(self, *args: str) -> dict[str, int]:
        """What would run: rule -> number of jobs."""
        done = self.snakemake("--cores", "2", "--dry-run", "--quiet", "rules", *args)
        assert done.returncode == 0, done.stdout[-6000:]
        return job_counts(done.stdout)


def job_counts(text: str) -> dict[str, int]:
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total +\d+$", text, re.M | re.S)
    if table is None:
        assert "Nothing to be done" in text, text
        return {}
    return {line.split()[0]: int(line.split()[1]) for line in table[1].splitlines()}
