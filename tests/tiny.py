"""A copy of the project in a folder of its own, with an experiment of about ten jobs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import forked
import yaml

ROOT = Path(__file__).parents[1]
RULES = ROOT / "workflow/rules"

EXPERIMENT = {
    "results": "results",
    "seeds": [0],
    "image": {"size": 8, "channels": 1},
    "domains": {
        "optdigits": {"from": "optdigits"},
        "optdigits-noise": {
            "from": "optdigits",
            "shift": [{"kind": "noise", "strength": 0.2}],
        },
    },
    "networks": {"cnn": {"teacher": "cnn-4", "student": "cnn-2"}},
    "transfers": [{"source": "optdigits", "target": "optdigits-noise", "networks": ["cnn"]}],
    "adaptations": {"none": {}},
    "methods": {"kd": {}},
    "training": {"teacher": {"steps": 30, "batch": 32}, "student": {"steps": 30, "batch": 32}},
    "device": "cpu",
}


def project(folder: Path, **changes) -> Path:
    """Copy what a run needs to ``folder`` and write ``experiment.yaml`` with changes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "config.yaml", "environment.yml"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("workflow", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "experiment.yaml").write_text(yaml.safe_dump({**EXPERIMENT, **changes}))
    return folder


def rules() -> dict[str, str]:
    """The source of every rule that has one, by name."""
    text = "\n".join(path.read_text() for path in sorted(RULES.glob("*.smk")))
    parts = re.split(r"^rule (\w+):", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def asks_for_gpu(source: str) -> bool:
    return "--gpus {resources.gpu}" in source  # what the script is told, not what SLURM is


def environment(**changes: str) -> dict[str, str]:
    """The environment of a run: our Python first, nothing of an outer SLURM or Snakemake."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SNAKEMAKE_"))}
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return {**kept, **changes}


def command(*flags: object) -> list[str]:
    return ["snakemake", *map(str, flags), "--configfile", "experiment.yaml"]


def snakemake(folder: Path, *flags: object, code: int | None = 0, **options):
    """Run snakemake there; fail the test, showing its output, unless it exits with ``code``.

    Options ``env`` and ``timeout`` are those of ``subprocess.run``; with one it is a process of
    its own.
    """
    if not options:
        done = forked.snakemake(command(*flags)[1:], folder, environment())
    else:
        done = subprocess.run(
            command(*flags),
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **{"env": environment(), "timeout": 600, **options},
        )
    assert code is None or done.returncode == code, done.stdout
    return done
