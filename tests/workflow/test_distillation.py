"""Views, combinations and logits of one's own, through the whole workflow."""

import json

from distilshift.files import headers, tensors

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from firewall import jobs, leaks

FLAGS = ("--cores", "2", "--configfile", "tests/distillation.yaml", "--show-failed-logs")
CELL = "transfers/optdigits-to-optdigits-noise/cnn/seed0"


@pytest.fixture(scope="module")
def ran(make_copy):
    """A copy in which the experiment has run, its own teacher made from the image file."""
    copy = make_copy("distillation")
    copy.results = copy.folder / "results" / "distillation"
    inputs = copy.results / "domains/optdigits-noise/train_inputs.safetensors"
    done = copy.snakemake(*FLAGS, str(inputs.relative_to(copy.folder)))
    assert done.returncode == 0, done.stdout[-4000:]
    content, header = tensors.load(inputs, "inputs", "")
    assert header["classes"] == ["3", "8"]
    mine = copy.folder / "mine" / "optdigits-optdigits-noise-0.parquet"
    mine.parent.mkdir()
    ids = content["ids"].tolist()
    pd.DataFrame({"sample_id": ids, "logit": [i % 7 - 3.0 for i in ids]}).to_parquet(mine)
    done = copy.snakemake(*FLAGS)
    assert done.returncode == 0, done.stdout[-6000:]
    return copy


def provenance(path):
    return json.loads(pq.read_schema(path).metadata[b"distilshift"])


def test_every_pair_that_can_be_is_a_row_and_no_other(ran):
    metrics = pd.read_parquet(ran.results / "metrics.parquet")
    rows = metrics[["adaptation", "method"]].drop_duplicates().fillna("-")
    found = set(rows.itertuples(index=False, name=None))
    assert found == {
        ("-", "source-only"),
        ("-", "oracle"),
        ("none", "teacher"),  # a combination is no network, and so has no accuracy of its own
        *(("none", method) for method in ("kd", "replayed", "online", "dine", "hint", "joint")),
        *(("both", method) for method in ("kd", "replayed", "dine", "joint")),
        *(("mine", method) for method in ("kd", "dine", "joint")),
    }


def test_replayed_and_online_students_agree_in_the_tables(ran):
    """Fewer epochs than views: the cache holds all that the online teacher says."""
    weights = [
        tensors.load(ran.results / CELL / "none" / method / "round1/weights.safetensors",
                     "weights", "")[0]["head.weight"]
        for method in ("replayed", "online", "kd")
    ]  # fmt: skip
    apart = (weights[0] - weights[1]).abs().max()
    assert apart < 1e-6 < (weights[0] - weights[2]).abs().max()


def test_a_combined_cache_names_its_teachers_and_an_imported_one_its_file(ran):
    both = provenance(ran.results / CELL / "both/logits/1-of-2.parquet")
    teachers = [
        headers.read_header(
            ran.results / f"teachers/{of}/seed0/weights.safetensors", "weights", ""
        )["sha256"]
        for of in ("optdigits/cnn", "optdigits-turned/cnn", "optdigits/wide")
    ]
    assert both["teacher_sha256"] == teachers
    assert both["members"] == [
        ["optdigits", "none", "cnn-4"],
        ["optdigits-turned", "none", "cnn-4"],
        ["optdigits", "none", "cnn-6"],
    ]
    assert (both["source"], both["views"]) == ("optdigits", 2)
    mine = provenance(ran.results / CELL / "mine/logits/2-of-2.parquet")
    assert mine["teacher"] == "optdigits-optdigits-noise-0.parquet"
    assert mine["views"] == 0


def test_every_cache_of_a_network_is_verified(ran):
    table = pd.read_csv(ran.results / "tables/verification.csv")
    of = list(table[["transfer", "network"]].itertuples(index=False, name=None))
    plain, turned = "optdigits-to-optdigits-noise", "optdigits-turned-to-optdigits-noise"
    assert of == [(plain, "cnn"), (turned, "cnn"), (plain, "wide")]
    assert table["adaptation"].tolist() == ["none"] * 3
    assert table["views"].tolist() == [2] * 3
    assert (table["argmax_changes"] == 0).all()
    assert (table["largest_difference"] < 1e-4).all()


def test_no_label_of_the_target_reaches_a_student(ran):
    done = ran.snakemake(*FLAGS, "--dry-run", "--forceall")
    assert done.returncode == 0, done.stdout[-4000:]
    assert leaks(jobs(done.stdout)) == []
    rules = {job.rule for job in jobs(done.stdout)}
    assert {"combine_logits", "import_logits", "verify_logits"} <= rules


def mistakes(copy, config):
    """The lines by which a config is refused."""
    (copy.folder / "wrong.yaml").write_text(yaml.safe_dump(config))
    done = copy.snakemake("--dry-run", "--configfile", "wrong.yaml")
    assert done.returncode != 0
    return [line for line in done.stdout.splitlines() if line.startswith("config: ")]


def test_members_in_another_order_are_another_combination(ran):
    """They are summed in their order; Snakemake compares inputs as a set."""
    first = "of: [none, "
    wide = ", {network: wide, adaptation: none}]"
    path = ran.folder / "tests/distillation.yaml"
    before = path.read_text()
    assert first in before and wide in before
    path.write_text(before.replace(first, "of: [").replace(wide, f"{wide[:-1]}, none]"))
    try:
        planned = ran.planned(*FLAGS[2:4])
    finally:
        path.write_text(before)
    assert planned["combine_logits"] == 2 and "cache_logits" not in planned


def test_what_a_schema_cannot_see_is_one_line_a_mistake(make_copy):
    copy = make_copy("mistakes")
    config = yaml.safe_load((copy.folder / "tests/distillation.yaml").read_text())
    config["logits"]["views"] = 0
    config["methods"]["dine"]["views"] = "online"
    other = {"network": "wide", "adaptation": "mine"}
    config["adaptations"] |= {
        "pair": {"combine": "mean", "of": ["both", "gone"]},
        "far": {"combine": "mean", "of": ["none", other, {**other, "network": "deep"}]},
        "mine": {"logits": "mine/{method}.parquet"},
        "soft": {"logits": {"file": "mine/{}.parquet", "as": "probabilities"}},
        "two": {"kind": "shot", "logits": "x.parquet"},
    }  # fmt: skip
    lines = mistakes(copy, config)
    for said in (
        "methods.replayed.views: replayed needs views in the caches; set logits.views",
        "methods.dine.views: got online; dine keeps labels of plain inputs; allowed: fixed",
        "adaptations.pair.of: both is a combination itself; name its members",
        "adaptations.pair.of: gone is not defined; allowed: both, far, mine, none",
        "adaptations.far.of: wide has no mine; allowed: none",
        "adaptations.far.of: deep is not defined; allowed: cnn, wide",
        "adaptations.mine.logits: got mine/{method}.parquet; allowed in braces: {source}",
        "adaptations.soft.logits: got mine/{}.parquet; allowed in braces: {source}",
        "adaptations.two: has kind, logits; allowed: one of them",
    ):
        assert any(said in line for line in lines), (said, lines)
    assert len(lines) == 9


def test_draws_are_refused_for_what_wants_all_probabilities(make_copy):
    copy = make_copy("draws")
    config = yaml.safe_load((copy.folder / "tests/distillation.yaml").read_text())
    config["logits"]["keep"] = "sample12"
    config["adaptations"]["both"]["combine"] = "entropy"
    config["methods"] = {
        "kd": {"loss": "kd", "temperature": 1.0},
        "warm": {"loss": "kd", "temperature": 2.0},
        "dist": {"loss": "dist", "temperature": 1.0},
        "asked": {"loss": "dist", "temperature": 1.0, "views": "online"},
    }
    lines = mistakes(copy, config)
    for said in (
        "methods.warm.temperature: got 2.0, and logits.keep sample12 has draws; allowed: 1",
        "methods.dist.loss: got dist, and logits.keep sample12 has draws; allowed: kd, soft-ce",
        "adaptations.both.combine: got entropy, and logits.keep sample12 has draws; allowed: mean",
    ):
        assert any(said in line for line in lines), (said, lines)
    assert len(lines) == 3
    config["adaptations"]["both"]["combine"] = "mean"
    config["logits"]["keep"] = "top3"
    config["methods"] = {"black": {"loss": "dine", "budget": "top7"}}
    said = "methods.black.budget: got top7, and logits.keep is top3"
    assert any(said in line for line in mistakes(copy, config))
    config["logits"]["keep"] = "top10"
    config["methods"] = {"kd": {"loss": "kd"}}
    said = "config: logits.keep: top10 of 2 classes is all of them; set all"
    assert mistakes(copy, config).count(said) == 1
