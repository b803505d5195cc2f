import inspect
import subprocess
import sys

import pytest
from snakemake import cli
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import MaxJobsPerTimespan


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "ruff format --check .",
        "snakefmt --check Snakefile workflow",
        "snakemake --lint",
        "snakemake --lint --configfile tests/config.yaml",
    ],
)
def test_code_is_clean(command, root):
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_limit_that_is_switched_off_is_one_that_snakemake_has():
    """workflow/Snakefile sets it by name: another name would be no error, and cost half a core."""
    default = cli.get_argument_parser().get_default("max_jobs_per_timespan")
    limit = MaxJobsPerTimespan.parse_choice(default)
    assert (limit.max_jobs, limit.timespan) == (100, 1)
    assert "if self.job_rate_limiter is None" in inspect.getsource(JobScheduler)
