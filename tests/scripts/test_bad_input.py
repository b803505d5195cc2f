"""What a user can get wrong ends in one line that names it, and leaves nothing behind."""

import pickle
import resource
import subprocess
import sys
from pathlib import Path

from distilshift.files import tensors

import pytest
import torch
from chain import FEW, SCRIPTS

BAD_FLAGS = {
    "teacher": [("--steps", "0"), ("--lr", "nan"), ("--batch", "many"), ("--device", "tpu")],
    "adapted": [("--kind", "magic"), ("--weight", "-1")],
    "cache": [("--dtype", "int8"), ("--batch", "0"), ("--views", "-1"), ("--shard", "2-of-1")],
    "combined": [("--combine", "magic")],
    "next cache": [("--memory", "1.5")],
    "verification": [("--rows", "0"), ("--tolerance", "0")],
    "distilled": [
        ("--temperature", "0"),
        ("--loss", "magic"),
        ("--seed", "-1"),
        ("--views", "some"),
        ("--budget", "top0"),
        ("--weighting", "magic"),
        ("--confidence", "-1"),
        ("--source-weight", "nan"),
    ],
    "source": [
        ("--train-fraction", "1"),
    ],
    "domains": [("--samples", "0")],
    "selection": [("--requirement", "much")],
}


@pytest.mark.parametrize(
    ("step", "flag", "value"), [(s, f, v) for s, pairs in BAD_FLAGS.items() for f, v in pairs]
)
def test_a_bad_value_is_exit_code_2_and_names_the_flag(made, run_script, step, flag, value):
    script, args = made.steps()[step]
    status, shown = run_script(script, [*args, f"{flag}={value}"])
    assert status == 2
    last = shown.strip().splitlines()[-1]
    assert f"{script}.py: error: argument {flag}: " in last


@pytest.mark.parametrize("step", ["teacher", "cache", "distilled", "summary", "ladder"])
def test_a_missing_or_unknown_flag_is_exit_code_2(made, run_script, step):
    script, args = made.steps()[step]
    assert run_script(script, [])[0] == 2
    status, shown = run_script(script, [*args, "--magic"])
    assert status == 2
    assert "unrecognized arguments: --magic" in shown


@pytest.mark.parametrize(
    ("step", "flag", "given", "message"),
    [
        ("source", "--input", "size=x", "--input size: must be int, got x"),
        ("source", "--input", "size=3", "--input size: must be at least 4, got 3"),
        ("source", "--input", "channels=2", "--input channels: got 2; allowed: 1, 3"),
        ("source", "--shift", "mist:strength=1", "--shift: mist is none of noise, contrast,"),
        ("source", "--shift", "noise", "--shift: noise is not kind:strength=NUMBER"),
        ("source", "--shift", "noise:strength=much", "holds what is no number"),
        ("source", "--shift", "noise:strength=2", "--shift: noise has no strength 2"),
        ("source", "--input", "length=3", "--input: got length=3; allowed: size, channels"),
        ("teacher", "--augmentation", "scale=1", "--augmentation scale: must be at least 0 and"),
        ("teacher", "--augmentation", "rotation=nan", "--augmentation rotation: must be a finite"),
        ("teacher", "--source-augmentation", "random_convolution=2", "must be at least 0 and at m"),
        ("cache", "--augmentation", "turn=3", "allowed: rotation, translation, scale"),
    ],
)
def test_a_bad_setting_of_the_kind_of_data_is_one_line(
    made, run_script, step, flag, given, message
):
    script, args = made.steps()[step]
    status, shown = run_script(script, [*args, f"{flag}={given}"])
    assert status == 1 and message in shown.strip().splitlines()[-1]


TENSORS = [
    ("source", "dataset/inputs.safetensors", "download_dataset"),
    ("source", "dataset/labels.safetensors", "download_dataset"),
    ("teacher", "source/train_inputs.safetensors", "construct_domain"),
    ("teacher", "source/train_labels.safetensors", "construct_domain"),
    ("adapted", "teacher/weights.safetensors", "train_teacher"),
    ("cache", "target/train_inputs.safetensors", "construct_domain"),
    ("cache", "adapted/weights.safetensors", "adapt_teacher"),
    ("distilled", "target/train_inputs.safetensors", "construct_domain"),
    ("outputs", "distilled/weights.safetensors", "distill_student"),
    ("neighbours", "target/train_inputs.safetensors", "construct_domain"),
    ("neighbours", "teacher/weights.safetensors", "train_teacher"),
    ("outputs", "target/test_inputs.safetensors", "construct_domain"),
    ("evaluation", "target/test_labels.safetensors", "construct_domain"),
    ("domains", "target/test_inputs.safetensors", "construct_domain"),
]
TABLES = [
    ("distilled", "logits.parquet", "cache_logits"),
    ("combined", "plain.parquet", "cache_logits"),
    ("verification", "logits.parquet", "cache_logits"),
    ("evaluation", "outputs.parquet", "predict"),
    ("next cache", "logits.parquet", "cache_logits"),
    ("rounds", "validators.parquet", "validate"),
    ("summary", "evaluation/metrics.parquet", "evaluate"),
    ("summary", "evaluation/predictions.parquet", "evaluate"),
    ("scores", "outputs.parquet", "predict"),
    ("scores", "neighbours.parquet", "find_neighbours"),
    ("selection", "validators.parquet", "validate"),
    ("picks", "validators.parquet", "validate"),
    ("table", "metrics.parquet", "summarize"),
    ("table", "evaluation/predictions.parquet", "evaluate"),
    ("statistics", "evaluation/predictions.parquet", "evaluate"),
    ("ladder", "metrics.parquet", "summarize"),
    ("ladder", "ladder.parquet", "tabulate_ladder"),
    ("decomposition", "decomposition.parquet", "tabulate_statistics"),
    ("calibration", "metrics.parquet", "summarize"),
    ("curves", "history.parquet", "summarize"),
    ("confusion", "confusion.parquet", "summarize"),
]


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[: len(content) * 2 // 3])
    elif how == "flipped":
        at = len(content) - 5 if path.suffix == ".safetensors" else 60
        content[at] ^= 16
        path.write_bytes(content)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "pickle":
        path.write_bytes(pickle.dumps({"inputs": [1, 2, 3]}))


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", ["missing", "truncated", "flipped", "empty", "pickle"])
@pytest.mark.parametrize(("step", "file", "rule"), TENSORS + TABLES)
def test_a_bad_file_is_one_line_that_names_it_and_its_rule(
    chain, run_script, step, file, rule, how
):
    path = chain.folder / file
    damage(path, how)
    before = content(chain.folder)
    script, args = chain.steps()[step]
    status, shown = run_script(script, args)
    assert status == 1
    last = shown.strip().splitlines()[-1]
    assert f"{script}.py: error: {path}: " in last
    assert rule in last
    assert "Traceback" not in shown
    assert content(chain.folder) == before


def test_a_process_says_it_in_one_line_and_works_from_elsewhere(made, tmp_path):
    """The same by processes: relative paths, a log file, exit codes, no traceback."""

    def teacher(inputs):
        args = ["--inputs", inputs, "--labels", made.labels("source"), "--model", "cnn-2", *FEW]
        args += ["--weights", "w", "--history", "h", "--record", "r", "--log", "log"]
        return subprocess.run(
            [sys.executable, SCRIPTS / "train_teacher.py", *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    bad = teacher("nowhere.safetensors")
    assert bad.returncode == 1
    assert bad.stdout == ""
    assert bad.stderr == (
        "train_teacher.py: error: nowhere.safetensors: no such file; delete it and rerun the "
        "rule construct_domain: snakemake --cores all\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"log"}
    good = teacher(made.inputs("source"))
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {"log", "w", "h", "r"}


def replaced(args, **values):
    """Flags with other values."""
    args = list(args)
    for flag, value in values.items():
        args[args.index(f"--{flag.replace('_', '-')}") + 1] = value
    return args


@pytest.mark.parametrize(
    ("step", "other", "message"),
    [
        ("teacher", {"inputs": "source/train_labels.safetensors"}, "holds labels, expected inputs"),
        ("teacher", {"labels": "source/test_labels.safetensors"}, "split is test"),
        ("teacher", {"inputs": "dataset/inputs.safetensors"}, "holds dataset inputs"),
        ("cache", {"teacher": "target/train_inputs.safetensors"}, "holds inputs, expected weights"),
        ("distilled", {"teacher": "teacher/weights.safetensors"}, "teacher_sha256 is"),
        ("next cache", {"previous": "next.parquet"}, "teacher_sha256 is"),
        ("next cache", {"teacher": "adapted/weights.safetensors"}, "teacher_sha256 is"),
        ("second", {"logits": "logits.parquet"}, "teacher_sha256 is"),
        ("distilled", {"inputs": "source/train_inputs.safetensors"}, "inputs_sha256 is"),
        ("outputs", {"target_test_inputs": "target/train_inputs.safetensors"}, "split is train"),
        ("outputs", {"target_test_inputs": "source/test_inputs.safetensors"}, "domain is source"),
        ("evaluation", {"target_labels": "target/train_labels.safetensors"}, "split is train"),
        ("evaluation", {"target_labels": "outputs.parquet"}, "not a whole safetensors"),
        ("evaluation", {"outputs": "metrics.parquet"}, "holds no outputs of networks"),
        ("evaluation", {"records": "adapted/record.json"}, "is not of the teacher of seed 0"),
        ("scores", {"source_labels": "source/train_labels.safetensors"}, "split is train"),
        ("scores", {"neighbours": "validators.parquet"}, "has no column"),
        ("neighbours", {"target_train_inputs": "target/test_inputs.safetensors"}, "split is test"),
        ("neighbours", {"weights": "distilled/weights.safetensors"}, "role is student"),
        ("neighbours", {"weights": "adapted/weights.safetensors"}, "adaptation is adabn"),
        ("selection", {"validators": "metrics.parquet"}, "has no column"),
        ("table", {"metrics": "history.parquet"}, "has no column"),
        ("ladder", {"metrics": "confusion.parquet"}, "has no column"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(chain, run_script, step, other, message):
    script, args = chain.steps()[step]
    paths = {flag: chain.path(path) for flag, path in other.items()}
    before = content(chain.folder)
    status, shown = run_script(script, replaced(args, **paths))
    assert status == 1, shown
    assert message in shown.strip().splitlines()[-1]
    assert content(chain.folder) == before


def test_evaluation_refuses_another_number_of_records_than_networks(made, run_script):
    script, args = made.steps()["evaluation"]
    status, shown = run_script(script, [*args, "--records", made.path("teacher", "record.json")])
    assert status == 1
    assert "--records: 6 networks, 1 records, 6 histories; give as many" in shown


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--criterion=magic"], "--criterion: is magic; allowed: entropy, information_max"),
        (["--criterion=oracle_accuracy"], "--metrics: belongs to --criterion oracle_accuracy"),
        (["--metrics=metrics.parquet"], "--metrics: belongs to --criterion oracle_accuracy"),
    ],
)
def test_selection_refuses_what_it_cannot_choose_by(made, run_script, flags, message):
    script, args = made.steps()["selection"]
    status, shown = run_script(script, [*args, *flags])
    assert status == 1
    assert message in shown


def test_prediction_refuses_a_network_of_another_transfer(chain, run_script):
    path = chain.path("source", "test_inputs.safetensors")
    inputs, header = tensors.load(path, "inputs", "")
    header.pop("sha256")
    tensors.save(Path(path), "inputs", inputs, {**header, "domain": "elsewhere"})
    status, shown = run_script(*chain.steps()["outputs"])
    assert status == 1
    assert "was trained on source, this transfer is elsewhere to target" in shown


def test_a_model_that_is_none_is_refused_before_training(made, run_script):
    script, args = made.steps()["teacher"]
    status, shown = run_script(script, replaced(args, model="cmm-3"))
    assert status == 1
    assert "model cmm-3: unknown; allowed: cnn-<sizes>, mlp-<sizes>" in shown


def test_a_loss_that_diverges_is_one_line_with_the_step_and_the_setting(chain, run_script):
    script, args = chain.steps()["teacher"]
    weights = chain.folder / "teacher" / "weights.safetensors"
    before = weights.read_bytes()
    status, shown = run_script(script, [*args, "--lr=1e38"])
    assert status == 1
    last = shown.strip().splitlines()[-1]
    assert "step " in last
    assert "training diverged at a peak learning rate of 1e+38; lower lr" in last
    assert weights.read_bytes() == before


def test_a_full_file_system_is_one_line(chain):
    """A limit on the size of files stands for a full disk."""
    for path in (chain.folder / "source").iterdir():
        path.unlink()
    script, args = chain.steps()["source"]
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", *args],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "train_inputs.safetensors: File too large" in done.stderr.strip().splitlines()[-1]
    assert list((chain.folder / "source").iterdir()) == []


def test_shape_of_what_the_chain_makes(made):
    found, header = tensors.load(made.inputs("target"), "inputs", "")
    assert found["inputs"].dtype == torch.uint8
    assert found["inputs"].shape == (56, 1, 8, 8)
    assert header["shift"] == [{"kind": "noise", "strength": 0.1}]
