"""Every shipped experiment is planned without an error, and says what it costs."""

import re
from pathlib import Path

import forked
import pytest
import tiny
import yaml

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.yaml"))
NAMED = (
    "cifar10-corruptions cifar10-stl10 digits digits-usps domainnet fashion-shifts"
    " medmnist-organs office-home office-home-dine office31 seed-article two-classes visda"
)


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """The answer of a dry run of each experiment."""

    def plan(path):
        results = tmp_path_factory.mktemp(path.stem)
        flags = ["--dry-run", "--quiet", "rules", "--configfile", str(path)]
        flags += ["--config", f"results={results}", "--nolock"]
        return forked.snakemake(flags, ROOT, tiny.environment())

    return {path: plan(path) for path in EXPERIMENTS}


def test_the_promised_experiments_are_there():
    assert set(NAMED.split()) <= {path.stem for path in EXPERIMENTS}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_dry_run(plans, path):
    done = plans[path]
    assert done.returncode == 0, done.stdout[-2000:]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    config = yaml.safe_load(path.read_text())
    cells = sum(
        len(transfer["networks"])
        * len(config["domains"][transfer["target"]].get("sweep", {}).get("strengths", [1]))
        for transfer in config["transfers"]
    )
    assert int(counts["predict"]) == cells * 2  # the oracles by a job of their own
    assert int(counts["evaluate"]) == cells
    promised = re.search(r"(\d+) jobs", path.read_text())
    assert promised, "the head does not say how many jobs"
    assert abs(int(counts["total"]) / int(promised[1]) - 1) < 0.15, counts["total"]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_the_head_says_command_data_cost_and_expectation(path):
    head = path.read_text().split("\n\n")[0]
    assert f"snakemake --cores all --configfile experiments/{path.name}" in head
    for word in ("# Data ", "# Cost ", "# Expected "):
        assert word in head


CONFIGS = [ROOT / "config.yaml", *EXPERIMENTS, *sorted((ROOT / "tests").glob("*.yaml"))]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_an_editor_finds_the_schema_of_every_config(path):
    named = path.read_text("utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == ROOT / "workflow/schemas/config.schema.yaml"


def test_every_key_of_the_schema_is_described():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    page = (ROOT / "config/README.md").read_text("utf-8")
    rows = " ".join(line for line in page.splitlines() if line.startswith("|"))
    of = [schema, schema["properties"]["training"]]
    of += [schema["$defs"]["training"], schema["$defs"]["adaptation"]]
    keys = {key for one in of for key in one["properties"]}
    assert sorted(key for key in keys if f"`{key}`" not in rows) == []
