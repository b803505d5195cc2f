"""What is read outside of the workflow: the notebook, and histories in TensorBoard."""

import json
import shutil
import struct
from pathlib import Path

from distilshift.files import tables

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def results(made, tmp_path):
    """The chain's files as a results folder has them."""
    for name in ("metrics.parquet", "history.parquet"):
        shutil.copy(made.path(name), tmp_path / name)
    place = tmp_path / "transfers" / "source-to-target" / "cnn" / "evaluation"
    shutil.copytree(made.path("evaluation"), place)
    return tmp_path


def test_the_notebook_runs_and_says_what_the_tables_say(results, made, request, monkeypatch):
    monkeypatch.setenv("RESULTS", str(results))
    notebook = json.loads((request.config.rootpath / "examples/results.ipynb").read_text())
    said = {}
    with mpl.rc_context({"backend": "agg"}):
        for cell in notebook["cells"]:
            assert not cell.get("outputs") and not cell.get("execution_count")
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), said)
        plt.close("all")
    table = tables.read(Path(made.path("ladder.parquet")), "tabulate_ladder").set_index("row")
    means = said["accuracy"]["mean"].iloc[:, 0]
    # the ladder holds six decimals, whatever a network's last bits made of the rows
    assert means.to_dict() == pytest.approx(table["accuracy"].to_dict(), abs=5.1e-7, rel=0)
    assert len(said["compared"]) > 0 and len(said["wrong"]) > 0
    assert len(said["both"]) == len(said["rows"]) == 6


def events(path):
    """The scalars of an event file: (tag, step, value). Records are length, crc, bytes, crc."""
    proto = pytest.importorskip("tensorboardX.proto.event_pb2", reason="to enable: make extras")
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = proto.Event.FromString(content[12 : 12 + length])
        found += [(one.tag, event.step, one.simple_value) for one in event.summary.value]
        content = content[16 + length :]
    return found


def test_histories_become_runs_of_tensorboard(made, run_script, tmp_path):
    pytest.importorskip("tensorboardX", reason="to enable: make extras")
    flags = ["--history", made.path("history.parquet"), "--events", str(tmp_path / "events")]
    assert run_script("export_history", flags)[0] == 0
    history = tables.read(Path(made.path("history.parquet")), "summarize")
    files = list((tmp_path / "events").rglob("events.out.tfevents.*"))
    assert len(files) == len(history.groupby([*tables.IDENTITY], dropna=False))
    (oracle,) = [path for path in files if "/oracle/" in str(path)]
    assert oracle.parent.relative_to(tmp_path).parts == (
        *("events", "source-to-target", "cnn", "oracle", "seed0"),
    )
    found = events(oracle)
    of_oracle = history[history["method"] == "oracle"]
    losses = [(step, value) for tag, step, value in found if tag == "loss"]
    assert [step for step, _ in losses] == list(of_oracle["step"])
    assert [value for _, value in losses] == pytest.approx(list(of_oracle["loss"]))
    status, shown = run_script("export_history", flags)
    assert status == 1 and "is not empty; name another folder" in shown
