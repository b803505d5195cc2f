"""What networks cost, and the picture of what distilling bought."""

import sys
from pathlib import Path

import plot_cost
from distilshift import costs, networks
from distilshift.files import tables
from distilshift.image.views import plain

import chain
import pandas as pd
import pytest
import torch
from made import build
from torch import nn


@pytest.fixture
def flags(made, monkeypatch):
    """Of the teacher and the student of the chain; little is timed."""
    monkeypatch.setattr(costs, "ALONE", 0.01)
    monkeypatch.setattr(costs, "MANY", 0.01)
    weights = [made.path(name, "weights.safetensors") for name in ("teacher", "source-only")]
    args = ["--weights", *weights, "--inputs", *[made.inputs("source")] * 2]
    args += ["--transfers", *["source-to-target"] * 2, "--networks", "cnn", "cnn"]
    return [*args, "--cost", made.path("cost.parquet")]


def test_multiply_adds_are_those_of_the_formula():
    rows = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    model = nn.Sequential(build("cnn-4", 10, 1, 16))
    # convolutions at 16x16, 8x8 twice, 4x4 twice, and the head
    expected = 9 * (4 * 256 + 4 * 4 * 64 + 4 * 8 * 64 + 8 * 8 * 16 + 8 * 16 * 16) + 16 * 10
    assert costs.multiply_adds(model.eval(), plain(rows)) == expected


def test_the_table_and_the_figure_are_of_every_row_of_the_ladder(made, flags, run_script):
    assert run_script("measure_cost", flags)[0] == 0
    cost = tables.read(made.path("cost.parquet"), "").set_index("role")
    model = networks.load_weights(made.path("source-only", "weights.safetensors"), "")[0]
    assert cost.loc["student", "parameters"] == networks.parameter_count(model)
    assert cost.loc["student", "multiply_adds"] < cost.loc["teacher", "multiply_adds"]
    numbers = cost.select_dtypes("number")
    assert (numbers > 0).all(axis=None) and len(numbers.columns) == len(costs.COLUMNS) - 2 + 1
    assert (cost["latency_ms_p95"] >= cost["latency_ms"]).all()
    args = ["--table", made.path("ladder.parquet"), "--cost", made.path("cost.parquet")]
    args += ["--csv", made.path("cost.csv"), "--figures", *made.pictures("cost")]
    assert run_script("plot_cost", args) == (0, "")
    found, ladder = (pd.read_csv(made.path(f"{name}.csv")) for name in ("cost", "ladder"))
    assert found["row"].tolist() == ladder["row"].tolist()
    teacher = found["row"].str.startswith("teacher")
    assert found["model"].tolist() == ["cnn-3" if is_teacher else "cnn-2" for is_teacher in teacher]
    drawn = (made.folder / "cost.svg").read_text()
    assert drawn.count("multiply-adds") == 1
    # kinds of row that are there, and no other
    assert "source-only -->" in drawn and "labels -->" not in drawn


def test_networks_of_the_same_weights_are_measured_once(made, flags, run_script, monkeypatch):
    times, asked = costs.times, []
    monkeypatch.setattr(
        costs, "times", lambda predict, rows: asked.append(1) or times(predict, rows)
    )
    assert run_script("measure_cost", flags)[0] == 0
    one, each = tables.read(made.path("cost.parquet"), ""), len(asked)
    again = []
    for flag in flags:  # the same two, once more under another name
        again.append(flag)
        if flag == "cnn" and again.count("cnn") == 2:
            again += ["other", "other"]
    for name in ("--weights", "--inputs", "--transfers"):
        at = again.index(name) + 1
        again[at:at] = again[at : at + 2]
    assert run_script("measure_cost", again)[0] == 0
    both = tables.read(made.path("cost.parquet"), "")
    assert len(asked) == 2 * each and both["network"].tolist() == ["cnn", "cnn", "other", "other"]
    assert both["parameters"].tolist() == 2 * one["parameters"].tolist()


def test_a_transfer_of_more_classes_has_a_cost_of_its_own(made, flags, run_script, tmp_path):
    """It was that of the first transfer in all, though the head grows with the classes."""
    weights = Path(made.path("source-only", "weights.safetensors"))
    model, header = networks.load_weights(weights, "")
    classes = [f"class {number}" for number in range(30)]
    wide = tmp_path / "weights.safetensors"
    larger = build("cnn-2", 30)
    networks.save_weights(wide, larger, {**header, "classes": classes})
    args = chain.flags(flags, weights=[weights, wide], transfers=["source-to-target", "a-to-b"])
    assert run_script("measure_cost", args)[0] == 0
    cost = tables.read(made.path("cost.parquet"), "")
    head = (30 - 10) * model.head.in_features
    assert cost["parameters"].diff().iloc[1] == head + 20
    assert cost["multiply_adds"].diff().iloc[1] == head
    row = {"method": "kd", "adaptation": "none", "round": 1, "row": "kd (none)", "network": "cnn"}
    accuracy = dict.fromkeys(["accuracy", "accuracy_low", "accuracy_high"], 0.5)
    table = pd.DataFrame([{"transfer": t, **row, **accuracy} for t in cost["transfer"]])
    found = plot_cost.joined(table, cost)
    assert found["parameters"].tolist() == cost["parameters"].tolist()


def test_slow_calls_are_made_few_times(monkeypatch):
    now, calls = [0.0], []
    monkeypatch.setattr(costs.time, "perf_counter", lambda: now[0])

    def call(took):
        calls.append(took)
        now[0] += took

    assert costs.seconds(lambda: call(2.0), 0.3).tolist() == [2.0] * costs.FEWEST
    assert len(calls) == 1 + costs.FEWEST
    calls.clear()
    found = costs.seconds(lambda: call(0.015625), 0.3)
    assert len(calls) == costs.WARM + len(found) and 0.3 <= sum(found) < 0.32


def test_without_the_extra_its_columns_are_blank(made, flags, run_script, monkeypatch):
    for name in ("onnx", "onnxruntime", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)
    status, shown = run_script("measure_cost", flags)
    assert status == 0 and "needs onnx, which is not installed" in shown
    cost = tables.read(made.path("cost.parquet"), "")
    blank = [name for name in costs.COLUMNS if name.startswith(("onnx_", "int8_"))]
    assert len(blank) == 8 and cost[blank].isna().all(axis=None)
    assert cost["rows_a_second"].notna().all()
