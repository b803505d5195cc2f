"""A whole small run, and what it takes to have it again."""

import json
import re

from distilshift.analysis.metrics import FIDELITY, METRICS, OF_PROBABILITIES, UNCALIBRATED
from distilshift.files import tables, tensors

import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from copies import SMALL

FIGURES = [
    f"figures/{name}.{suffix}"
    for name in ("ladder", "domains", "curves", "confusion", "calibration", "decomposition", "cost")
    for suffix in ("pdf", "svg", "png")
]
TABLES = [
    f"tables/{name}.csv"
    for name in (
        "ladder",
        "comparisons",
        "decomposition",
        "classes",
        "fidelity",
        "calibration",
        "cost",
    )
]
TABLES += [f"tables/{name}.csv" for name in ("selection", "validators", "verification")]
TEX = [f"tables/{name}.tex" for name in ("ladder", "comparisons", "numbers")]
COLUMNS = [
    *("transfer", "source", "target", "network", "teacher", "adaptation", "method", "student"),
    *("round", "seed", "domain", "split", "metric", "value"),
    *("device", "parameters", "training_seconds", "experiment", "config_sha256"),
]
TRANSFERS = {"optdigits-to-mnist5k": "cnn", "optdigits-to-optdigits-noise": "mlp"}


LATER = (
    "**/outputs.parquet",
    "**/neighbours.parquet",
    "**/validators.parquet",
    "selection.parquet",
    "metrics.parquet",
)


def files(copy, pattern):
    found = {path.relative_to(copy.results) for path in copy.results.glob(pattern)}
    assert found, pattern
    return sorted(found)


def test_every_output_of_the_contract_is_there(finished):
    for name in ["metrics.parquet", "selection.parquet", *TABLES, *TEX, *FIGURES]:
        assert (finished.results / name).stat().st_size > 200, name


def test_metrics_are_a_complete_tidy_table(finished):
    metrics = pd.read_parquet(finished.results / "metrics.parquet")
    assert list(metrics.columns) == COLUMNS
    identity = [*tables.IDENTITY, "domain", "split", "metric"]
    assert not metrics.duplicated(identity).any()
    assert metrics["value"].notna().all()
    fidelity = metrics["metric"].isin(FIDELITY)
    raw = metrics["metric"].str.endswith(UNCALIBRATED)
    assert set(metrics["metric"][~fidelity & ~raw]) == set(METRICS)
    assert set(metrics["method"][raw]) == {"kd"} and raw.sum() == 3 * 2 * len(OF_PROBABILITIES)
    assert set(metrics["metric"][fidelity]) == set(FIDELITY)
    assert set(metrics["method"][fidelity]) == {"kd"}
    assert set(metrics["domain"][fidelity]) == {"target"}
    rows = metrics.drop_duplicates(tables.IDENTITY).fillna("-")
    found = set(
        rows[["transfer", "network", "method", "adaptation"]].itertuples(index=False, name=None)
    )
    expected = set()
    for transfer, network in TRANSFERS.items():
        for adaptation in ("none", "adabn") if network == "cnn" else ("none",):
            expected |= {(transfer, network, method, adaptation) for method in ("teacher", "kd")}
        expected |= {(transfer, network, method, "-") for method in ("source-only", "oracle")}
    assert found == expected
    assert len(metrics) == len(rows) * 2 * len(METRICS) + 3 * len(FIDELITY) + raw.sum()


def test_every_student_has_a_round_and_a_reason(finished):
    chosen = pd.read_parquet(finished.results / "selection.parquet")
    assert list(chosen.columns) == tables.SELECTION
    assert len(chosen) == 3
    assert set(chosen["round"]) == {1}
    assert set(chosen["criterion"]) == {"information_maximisation"}
    assert chosen["reason"].str.startswith("no requirement, the best of 1").all()


def test_every_network_but_the_oracle_is_scored(finished):
    path = "transfers/optdigits-to-mnist5k/cnn/validators.parquet"
    scores = pd.read_parquet(finished.results / path)
    assert list(scores.columns) == tables.VALIDATORS
    assert set(scores["method"]) == {"teacher", "source-only", "kd"}
    assert len(scores) == 5 * 8 + 4 + 4  # source-only has nobody to agree with, and no teacher
    assert scores["coverage"].between(0.1, 1).all()


def test_every_rule_left_a_log_and_a_benchmark(finished):
    logs = files(finished, "logs/**/*.log")
    benchmarks = {
        path.relative_to("benchmarks").with_suffix("")
        for path in files(finished, "benchmarks/**/*.tsv")
    }
    assert {path.relative_to("logs").with_suffix("") for path in logs} == benchmarks
    assert all(
        (finished.results / path).stat().st_size > 0
        for path in files(finished, "logs/teachers/**/*.log")
    )


def test_a_cache_says_whose_logits_it_holds(finished):
    folder = "transfers/optdigits-to-mnist5k/cnn/seed0/adabn"
    metadata = pq.read_schema(finished.results / folder / "logits.parquet").metadata
    provenance = json.loads(metadata[b"distilshift"])
    teacher, inputs = (
        tensors.read_header(finished.results / path, kind, "")
        for path, kind in [
            (f"{folder}/teacher/weights.safetensors", "weights"),
            ("domains/mnist5k/train_inputs.safetensors", "inputs"),
        ]
    )
    assert provenance["teacher_sha256"] == teacher["sha256"]
    assert provenance["inputs_sha256"] == inputs["sha256"]
    assert (provenance["mode"], provenance["dtype"]) == ("eval", "float32")
    assert len(provenance["classes"]) == 10


def test_no_state_or_part_is_left(finished):
    left = [path for path in finished.results.rglob("*") if path.suffix in (".part", ".state")]
    assert left == []


def test_the_report_is_one_file_with_every_figure_and_table(finished):
    done = finished.snakemake(*SMALL, "--report", "report.html")
    assert done.returncode == 0, done.stdout
    page = (finished.folder / "report.html").read_text()
    for name in [*FIGURES, *TABLES]:
        assert f"results/{name}" in page, name
    for label in ("1 ladder", "2 domains", "3 learning curves", "5 decomposition"):
        assert page.count(f'"figure": "{label}"') >= 3, label
    listed = json.loads(re.search(r"var categories = (\{.*\});", page)[1])
    found = {category: sum(map(len, parts.values())) for category, parts in listed.items()}
    assert found == {"Figures": len(FIGURES), "Tables": len(TABLES)}
    for caption in (
        "Target-test accuracy of every row",
        "Test inputs of each transfer's source and target",
        "Share of augmented training inputs",
        "Predictions on the target",
    ):
        assert caption in page, caption
    loaded = re.findall(r"""<(?:script|link|img)[^>]*(?:src|href)=["'](https?://[^"']+)""", page)
    assert loaded == []


# ---- a second run ---------------------------------------------------------------------


def permute_labels(copy, domain):
    """Give every image of a domain the label of another; return the files as they were."""
    before = {}
    for split in ("train", "test"):
        path = copy.results / f"domains/{domain}/{split}_labels.safetensors"
        before[path] = path.read_bytes()
        content, header = tensors.load(path, "labels", "")
        order = torch.randperm(len(content["labels"]), generator=torch.Generator().manual_seed(1))
        permuted = {**content, "labels": content["labels"][order]}
        assert not torch.equal(permuted["labels"], content["labels"])
        tensors.save(path, "labels", permuted, header)
    return before


def differing(one, other, pattern):
    """Files that two runs have not made alike; what something costs is told by a clock."""
    return [
        str(path)
        for path in files(one, pattern)
        if path.stem != "cost"
        and (one.results / path).read_bytes() != (other.results / path).read_bytes()
    ]


@pytest.fixture(scope="module")
def again(make_copy):
    """A second copy, run with permuted target labels at first, then with the true ones.

    ``again.blind`` holds the weights, caches and metrics of the first.
    """
    copy = make_copy("again")
    copy.run("--until", "construct_domain")
    true = {}
    for transfer in TRANSFERS:
        true |= permute_labels(copy, transfer.split("-to-")[1])
    copy.run()
    copy.blind = {
        path.relative_to(copy.results): path.read_bytes()
        for pattern in ("*/**/weights.safetensors", "**/logits.parquet", *LATER)
        for path in copy.results.glob(pattern)
    }
    for path, content in true.items():
        path.write_bytes(content)
    copy.log = copy.run()
    return copy


def test_permuted_target_labels_change_no_weight_but_the_oracles(finished, again):
    differ = {
        str(path)
        for path, content in again.blind.items()
        if content != (finished.results / path).read_bytes()
    }
    oracles = {
        f"students/{transfer.split('-to-')[1]}/{network}/seed0/weights.safetensors"
        for transfer, network in TRANSFERS.items()
    }
    cells = [f"transfers/{transfer}/{network}" for transfer, network in TRANSFERS.items()]
    assert differ == {
        *oracles,
        *(f"{cell}/oracle/outputs.parquet" for cell in cells),
        "metrics.parquet",
    }
    weights = [path for path in again.blind if path.name == "weights.safetensors"]
    assert len(weights) == 2 + 1 + 3 + 4  # teachers, adapted, distilled, yardsticks


def test_true_labels_again_rerun_the_oracles_and_no_student(again):
    assert len(re.findall(r"^(?:local)?rule train_student:", again.log, re.M)) == 2
    assert "rule distill_student:" not in again.log
    assert "rule adapt_teacher:" not in again.log


@pytest.mark.parametrize(
    "pattern",
    [
        "domains/**/*.safetensors",
        "**/weights.safetensors",
        "**/logits.parquet",
        "**/history.parquet",
        "**/outputs.parquet",
        "**/neighbours.parquet",
        "**/validators.parquet",
        "selection.parquet",
        "**/predictions.parquet",
        "confusion.parquet",
        "tables/*",
        "figures/*",
    ],
)
def test_two_runs_give_the_same_bytes(finished, again, pattern):
    assert differing(finished, again, pattern) == []


def test_two_runs_give_the_same_metrics(finished, again):
    one, other = (
        pd.read_parquet(copy.results / "metrics.parquet").drop(columns="training_seconds")
        for copy in (finished, again)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)
