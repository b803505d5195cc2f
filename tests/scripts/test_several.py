"""A job of several runs: the same bytes as a job for each, one way to be wrong."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from distilshift.files import headers

import pytest
from chain import ARTEFACTS, SCRIPTS


def several(chain, step, seeds, **more):
    """The step's script and flags for all these seeds at once; outputs in folders of theirs."""
    script, flags = chain.steps()[step]
    flags = [*flags, "--seed", *map(str, seeds)]
    for what, file in ARTEFACTS.items():
        flags += [f"--{what}", *(chain.path(f"{step}-{seed}", file) for seed in seeds)]
    for name, values in more.items():
        flags += [f"--{name}", *map(str, values)]
    return script, flags


def content(chain, step, seed):
    path = chain.folder / f"{step}-{seed}" / "weights.safetensors"
    return path.read_bytes(), (path.parent / "history.parquet").read_bytes()


@pytest.mark.parametrize("step", ["teacher", "source-only", "adapted", "distilled"])
def test_runs_together_are_runs_apart(made, run_script, step):
    weights = made.path("teacher", "weights.safetensors")
    adapted = made.path("adapted", "weights.safetensors")
    of = {"adapted": [weights], "distilled": [adapted]}.get(step, [])
    cache = [made.path("logits.parquet")] if step == "distilled" else []

    def more(count):
        given = {"teacher": of * count, "logits": cache * count}
        return {name: values for name, values in given.items() if values}

    status, shown = run_script(*several(made, step, [3, 4], **more(2)))
    assert status == 0, shown
    together = [content(made, step, seed) for seed in (3, 4)]
    for seed in (3, 4):
        assert run_script(*several(made, step, [seed], **more(1)))[0] == 0
    assert together == [content(made, step, seed) for seed in (3, 4)]
    assert (together[0] != together[1]) == (step != "adapted")  # adabn draws nothing by seed


def test_caches_together_are_caches_apart(made, run_script):
    script, flags = made.steps()["cache"]
    teachers = [made.path(name, "weights.safetensors") for name in ("adapted", "teacher")]
    outs = [made.path(f"{k}.parquet") for k in (1, 2)]
    flags = [*flags, "--views", "1"]
    both = ["--teacher", *teachers, "--seed", "5", "6", "--logits", *outs]
    assert run_script(script, [*flags, *both])[0] == 0
    together = [Path(path).read_bytes() for path in outs]
    for teacher, seed, out in zip(teachers, "56", outs, strict=True):
        alone = ["--teacher", teacher, "--seed", seed, "--logits", out]
        assert run_script(script, [*flags, *alone])[0] == 0
    assert together == [Path(path).read_bytes() for path in outs]


@pytest.mark.parametrize(
    ("step", "more", "message"),
    [
        ("teacher", {"state": ["a", "b", "c"]}, "--state: 3 given for 2 runs|--seed: 2 given for"),
        (
            "distilled",
            {"logits": ["a", "b"], "teacher": ["x", "y", "z"]},
            "--teacher: 3 given for 2 runs",
        ),
    ],
)
def test_what_does_not_fit_the_runs_is_one_line(made, run_script, step, more, message):
    status, shown = run_script(*several(made, step, [3, 4], **more))
    assert status == 1, shown
    assert re.search(message, shown.strip().splitlines()[-1])


def test_a_job_killed_in_its_second_run_keeps_the_first(made):
    """What was trained long enough to be saved is not trained again."""
    script, flags = several(made, "teacher", [3, 4], state=[made.path("s3"), made.path("s4")])
    flags += ["--steps", "400", "--save-seconds", "0"]
    child = subprocess.Popen(
        [sys.executable, SCRIPTS / f"{script}.py", *flags], stderr=subprocess.PIPE, text=True
    )
    lines = []
    for line in child.stderr:
        lines.append(line)
        if sum("step " in text for text in lines) == 12:  # ten a run: in the second
            os.kill(child.pid, signal.SIGTERM)
    assert child.wait() == 128 + signal.SIGTERM
    for seed in (3, 4):
        assert headers.read_header(made.folder / f"s{seed}", "state", "x")["step"] > 0
    assert headers.read_header(made.folder / "s3", "state", "x")["step"] == 400
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", *flags], capture_output=True, text=True
    )
    assert done.returncode == 0 and "resumed after step 400" in done.stderr
    resumed = [content(made, "teacher", seed) for seed in (3, 4)]
    assert not (made.folder / "s3").exists() and not (made.folder / "s4").exists()
    whole = several(made, "teacher", [3, 4])
    again = [sys.executable, SCRIPTS / f"{whole[0]}.py", *whole[1], "--steps", "400"]
    assert subprocess.run(again, capture_output=True).returncode == 0
    whole = [content(made, "teacher", seed) for seed in (3, 4)]
    assert [h for _, h in resumed] == [h for _, h in whole]
    assert resumed == whole
