"""Training that survives: killed at random steps, it ends in the bytes of a calm run."""

import json
import random
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors
import tiny

STEPS = 120  # three and a bit epochs of the tiny experiment

# runs a script as it is, and kills it in the midst of its step number `left`
KILLER = """
import os, runpy, sys
import torch
number, left = int(sys.argv[1]), int(sys.argv[2])
backward = torch.Tensor.backward
def counted(*args, **kwargs):
    global left
    left -= 1
    backward(*args, **kwargs)
    if left == 0:
        os.kill(os.getpid(), number)
torch.Tensor.backward = counted
sys.argv = sys.argv[3:]
sys.path.insert(0, "scripts")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Job:
    """A training rule's command, with its outputs in a folder of its own."""

    def __init__(self, commands, made: Path, rule: str, folder: Path, save_seconds: float = 0):
        command, outputs = commands[rule]
        for output in outputs:
            command = command.replace(output, str(folder / Path(output).name))
        self.args = shlex.split(command)[1:]
        del self.args[self.args.index("--log") :]
        steps = next(at for at, arg in enumerate(self.args) if arg.startswith("--steps="))
        self.args[steps] = f"--steps={STEPS}"
        self.args += ["--save-seconds", str(save_seconds)]
        self.made, self.folder = made, folder
        self.state = folder / "weights.safetensors.state"

    def run(self, number: int = 0, step: int = 0) -> subprocess.CompletedProcess:
        """Run it, killed by signal ``number`` in the midst of its step ``step`` from here on."""
        program = [sys.executable, "-c", KILLER, str(number), str(step or STEPS * 2)]
        return subprocess.run(
            [*program, *self.args],
            cwd=self.made,
            env=tiny.environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def saved_step(self) -> int:
        with safetensors.safe_open(self.state, framework="np") as file:
            return json.loads(file.metadata()["distilshift"])["step"]

    def outputs(self) -> dict[str, bytes]:
        """The bytes of what must not depend on kills, and no other file may be there."""
        names = {path.name for path in self.folder.iterdir()}
        assert names == {"weights.safetensors", "history.parquet", "record.json"}
        return {
            name: (self.folder / name).read_bytes()
            for name in ("weights.safetensors", "history.parquet")
        }


@pytest.fixture
def calm(commands, made, tmp_path):
    """The outputs of a rule that nothing disturbs."""

    def outputs(rule):
        job = Job(commands, made, rule, tmp_path / "calm")
        done = job.run()
        assert done.returncode == 0, done.stderr
        return job.outputs()

    return outputs


@pytest.mark.parametrize(
    ("rule", "kills"), [("train_teacher", 6), ("adapt_teacher", 3), ("distill_student", 3)]
)
def test_killed_at_random_steps(commands, made, tmp_path, calm, rule, kills):
    """Twelve kills in all; SIGTERM costs no step, SIGKILL what came after the last save."""
    draw = random.Random(rule)
    job = Job(commands, made, rule, tmp_path / "killed")
    job.folder.mkdir()
    reached = 0
    for kill in range(kills):
        number = signal.SIGKILL if kill % 2 else signal.SIGTERM
        steps = draw.randrange(2, STEPS // kills)
        done = job.run(number, steps)
        reached += steps
        assert done.returncode == (-9 if number == signal.SIGKILL else 128 + 15), done.stderr
        assert not (job.folder / "weights.safetensors").exists()
        lost = reached - job.saved_step()
        print(f"{rule}: {number.name} in step {reached}: {lost} steps to be done again")
        assert lost == (1 if number == signal.SIGKILL else 0)
        reached -= lost
    done = job.run()
    assert done.returncode == 0, done.stderr
    assert f"resumed after step {reached}" in done.stderr
    assert job.outputs() == calm(rule)


def test_a_guarded_adaptation_is_killed_in_its_second_run(commands, made, tmp_path):
    """Its trials have states of their own, and none is left behind."""
    ends = []
    for name, kills in (("calm", ()), ("killed", (40, STEPS + 30))):
        job = Job(commands, made, "adapt_teacher", tmp_path / name)
        job.args += ["--guard"]
        job.folder.mkdir()
        for steps in kills:
            assert job.run(signal.SIGTERM, steps).returncode == 128 + 15
        if kills:
            assert job.state.with_name(f"{job.state.name}.again").exists()
        done = job.run(step=6 * STEPS)
        assert done.returncode == 0, done.stderr
        assert "guard: " in done.stderr
        ends.append(job.outputs())
    assert ends[0] == ends[1]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "bit": flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "foreign": lambda path: path.write_bytes(b"not a state"),
    "empty": lambda path: path.write_bytes(b""),
}


def test_a_corrupt_state_is_thrown_away_with_a_warning(commands, made, tmp_path, calm):
    expected = calm("train_teacher")
    for name, damage in DAMAGE.items():
        job = Job(commands, made, "train_teacher", tmp_path / name)
        job.folder.mkdir()
        job.run(signal.SIGTERM, 7)
        damage(job.state)
        done = job.run()
        assert done.returncode == 0, done.stderr
        assert "ignoring the saved state" in done.stderr, name
        assert "resumed" not in done.stderr, name
        assert job.outputs() == expected, name


def test_a_state_of_another_run_is_not_gone_on_with(commands, made, tmp_path, calm):
    job = Job(commands, made, "train_teacher", tmp_path / "other")
    job.folder.mkdir()
    at = job.args.index("--lr=0.003")
    job.args[at] = "--lr=0.001"
    job.run(signal.SIGTERM, 7)
    job.args[at] = "--lr=0.003"
    done = job.run()
    assert "it is of another run" in done.stderr
    assert job.outputs() == calm("train_teacher")


def test_snakemake_leaves_the_state_and_goes_on_from_it(made, tmp_path):
    """Killed under Snakemake, which deletes a failed job's outputs, and run again."""
    weights = "results/teachers/optdigits/cnn/seed0/weights.safetensors"
    expected = (made / weights).read_bytes()
    folder = tiny.project(tmp_path / "project")
    script = folder / "scripts/train_teacher.py"
    original = script.read_text()
    killer = KILLER[: KILLER.index("sys.argv =")].replace(
        "int(sys.argv[1]), int(sys.argv[2])", "15, 9"
    )
    script.write_text(original.replace('if __name__ == "__main__":', f"{killer}\nif True:"))
    failed = tiny.snakemake(folder, "--cores", 1, weights, code=1)
    assert "Error in rule train_teacher" in failed.stdout
    state = folder / f"{weights}.state"
    assert state.exists() and not (folder / weights).exists()
    script.write_text(original)
    tiny.snakemake(folder, "--cores", 1, weights)
    log = (folder / "results/logs/teachers/optdigits/cnn/seed0.log").read_text()
    assert re.search("resumed after step 9", log)
    assert (folder / weights).read_bytes() == expected
    assert not state.exists()
