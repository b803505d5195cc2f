"""Classes go by their names wherever people read of them."""

from distilshift.files import tables

import matplotlib.pyplot as plt
import pandas as pd
import pytest

CLASSES = {"a-to-b": ["cat", "dog", "a class of many words"], "c-to-d": ["no", "yes"]}


@pytest.fixture
def confusion(tmp_path):
    """Of two transfers, each between classes of its own."""
    rows = [
        {
            **dict.fromkeys(tables.IDENTITY, "x"),
            **{"transfer": transfer, "network": "cnn", "method": method, "adaptation": "none"},
            **{"round": 1, "domain": "target", "label": place, "prediction": 0},
            **{"class": name, "predicted_class": names[0], "count": 3},
        }
        for transfer, names in CLASSES.items()
        for method in ("source-only", "kd")
        for place, name in enumerate(names)
    ]
    tables.write(pd.DataFrame(rows), tmp_path / "confusion.parquet")
    return tmp_path / "confusion.parquet"


def panels_of(confusion, run_script, monkeypatch) -> list:
    """The panels that are drawn of it."""
    drawn = []
    monkeypatch.setattr(plt, "close", drawn.append)
    flags = ["--confusion", str(confusion), "--figures", str(confusion.with_suffix(".svg"))]
    assert run_script("plot_confusion", flags) == (0, "")
    monkeypatch.undo()
    panels = [axis for axis in drawn[0].axes if axis.images and axis.get_visible()][:4]
    plt.close(drawn[0])
    return panels


def test_confusion_names_the_classes_of_each_transfer(confusion, run_script, monkeypatch):
    panels = panels_of(confusion, run_script, monkeypatch)
    names = [[text.get_text() for text in axis.get_yticklabels()] for axis in panels]
    assert names.count(["cat", "dog", "a class of ma…"]) == 2 and names.count(["no", "yes"]) == 2


def test_a_class_that_the_target_lacks_is_named_and_is_no_zero(confusion, run_script, monkeypatch):
    """Its label was blank; the last one had neither row nor column."""
    table = tables.read(confusion, "")
    here = table["class"].ne("a class of many words") & table["class"].ne("dog")
    tables.write(pd.concat([table.assign(domain="source"), table[here]]), confusion)
    panels = panels_of(confusion, run_script, monkeypatch)
    wide = [axis for axis in panels if axis.images[0].get_array().shape == (3, 3)]
    assert len(wide) == 2
    for axis in wide:
        labels = [text.get_text() for text in axis.get_yticklabels()]
        assert labels == ["cat", "dog", "a class of ma…"]
        shares = axis.images[0].get_array()
        assert shares[0].tolist() == [100, 0, 0] and shares[1:].mask.all()
        absent, none = axis.images[0].cmap([float("nan"), 0.0])
        assert abs(absent - none).max() > 0.1


def drawn_with(called, confusion, run_script) -> str:
    """The figure, as SVG, of classes that are called otherwise."""
    table = tables.read(confusion, "")
    tables.write(table.replace({"class": called, "predicted_class": called}), confusion)
    page = confusion.with_suffix(".svg")
    flags = ["--confusion", str(confusion), "--figures", str(page)]
    assert run_script("plot_confusion", flags) == (0, "")
    return page.read_text()


def test_a_class_may_be_called_by_dollars(confusion, run_script):
    """Set as mathematics it ended in a traceback."""
    called = {"no": "$\\x$", "yes": "a$b$"}
    page = drawn_with(called, confusion, run_script)
    assert all(f"<!-- {name} -->" in page for name in called.values())


@pytest.mark.filterwarnings("error:Glyph")
def test_letters_that_the_font_lacks_are_squares(confusion, run_script):
    """Each was a warning of matplotlib's, at every drawing."""
    page = drawn_with({"no": "猫", "yes": "né 犬"}, confusion, run_script)
    assert page.count("<!-- né □ -->") == 4


def test_what_a_table_says_about_itself_is_kept_beside_its_rows(tmp_path):
    path, rows = tmp_path / "a.parquet", pd.DataFrame({"x": [1]})
    tables.write(rows, path, {"settings": {"seeds": [0]}})
    assert tables.about(path, "summarize") == {"settings": {"seeds": [0]}}
    pd.testing.assert_frame_equal(tables.read(path, "summarize"), rows)
    tables.write(rows, path)
    assert tables.about(path, "summarize") is None


def test_tables_of_a_run_have_number_and_name(made):
    predictions = pd.read_parquet(made.path("evaluation", "predictions.parquet"))
    for number, name in (("label", "class"), ("prediction", "predicted_class")):
        assert (predictions[number].astype(str) == predictions[name].astype(str)).all()
    found = pd.read_csv(made.path("classes.csv"))
    assert {"label", "class", "accuracy"} <= set(found.columns)
    metrics = pd.read_parquet(made.path("metrics.parquet"))
    assert list(metrics.columns) == [*tables.METRICS, *tables.EXPERIMENT]
