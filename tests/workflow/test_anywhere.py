"""The workflow from another folder, of a checkout that nobody may write to, and as a module."""

import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
import yaml
from copies import ROOT, job_counts
from firewall import jobs
from PIL import Image

AWKWARD = 'it\'s "my" $HOME (1) ü'
TINY = {**tiny.EXPERIMENT, "training": {"teacher": {"steps": 2}, "student": {"steps": 2}}}


def snakemake(folder, *args, env=(), code=0):
    """Run snakemake in a folder; what it says."""
    settings = {"PYTHONDONTWRITEBYTECODE": "1", **dict(env)}
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *map(str, args)],
        cwd=folder,
        env=tiny.environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == code, said[-6000:]
    return said


@pytest.fixture(scope="module")
def checkout(make_copy):
    """A checkout whose folder has a name that a shell would take apart, read-only."""
    copy = make_copy("shared")
    folder = copy.folder.rename(copy.folder.with_name(f"distilshift {AWKWARD}"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


def listing(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def pictures(folder, count=12):
    """Pictures of two classes, one of whose names looks like a flag."""
    for level, name in enumerate(("-1", "a b's")):
        place = folder / "my domain" / name
        place.mkdir(parents=True)
        for number in range(count):
            grey = np.full((10, 10), 20 + 180 * level + number, np.uint8)
            Image.fromarray(grey).save(place / f"{number}.png")


SPY = """
import os, pathlib, sys

leave = os._exit  # the way that our scripts end

def note(code):
    loaded = [str(m.__file__) for n, m in sys.modules.items() if n.split(".")[0] == "distilshift"]
    with pathlib.Path({to!r}).open("a") as file:
        file.writelines(f"{{sys.argv[0]}}\\t{{one}}\\n" for one in loaded)
    leave(code)

os._exit = note
"""


def undeclared(listed, loaded, checkout):
    """What scripts loaded that is no input of their rules, registries apart."""
    inputs = {}
    for job in jobs(listed):
        code = {path for path in job.inputs if path.endswith(".py")}
        for script in (path for path in code if Path(path).parent.name == "scripts"):
            inputs.setdefault(script, set()).update(code)
    registries = {
        str(checkout / "scripts/distilshift" / package / "__init__.py")
        for package in (
            *("image/datasets", "image/networks", "image/shifts"),
            *("learning/adaptations", "learning/losses"),
        )
    }
    pairs = {tuple(line.split("\t")) for line in loaded.splitlines()}
    pairs = {(script, path) for script, path in pairs if script.startswith(str(checkout))}
    assert len({script for script, _ in pairs}) > 12
    return {(s, p) for s, p in pairs if p not in inputs[s] | registries}


def test_from_elsewhere_with_names_that_a_shell_would_take_apart(checkout, tmp_path):
    """Every step and table of a small run; paths of the config start at the analysis folder."""
    mine = tmp_path / f"analysis {AWKWARD}"
    results = f"-results {AWKWARD} ~"
    pictures(mine / "my pictures")
    own = {"from": {"folder": "my pictures", "domain": "my domain"}, "classes": ["a b's", "-1"]}
    noise = {**own, "shift": [{"kind": "noise", "strength": 0.2}]}
    config = {**TINY, "results": results, "domains": {"mine": own, "noise": noise}}
    config["transfers"] = [{"source": "mine", "target": "noise", "networks": ["cnn"]}]
    (mine / "mine.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    before = listing(checkout)
    run = ("tables", "-s", checkout / "Snakefile", "--directory", mine)
    run += ("--configfile", mine / "mine.yaml")
    (tmp_path / "sitecustomize.py").write_text(SPY.format(to=str(tmp_path / "loaded")))
    spied = {"PYTHONPATH": str(tmp_path)}
    snakemake(tmp_path, *run, "--show-failed-logs", env=spied)
    assert listing(checkout) == before
    assert (mine / results / "metrics.parquet").is_file()
    assert {path.name for path in mine.iterdir()} == {
        *(".snakemake", "mine.yaml", "my pictures", results),
    }
    assert "Nothing to be done" in snakemake(tmp_path, *run)
    listed = snakemake(tmp_path, *run, "--dry-run", "--forceall")
    assert undeclared(listed, (tmp_path / "loaded").read_text(), checkout) == set()


def test_without_a_config_the_default_applies_and_an_own_one_is_taken(checkout, tmp_path):
    plan = ("-s", checkout / "Snakefile", "--directory", tmp_path, "-n", "--quiet", "rules")
    assert job_counts(snakemake("/", *plan))["train_teacher"] == 3  # of all seeds each
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TINY))
    counts = job_counts(snakemake("/", *plan))
    assert (counts["train_teacher"], counts["everything"]) == (1, 1)


def test_both_entries_plan_the_same_jobs(checkout, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TINY))
    plan = ("--directory", tmp_path, "-n", "--quiet", "rules")
    one, other = (
        job_counts(snakemake("/", "-s", checkout / name, *plan))
        for name in ("Snakefile", "workflow/Snakefile")
    )
    assert one.pop("everything") == other.pop("all") == 1
    assert one == other


@pytest.mark.parametrize("given", ["''", "' '", "'{x}'", "'<logs>'"])
def test_results_without_a_usable_name_are_refused(checkout, tmp_path, given):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TINY) + f"results: {given}\n")
    said = snakemake("/", "-s", checkout / "Snakefile", "--directory", tmp_path, "-n", code=1)
    assert "config: results: " in said


NOISE = [{"kind": "noise", "strength": 0.2}]


def test_two_experiments_share_a_dataset_whatever_size_they_want(checkout, tmp_path):
    pictures(tmp_path / "pets")
    own = {"from": {"folder": "pets", "domain": "my domain"}}
    for size in (8, 12):
        config = {**TINY, "results": f"results/{size}", "datasets": "shared"}
        config |= {
            "image": {"size": size, "channels": 1},
            "domains": {**TINY["domains"], "own": own, "noisy": {**own, "shift": NOISE}},
        }
        own_too = {**TINY["transfers"][0], "source": "own", "target": "noisy"}
        config["transfers"] = [*TINY["transfers"], own_too]
        (tmp_path / f"{size}.yaml").write_text(yaml.safe_dump(config))
    run = ("-s", checkout / "Snakefile", "--directory", tmp_path, "--configfile")
    snakemake("/", *run, tmp_path / "8.yaml", "--until", "download_dataset")
    said = snakemake("/", *run, tmp_path / "12.yaml", "--until", "download_dataset")
    # pictures have no size of their own: they are made anew for the other one
    assert "shared/optdigits" not in said
    made = sorted(path.name for path in (tmp_path / "shared").iterdir())
    assert [name.rsplit("-", 1)[-1] for name in made] == ["12", "8", "optdigits"]
    counts = job_counts(snakemake("/", *run, tmp_path / "8.yaml", "-n", "--quiet", "rules"))
    assert "download_dataset" not in counts


MODULE = """
configfile: "analysis.yaml"


module distilshift:
    snakefile:
        {snakefile}
    config:
        config["digits"]


use rule * from distilshift as distilshift_*


rule all:
    default_target: True
    input:
        rules.distilshift_{target}.input,
"""


def analysis(folder, snakefile, target):
    """Another workflow, which uses ours as a module; its config is its own, ours a part of it."""
    folder.mkdir()
    (folder / "Snakefile").write_text(MODULE.format(snakefile=snakefile, target=target))
    (folder / "analysis.yaml").write_text(yaml.safe_dump({"mine": 1, "digits": TINY}))
    return folder


@pytest.mark.parametrize("entry", [("Snakefile", "everything"), ("workflow/Snakefile", "all")])
def test_as_a_module_by_its_path(checkout, tmp_path, entry):
    name, target = entry
    folder = analysis(tmp_path / "other", repr(str(checkout / name)), target)
    jobs = job_counts(snakemake(folder, "-n", "--quiet", "rules"))
    assert jobs["distilshift_predict"] == 2
    assert {name for name in jobs if not name.startswith("distilshift_")} == {"all"}
    snakemake(folder, "--until", "distilshift_construct_domain")
    assert len(list(folder.glob("results/domains/*/train_inputs.safetensors"))) == 2


def test_as_a_module_by_its_address(tmp_path):
    """The form that names a repository and a tag, of a repository on this disk."""
    hosted = tmp_path / "hosted/owner/distilshift"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(lambda name: (ROOT / name).is_file(), names.split("\0")):
        (hosted / name).parent.mkdir(parents=True, exist_ok=True)
        (hosted / name).write_bytes((ROOT / name).read_bytes())
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run(["git", *who, *command], cwd=hosted, check=True)
    env = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/hosted/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    at = 'github("owner/distilshift", path="workflow/Snakefile", tag="v1")'
    folder = analysis(tmp_path / "other", at, "all")
    said = snakemake(folder, "--until", "distilshift_train_teacher", env=env)
    assert "v1/scripts/train_teacher.py (cached)" in said
    assert (folder / "results/teachers/optdigits/cnn/seed0/weights.safetensors").is_file()
    again = snakemake(folder, "--until", "distilshift_train_teacher", env=env)
    assert "rule distilshift_" not in again
    assert {path.name for path in folder.iterdir()} == {
        *(".snakemake", "Snakefile", "analysis.yaml", "results"),
    }
