"""A network is asked about new data: pictures here; texts and sounds beside their own chains."""

import logging
import os
import shutil
from pathlib import Path

from distilshift import classifiers
from distilshift.data import domains, folders
from distilshift.files import parquet

import numpy as np
import pandas as pd
import pytest
import torch
from applied import apply, check_agreement, check_rows
from PIL import Image


@pytest.fixture(scope="module")
def photos(made):
    """A folder of the target's test rows as pictures, one that is none, and what is no picture."""
    here = made.folder / "photos"
    (here / "more").mkdir(parents=True)
    rows = domains.load_inputs(made.inputs("target", "test")).inputs[:, 0].numpy()
    for number, row in enumerate(rows):
        Image.fromarray(row).save(here / ("more" if number % 2 else ".") / f"{number:03}.png")
    (here / "broken.png").write_bytes(b"no picture")
    (here / "notes.pdf").write_bytes(b"no picture either")
    return here


def numbers(names):
    return [int(name[-7:-4]) for name in names]


@pytest.mark.parametrize("name", ["distilled", "second", "source-only", "adapted"])
def test_it_says_what_predict_says_to_the_bit(made, run_script, name):
    check_agreement(run_script, made, name)


def test_rows_are_those_of_a_domain(made):
    check_rows(made)


def test_a_folder_of_pictures_is_read_at_any_depth(made, photos, run_script):
    found, shown = apply(run_script, made, "distilled", [photos], "photos.parquet", 3)
    assert shown.count("broken.png' cannot be read (no picture, or of a kind") == 1
    assert "1 input cannot be read" in shown and "1 left out: suffix .pdf" in shown
    classifier = classifiers.load(made.path("distilled", "weights.safetensors"))
    rows = domains.load_inputs(made.inputs("target", "test")).inputs
    assert sorted(numbers(found["name"])) == list(range(len(rows)))
    expected = classifier(rows[torch.tensor(numbers(found["name"]))])
    assert np.allclose(found["probability"], expected.max(1).values, atol=1e-6)
    assert found["class"].tolist() == [classifier.classes[at] for at in expected.argmax(1)]
    assert parquet.is_whole(photos.parent / "photos.parquet")


def test_a_table_names_its_pictures(made, photos, run_script):
    pd.DataFrame({"path": ["photos/more/001.png", "photos/002.png"]}).to_csv(
        made.path("list.csv"), index=False
    )
    paths = [photos / "more/001.png", photos / "002.png"]
    by_table, _ = apply(run_script, made, "distilled", [made.path("list.csv")], "list.out.csv")
    by_path, _ = apply(run_script, made, "distilled", paths, "files.csv")
    assert by_table["name"].tolist() == ["photos/more/001.png", "photos/002.png"]
    assert by_path["name"].tolist() == [str(path) for path in paths]
    assert by_table.drop(columns="name").equals(by_path.drop(columns="name"))


def test_rows_are_read_a_batch_at_a_time(made, photos):
    classifier = classifiers.load(made.path("distilled", "weights.safetensors"))
    sizes = [len(batch.names) for batch in classifier.read([photos], batch=5)]
    assert max(sizes) == 5 and sum(sizes) == 24


def test_a_folder_is_walked_in_the_order_of_names_past_what_is_hidden_and_loops(tmp_path, caplog):
    for name in ("b.png", "a/2.png", "a/1.PNG", "a/.hidden.png", ".git/x.png", "a/note.txt", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    with caplog.at_level("INFO", "distilshift"):
        logging.getLogger("distilshift").propagate = True
        found = list(folders.every(tmp_path, [".png"]))
    assert [str(p.relative_to(tmp_path)) for p in found] == ["a/1.PNG", "a/2.png", "b.png", "c"]
    assert "2 left out: hidden" in caplog.text and "1 left out: suffix .txt" in caplog.text
    assert "1 left out: a link to a folder that it lies in" in caplog.text
    assert "1 left out: a link to nothing" in caplog.text


def test_a_folder_that_may_not_be_read_is_named(made, photos, run_script, tmp_path, monkeypatch):
    shutil.copy(photos / "broken.png", tmp_path / "broken.png")
    for name in ("a", "secret", "z"):
        (tmp_path / name).mkdir()
        good = next(path for path in photos.rglob("*.png") if path.name != "broken.png")
        shutil.copy(good, tmp_path / name / "1.png")
    scandir = os.scandir

    def locked(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    found, shown = apply(run_script, made, "distilled", [tmp_path], "p.csv", 3)
    assert [Path(name).parent.name for name in found["name"]] == ["a", "z"]
    assert f"'{tmp_path / 'secret'}' cannot be read (Permission denied)" in shown
    assert "2 inputs cannot be read" in shown


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["photos/broken.png"], "--inputs: none of 1 can be read"),
        (["empty"], "--inputs: hold nothing to read"),
        (["ladder.csv"], "has no column path; it has transfer"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(made, photos, run_script, inputs, message):
    (made.folder / "empty").mkdir(exist_ok=True)
    given = [made.path(*name.split("/")) for name in inputs]
    _, shown = apply(run_script, made, "distilled", given, "refused.csv", 1)
    assert message in shown.strip().splitlines()[-1]
    assert not (made.folder / "refused.csv").exists()


def test_an_output_is_never_an_input(made, photos, run_script):
    path = made.folder / "asked.csv"
    path.write_text("path\nphotos/002.png\n")
    (made.folder / "link.csv").symlink_to(path)
    for given in (path, made.folder / "link.csv"):
        _, shown = apply(run_script, made, "distilled", [photos, given], "asked.csv", 1)
        assert "asked.csv is that of --inputs too; name another" in shown.splitlines()[-1]
    assert path.read_text() == "path\nphotos/002.png\n"


def test_the_four_lines_of_the_docs_run(made, photos, request, capsys):
    text = (request.config.rootpath / "docs/student.md").read_text(encoding="utf-8")
    code = text.split("```python")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) == 4
    code = code.replace("weights.safetensors", made.path("distilled", "weights.safetensors"))
    exec(code.replace('"photos"', repr(str(photos))), {})
    assert "002.png" in (shown := capsys.readouterr().out) and "tensor([[" in shown


def test_one_path_may_be_given_as_it_is(made, photos):
    classifier = classifiers.load(made.path("distilled", "weights.safetensors"))
    names = [[n for b in classifier.read(of) for n in b.names] for of in (str(photos), [photos])]
    assert names[0] == names[1] and len(names[0]) == 24
