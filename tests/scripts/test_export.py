"""A network leaves as ONNX, as eight bits and as torch's program: pictures here."""

from pathlib import Path

import export_network
from distilshift import classifiers, exports, networks
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import tensors
from distilshift.image.pose import Pose

import numpy as np
import pytest
import torch
from exported import check_parity, export
from PIL import Image
from torch import nn


@pytest.fixture(scope="module")
def exported(made, run_script):
    check_parity(run_script, made, 24)
    return made.folder / "exported"


def test_rows_go_in_and_calibrated_probabilities_come_out_one_or_many(made, exported):
    rows = domains.load_inputs(made.inputs("source", "test")).inputs
    classifier = classifiers.load(made.path("trained", "weights.safetensors"))
    for predict in (
        exports.run_onnx(exported / "student.onnx"),
        exports.run_program(exported / "student.pt2"),
    ):
        for count in (1, 5, 24):
            found = predict(rows[:count])
            assert torch.allclose(found, classifier(rows[:count]), atol=1e-6)
    with pytest.raises(Exception, match="uint8"):  # a float is no row
        exports.run_onnx(exported / "student.onnx")(rows.float())


def test_a_file_says_what_its_classes_are(made, exported):
    import onnx

    known = {p.key: p.value for p in onnx.load(exported / "student.onnx").metadata_props}
    assert known["distilshift.classes"] == str(list("0123456789")).replace("'", '"')
    assert known["distilshift.sha256"] in (exported / "parity.json").read_text().replace('"', '""')


def test_eight_bits_are_of_what_is_learned_alone(exported):
    import onnx

    nodes = onnx.load(exported / "int8.onnx").graph.node
    made_by = {name: node for node in nodes for name in node.output}
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    assert len(convolutions) == 5
    for node in convolutions:
        assert {made_by[name].op_type for name in node.input[:2]} == {"DequantizeLinear"}


def test_ranges_are_those_of_all_rows_and_of_few_at_a_time(made, exported, tmp_path, monkeypatch):
    """The activations of 256 rows at once took 20 GB of a network of 192 pixels."""
    rows = domains.load_inputs(made.inputs("target")).inputs
    runtime, seen = pytest.importorskip("onnxruntime"), []
    run = runtime.InferenceSession.run

    def watched(self, wanted, given, *options):
        seen.extend(len(some) for some in given.values())
        return run(self, wanted, given, *options)

    monkeypatch.setattr(runtime.InferenceSession, "run", watched)
    for name, batches in (("whole", [rows]), ("rows", [*rows.split(1)])):
        exports.write_int8(tmp_path / name, exported / "student.onnx", iter(batches))
    assert max(seen) == exports.AT_ONCE and sum(seen) == 2 * len(rows)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "rows").read_bytes()


def test_ranges_are_of_rows_evenly_over_what_is_given(made, exported, tmp_path, monkeypatch):
    """The first rows are of the first classes: where those are dim, bright ones were cut off."""
    classifier = classifiers.load(made.path("trained", "weights.safetensors"))
    rows = domains.load_inputs(made.inputs("target")).inputs
    path = Path(made.inputs("target"))
    found = torch.cat(list(export_network.batches(path, classifier, 10)))
    assert torch.equal(found, rows[torch.arange(10) * len(rows) // 10])
    assert torch.equal(torch.cat(list(export_network.batches(path, classifier, 10**6))), rows)
    for number in range(300):  # more than a batch of 256, of which none too many is decoded
        path = tmp_path / "photos" / str(number // 100) / f"{number % 100:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), number // 2, np.uint8)).save(path)
    decoded, decode = [], classifier.kind.reader.row

    def watched(name, *more):
        decoded.append(name)
        return decode(name, *more)

    monkeypatch.setattr(classifier.kind.reader, "row", watched)
    found = torch.cat(list(export_network.batches(tmp_path / "photos", classifier, 30)))
    assert found[:, 0, 0, 0].tolist() == [number // 2 for number in range(0, 300, 10)]
    assert len(decoded) == 30
    table = tmp_path / "paths.csv"
    named = [f"photos/{number // 100}/{number % 100:02}.png" for number in range(300)]
    table.write_text("\n".join(["path", *named]) + "\n")
    assert torch.equal(torch.cat(list(export_network.batches(table, classifier, 30))), found)


def test_a_teacher_with_a_pose_can_be_exported(made):
    model, header = networks.load_weights(made.path("teacher", "weights.safetensors"), "")
    model.pose = Pose(45.0, 0.2, negative=True)
    classifier = classifiers.Classifier(model, header)
    rows = domains.load_inputs(made.inputs("source", "test")).inputs
    found = exports.program(classifier).module()(rows)
    assert torch.allclose(found, classifier(rows), atol=1e-6)


def test_a_network_that_torch_cannot_follow_is_named_in_one_line(made):
    classifier = classifiers.load(made.path("teacher", "weights.safetensors"))
    classifier.network.body = nn.Sequential(OneByOne(), classifier.network.body)
    with pytest.raises(InputError, match=r"model cnn-3: torch cannot export it \(.+\)$"):
        exports.program(classifier)


class OneByOne(nn.Module):
    """What a graph cannot hold: a loop over however many rows there are."""

    def forward(self, rows):
        return torch.stack([row for row in rows if row.sum() > 0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"onnx": None, "program": None, "int8": None}, "neither is given; say what to write"),
        ({"calibration_inputs": None}, "--int8: needs --onnx and --calibration-inputs"),
        ({"int8": "a.onnx", "onnx": "./a.onnx"}, "--int8: a.onnx is that of --onnx too; name"),
        ({"weights": "a", "parity": "a"}, "--parity: a is that of --weights too"),
        ({"weights": "."}, ".: is a folder, expected a file"),
        ({"inputs": "."}, ".: is a folder, expected a file"),  # whose labels are given
        ({"inputs": "nowhere.safetensors"}, "nowhere.safetensors: no such file"),
    ],
)
def test_what_does_not_fit_together_is_refused(made, run_script, values, message):
    _, shown = export(run_script, made, code=1, **values)
    assert message in shown.strip().splitlines()[-1]


@pytest.mark.parametrize("flag", ["inputs", "calibration_inputs"])
@pytest.mark.parametrize("content", [None, b"no picture"])
def test_inputs_without_a_row_are_refused(made, run_script, tmp_path, flag, content):
    if content:
        (tmp_path / "broken.png").write_bytes(content)
    given = {flag: tmp_path, "labels": None}
    if flag == "inputs":  # without the extra
        given |= {"onnx": None, "int8": None}
    _, shown = export(run_script, made, code=1, **given)
    line = shown.strip().splitlines()[-1]
    assert f"{tmp_path}: holds no row that can be read; take the inputs of a domain" in line
    assert ("'%s' cannot be read" % (tmp_path / "broken.png") in shown) == bool(content)


@pytest.mark.parametrize("change", [reversed, lambda names: [*names, "more"]])
def test_labels_of_other_classes_than_the_network_s_are_refused(made, run_script, tmp_path, change):
    """In another order or number: their accuracy would be that of other classes."""
    given = {}
    for kind, path in [
        ("inputs", made.inputs("target", "test")),
        ("labels", made.labels("target", "test")),
    ]:
        content, header = tensors.load(path, kind, "")
        header["classes"] = list(change(header["classes"]))
        given[kind] = tmp_path / f"{kind}.safetensors"
        tensors.save(given[kind], kind, content, header)
    _, shown = export(run_script, made, code=1, onnx=None, int8=None, **given)
    assert "inputs.safetensors: has the classes" in shown.strip().splitlines()[-1]


def test_a_program_that_says_another_class_is_an_error(made, run_script, monkeypatch):
    def backwards(path, threads=1):
        classifier = classifiers.load(made.path("trained", "weights.safetensors"))
        return lambda rows: classifier(rows).flip(1)

    monkeypatch.setattr(exports, "run_program", backwards)
    _, shown = export(run_script, made, code=1, onnx=None, int8=None, program=made.path("bad.pt2"))
    assert "bad.pt2: says another class of" in shown.strip().splitlines()[-1]


def test_without_the_extra_it_is_asked_for_by_name(made, run_script, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    _, shown = export(run_script, made, code=1, program=None, int8=None)
    assert "--onnx: needs onnx, which is not installed" in shown.strip().splitlines()[-1]
