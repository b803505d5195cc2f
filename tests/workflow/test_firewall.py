import re

import pytest
import yaml
from copies import ROOT
from firewall import BLIND, SELECTION, Job, jobs, leaks


@pytest.fixture(scope="module")
def plan(make_copy):
    """Every job of the default experiment, with some of its config changed."""
    copy = make_copy("default")

    def listed(*config, targets=()):
        changes = ("--config", *config) if config else ()
        done = copy.snakemake("--cores", "2", "--dry-run", "--forceall", *targets, *changes)
        assert done.returncode == 0, done.stdout[-4000:]
        return jobs(done.stdout)

    return listed


@pytest.fixture(scope="module")
def default(plan):
    return plan()


def counts(listed):
    return {rule: sum(job.rule == rule for job in listed) for rule in {job.rule for job in listed}}


@pytest.mark.parametrize(("a_job", "seeds"), [("all", 1), ("one", 5)])
def test_the_default_experiment_has_the_jobs_it_should(plan, a_job, seeds):
    assert counts(plan(f"seeds_a_job={a_job}")) == {
        "download_dataset": 2,
        "construct_domain": 3,
        "train_teacher": 3 * seeds,  # cnn and mlp on mnist5k, cnn on optdigits
        "adapt_teacher": 7 * seeds,  # two of each transfer's cnn, joint of the mlp
        "cache_logits": 11 * seeds,  # those and the teachers as they are: three a cnn, two an mlp
        "verify_logits": 1,
        "distill_student": 11 * seeds,
        "train_student": 5 * seeds,  # each domain's cnn, and the mlp of two
        "predict": 4 * 2,  # the oracles by a job of their own
        "evaluate": 4,
        "find_neighbours": 4,
        "validate": 4,
        "select": 1,
        "summarize": 1,
        "tabulate_ladder": 1,
        "tabulate_selection": 1,
        "tabulate_statistics": 1,
        "plot_ladder": 1,
        "plot_domains": 1,
        "plot_curves": 1,
        "plot_confusion": 1,
        "plot_calibration": 1,
        "plot_decomposition": 1,
        "measure_cost": 1,
        "plot_cost": 1,
        "write_cards": 1,
        "everything": 1,
    }


def test_what_networks_have_in_common_is_trained_once(plan, tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    cnn = config["networks"]["cnn"]
    config["networks"] |= {
        "twin": cnn,
        "longer": {**cnn, "training": {"student": {"steps": 7}}},
        "other": {**cnn, "training": {"teacher": {"lr": 0.5}}},
    }
    networks = ["cnn", "twin", "longer", "other"]
    config["transfers"] = [{"source": "mnist5k", "target": "optdigits", "networks": networks}]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    listed = plan(targets=["--configfile", str(tmp_path / "config.yaml")])
    made = {path for job in listed for path in job.outputs if path.endswith("weights.safetensors")}
    networks = {
        kind: {path.split("/")[3] for path in made if path.startswith(f"results/{kind}/")}
        for kind in ("teachers", "students", "transfers")
    }
    assert networks == {
        "teachers": {"cnn", "other"},
        "students": {"cnn", "longer"},
        "transfers": {"cnn", "twin", "longer", "other"},  # adapted and distilled
    }
    read = {path for job in listed if job.rule == "predict" for path in job.inputs}
    assert {path for path in read if "weights" in path} <= made
    assert leaks(listed) == []


def test_what_a_frozen_part_makes_of_a_domain_is_made_once(plan):
    listed = plan(targets=["--configfile", "experiments/emoji.yaml"])
    made = [job for job in listed if job.rule == "extract_features"]
    assert len(made) == 6  # domains; three networks have that teacher
    kept = {path for job in made for path in job.outputs}
    read = {path for job in listed for path in job.inputs if "_features.safe" in path}
    assert read and read <= kept
    assert leaks(listed) == []


def test_no_label_of_a_target_reaches_a_student_teacher_or_cache_of_its_transfer(default):
    blind = [path for job in default for path in job.outputs if BLIND.search(path)]
    # adapted teachers, caches, students; outputs, neighbours and validators of each cell
    assert len(blind) == (7 + 11 + 11) * 5 + 3 * 4
    assert leaks(default) == []


def test_no_label_of_a_target_reaches_the_selection(default):
    chosen = [job for job in default if any(map(SELECTION.search, job.outputs))]
    assert [job.rule for job in chosen] == ["select"]
    assert any("validators.parquet" in path for path in chosen[0].inputs)


def test_nor_does_one_by_way_of_rounds(plan):
    listed = plan("rounds=3")
    assert counts(listed)["cache_round"] == 2 * 11
    assert counts(listed)["distill_student"] == 3 * 11
    assert leaks(listed) == []


def test_nor_where_each_seed_has_jobs_of_its_own(plan):
    assert leaks(plan("seeds_a_job=one")) == []


def test_a_selection_by_the_oracle_is_seen_and_named_so(plan):
    listed = plan("requirement={criterion: oracle_accuracy}")
    found = leaks(listed)
    assert found
    assert all("select takes results/metrics.parquet" in leak for leak in found)


def test_what_was_transferred_reads_target_labels_and_nothing_is_made_from_it(plan):
    listed = plan(targets=["transferred"])
    assert counts(listed)["measure_transferred"] == 4
    assert leaks(listed) == []
    asked = [job for job in listed if job.rule == "measure_transferred"]
    for job in asked:
        assert any(re.search(r"/domains/[^/]+/test_labels", path) for path in job.inputs)
        assert not [path for path in job.inputs if "train_labels" in path]
    made = {path for job in asked for path in job.outputs}
    assert {job.rule for job in listed if job.inputs & made} == {"plot_transferred"}
    drawn = {path for job in listed if job.rule == "plot_transferred" for path in job.outputs}
    assert {job.rule for job in listed if job.inputs & drawn} == {"transferred"}


def test_few_labels_reach_the_rows_that_are_marked_so_and_those_alone(plan):
    listed = plan("labels=[1,5]")
    # each domain's cnn, and the mlp of optdigits; every student of every cell
    assert counts(listed)["train_few"] == 2 * 4
    assert counts(listed)["distill_labelled"] == 2 * 11
    assert counts(listed)["distill_student"] == 11
    assert leaks(listed) == []
    makers = {path: job for job in listed for path in job.outputs}
    marked = {p for p in makers if re.search(r"/labels\d+/.*weights", p)}
    assert len(marked) == (2 * 4 + 2 * 11) * 5
    # they are taken by what computes the oracles' outputs, and by nothing else
    readers = [job for job in listed if job.inputs & marked]
    assert {path.split("/")[-2] for job in readers for path in job.outputs} == {"oracle"}
    # the same check sees one that is let into what is label-free
    assert leaks(with_input(listed, "predict", min(marked)))
    assert leaks(with_input(listed, "cache_logits", min(marked)))
    assert leaks(with_input(listed, "select", min(marked)))


def with_input(listed, rule, path):
    """The same jobs, but each of one rule takes one file more."""
    return [job._replace(inputs=job.inputs | {path}) if job.rule == rule else job for job in listed]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("distill_student", "results/domains/optdigits/train_labels.safetensors"),
        ("distill_student", "results/datasets/optdigits/labels.safetensors"),
        ("cache_logits", "results/domains/optdigits/test_labels.safetensors"),
        ("adapt_teacher", "results/domains/optdigits/train_labels.safetensors"),
        ("train_teacher", "results/domains/optdigits/train_labels.safetensors"),
        ("predict", "results/students/optdigits/cnn/seed0/weights.safetensors"),
        ("predict", "results/domains/optdigits/train_labels.safetensors"),
        ("validate", "results/domains/optdigits/test_labels.safetensors"),
        ("validate", "results/metrics.parquet"),
        ("select", "results/domains/optdigits/test_labels.safetensors"),
        ("select", "results/metrics.parquet"),
        ("summarize", "results/domains/optdigits/test_labels.safetensors"),
        # what was made with the labels in sight, such as a choice by target accuracy
        ("distill_student", "results/metrics.parquet"),
        ("cache_logits", "results/students/optdigits/cnn/seed0/weights.safetensors"),
    ],
)
def test_the_check_sees_a_label_let_in(default, rule, path):
    assert leaks(with_input(default, rule, path))


@pytest.mark.parametrize(
    ("rule", "file"),
    [("adapt_teacher", "dann/teacher"), ("distill_student", "dann/joint/round1")],
)
def test_the_check_admits_labels_of_the_source(rule, file):
    source = "results/domains/a/train_labels.safetensors"
    output = f"results/transfers/a-to-b/cnn/seed0/{file}/weights.safetensors"
    assert leaks([Job(rule, frozenset([source]), frozenset([output]))]) == []
    target = source.replace("/a/", "/b/")
    assert leaks([Job(rule, frozenset([target]), frozenset([output]))])
