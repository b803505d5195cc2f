"""The tiny experiment on a real SLURM, judged by SLURM's own records."""

import itertools
import re
import subprocess
import time
from pathlib import Path

import pytest
import tiny

pytestmark = pytest.mark.slurm

# the project's profile, with what a site would edit: no accounts here, and less to wait for
FLAGS = (
    *("--profile", "workflow/profiles/slurm"),
    *("--default-resources", "slurm_partition=cpu"),
    *("--latency-wait", 10),
    *("--slurm-init-seconds-before-status-checks", 1),
)
FAILS_ONCE = """
import sys
from pathlib import Path
if not Path("failed-once").exists():
    Path("failed-once").touch()
    sys.exit("fails once, to see the retry")
"""


def rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").split("_wildcards_")[0]


def seconds(stamp: str) -> float:
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%S"))


@pytest.fixture(scope="module")
def folder(slurm, tmp_path_factory):
    """The tiny experiment after a whole run; one evaluation fails once on its way."""
    folder = tiny.project(tmp_path_factory.mktemp("slurm"))
    script = folder / "scripts/evaluate.py"
    doc, rest = re.fullmatch(r'(""".*?"""\n)(.*)', script.read_text(), re.DOTALL).groups()
    script.write_text(doc + FAILS_ONCE + rest)
    tiny.snakemake(folder, *FLAGS, "tables", timeout=1800)
    return folder


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> set[str]:
    """The rules of that run as Snakemake plans them, without those that stay at home."""
    folder = tiny.project(tmp_path_factory.mktemp("planned"))
    plan = tiny.snakemake(folder, "--dry-run", "--cores", 1, "tables").stdout
    sources = tiny.rules()
    found = set(re.findall(r"^rule (\w+):", plan, re.MULTILINE))
    return {
        name for name in found if "shell:" in sources[name] and "localrule" not in sources[name]
    }


GPU_RULES = {name for name, source in tiny.rules().items() if tiny.asks_for_gpu(source)}


@pytest.fixture(scope="module")
def jobs(slurm, folder) -> list[dict[str, str]]:
    """SLURM's records of that run's jobs."""
    return [job for job in slurm.jobs() if job["WorkDir"] == str(folder)]


def test_the_experiment_ends_in_its_tables(folder):
    assert (folder / "results/tables/ladder.csv").stat().st_size > 0
    again = tiny.snakemake(folder, *FLAGS, "tables")
    assert "Nothing to be done" in again.stdout


def test_slurm_ran_every_rule(jobs, planned):
    assert {rule_of(job) for job in jobs} == planned
    assert planned & GPU_RULES and planned - GPU_RULES
    shown = ("JobId", "Comment", "Partition", "JobState", "JOB_GRES", "TRES", "TimeLimit")
    for job in jobs:  # with pytest -s: the allocation records
        print("  ".join(job.get(field, "-") for field in (*shown, "StartTime", "EndTime")))


def test_one_gpu_for_each_gpu_job_and_none_for_others(jobs):
    for job in jobs:
        allocated, asked = job.get("JOB_GRES"), job.get("TresPerJob")
        if rule_of(job) in GPU_RULES:
            assert (allocated, asked) == ("gpu:fake:1", "gres:gpu:1"), job
        else:
            assert (allocated, asked) == ("(null)", None), job


def test_two_gpu_jobs_never_share_the_one_gpu(jobs):
    gpu_jobs = [job for job in jobs if rule_of(job) in GPU_RULES]
    spans = sorted(
        (seconds(j["StartTime"]), seconds(j["EndTime"]), seconds(j["SubmitTime"])) for j in gpu_jobs
    )
    pairs = list(itertools.pairwise(spans))
    assert all(before[1] <= after[0] for before, after in pairs)
    # and not by chance: some were in the queue while another ran
    assert any(after[2] < before[1] for before, after in pairs)


def test_a_job_on_the_gpu_partition_sees_its_gpu_and_no_other(slurm, tmp_path):
    ask = "echo ${CUDA_VISIBLE_DEVICES-unset}"
    for flags, seen in (
        (["--partition", "gpu", "--gpus=1"], "0"),
        (["--partition", "cpu"], "unset"),
    ):
        options = ["--wait", "--mem", "100", "--output", "out", "--wrap", ask]
        subprocess.run(["sbatch", *flags, *options], cwd=tmp_path, check=True, timeout=120)
        assert (tmp_path / "out").read_text().strip() == seen


def test_memory_and_time_grow_on_retry(jobs):
    first, second = [job for job in jobs if rule_of(job) == "evaluate"]
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert "mem=2000M" in first["TRES"] and "mem=4000M" in second["TRES"]
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:30:00", "01:00:00")


def wait_for(condition, process: subprocess.Popen, output: Path, limit: float = 600):
    end = time.monotonic() + limit
    while not (found := condition()):
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.2)
    return found


def test_requeue_and_scancel_lose_no_bit(slurm, tmp_path):
    """A job that SLURM requeues, then cancels, does no step twice and ends in the same bytes."""
    steps = {"steps": 2000, "batch": 64}
    weights = "results/teachers/optdigits/cnn/seed0/weights.safetensors"
    log = "results/logs/teachers/optdigits/cnn/seed0.log"
    training = {**tiny.EXPERIMENT["training"], "teacher": steps}
    folder = tiny.project(tmp_path / "slurm", training=training)
    tiny.snakemake(folder, "--cores", 1, weights)
    uninterrupted = (folder / weights).read_bytes()
    (folder / weights).unlink()
    (folder / log).unlink()
    output = tmp_path / "output"

    def logged(pattern: str) -> int | None:
        """The step that the log of the training's last start names so."""
        found = re.search(pattern, (folder / log).read_text()) if (folder / log).exists() else None
        return found and int(found[1])

    def stopped() -> int | None:
        return logged(r"stopped by a signal after step (\d+); state kept")

    def resumed() -> int | None:
        return logged(r"resumed after step (\d+)")

    def running(restarts: int) -> dict[str, str] | None:
        """The job that trains, once its log shows that it is under way."""
        for job in slurm.jobs():
            state = (job["WorkDir"], job["JobState"], int(job["Restarts"]))
            if state == (str(folder), "RUNNING", restarts) and logged(r"step (\d+)/2000"):
                return job if bool(resumed()) == bool(restarts) else None
        return None

    with output.open("w") as file:
        process = subprocess.Popen(
            tiny.command(*FLAGS, weights),
            cwd=folder,
            env=tiny.environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        first = wait_for(lambda: running(0), process, output)
        slurm.requeue(first["JobId"])
        at_requeue = wait_for(stopped, process, output)
        again = wait_for(lambda: running(1), process, output)
        assert again["JobId"] == first["JobId"]
        assert resumed() == at_requeue
        slurm.cancel(first["JobId"])
        at_cancel = wait_for(stopped, process, output)
        assert process.wait(600) == 0, output.read_text()
    finally:
        process.terminate()
        process.wait(60)
    jobs = [job for job in slurm.jobs() if job["WorkDir"] == str(folder)]
    assert [job["JobState"] for job in jobs] == ["CANCELLED", "COMPLETED"]
    assert resumed() == at_cancel > at_requeue > 0
    print(f"requeued after step {at_requeue}, cancelled after step {at_cancel}: none done twice")
    assert (folder / weights).read_bytes() == uninterrupted
    assert not list((folder / weights).parent.glob("*state*"))
