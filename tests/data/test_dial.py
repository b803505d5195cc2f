"""The figures of shifts: the dial over strengths, the gallery."""

import plot_dial
import plot_gallery
from distilshift.analysis import ladder
from distilshift.errors import InputError
from distilshift.files import tables, tensors
from distilshift.image import shifts

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes
from PIL import Image


def run(script, *flags):
    script.main(script.parser().parse_args([str(flag) for flag in flags]))


def results(folder, sources=("a",), students=("kd",), seeds=(0,)):
    """Metrics, and the ladder's table, of two swept shifts at three strengths."""
    metrics, table = [], []
    for source in sources:
        for kind in ("rotation", "fog"):
            for number, strength in enumerate((1, 2, 3)):
                ends = {"source-only": 0.8 - 0.2 * number, "oracle": 0.9}
                rows = {name: 0.85 - 0.25 * number for name in students} | ends
                for method, value in rows.items():
                    known = dict.fromkeys(tables.METRICS) | {
                        "transfer": f"{source}-to-a-{kind}-{strength}",
                        "source": source,
                        "target": f"a-{kind}-{strength}",
                        "network": "cnn",
                        "adaptation": None if method in ends else "none",
                        "method": method,
                        "round": 1,
                    }
                    measured = {"domain": "target", "metric": "accuracy", "value": value}
                    metrics += [{**known, **measured, "seed": seed} for seed in seeds]
                    gap = (value - ends["source-only"]) / (0.9 - ends["source-only"])
                    row = {name: known[name] for name in ladder.ROW}
                    row["row"] = ladder.label(method, row["adaptation"])
                    row |= {"accuracy": value, "accuracy_low": value, "gap_recovered": gap}
                    row |= {"seeds": len(seeds)}
                    row |= {f"gap_recovered_{end}": gap for end in ("low", "high")}
                    table.append(row)
    tables.write(pd.DataFrame(metrics), folder / "metrics.parquet")
    tables.write(pd.DataFrame(table), folder / "ladder.parquet")
    return pd.DataFrame(metrics), pd.DataFrame(table)


TARGETS = [f"a-{kind}-{s}={kind}:{s}" for kind in ("rotation", "fog") for s in (1, 2, 3)]


def flags(folder, figure):
    files = ["--metrics", folder / "metrics.parquet", "--table", folder / "ladder.parquet"]
    return [*files, "--figures", figure, "--targets"]


def test_the_dial_is_drawn_and_refuses_other_targets(tmp_path, capsys):
    results(tmp_path)
    figure = tmp_path / "dial.png"
    known = flags(tmp_path, figure)
    run(plot_dial, *known, *TARGETS)
    picture = np.asarray(Image.open(figure).convert("RGB")).reshape(-1, 3)
    for colour in ((0xD5, 0x5E, 0), (0, 0x72, 0xB2), (0, 0x9E, 0x73)):
        assert (picture == colour).all(1).sum() > 50
    first = figure.read_bytes()
    run(plot_dial, *known, *TARGETS)
    assert figure.read_bytes() == first
    run(plot_dial, *known, *TARGETS, "--width=5", "--label=oracle=bound", "--label=none=plain")
    assert Image.open(figure).width == 5 * 200  # dots an inch
    shown = figure.with_suffix(".svg")
    run(plot_dial, *flags(tmp_path, shown), *TARGETS, "--label=oracle=bound", "--label=none=plain")
    for name, there in (("bound", True), ("oracle", False), ("source-only", True)):
        assert (f"<!-- {name} -->" in shown.read_text()) == there, name
    with pytest.raises(InputError, match="has one of these targets"):
        run(plot_dial, *known, "b-rotation-1=rotation:1")
    with pytest.raises(SystemExit):
        run(plot_dial, *known, "rotation")
    assert "not domain=kind:NUMBER" in capsys.readouterr().err


def test_intervals_are_shown_of_several_seeds(tmp_path):
    for seeds, panels in (((0,), 0), ((0, 1), 2)):
        results(tmp_path, seeds=seeds)
        run(plot_dial, *flags(tmp_path, tmp_path / "dial.svg"), *TARGETS)
        assert (tmp_path / "dial.svg").read_text().count("FillBetweenPolyCollection") == panels


def test_a_dial_over_amounts_shows_teachers(tmp_path):
    metrics, table = results(tmp_path, seeds=(0, 1))
    renamed = {"rotation": "fewer_rows", "fog": "fewer_classes"}
    metrics, table = (
        frame.replace({"transfer": renamed, "target": renamed}, regex=True)
        for frame in (metrics, table)
    )
    adapted = table["method"] == "kd"
    teachers = table[adapted].assign(method="teacher", adaptation="shot", row="teacher (shot)")
    as_they_are = teachers.assign(adaptation="none", row="teacher (none)")
    table = pd.concat([table, teachers, as_they_are])
    gaps = {
        f"gap_recovered_{end}": table["gap_recovered"] + by
        for end, by in (("low", -0.1), ("high", np.inf))
    }
    tables.write(table.assign(**gaps), tmp_path / "ladder.parquet")
    tables.write(metrics, tmp_path / "metrics.parquet")
    targets = [
        text.replace("rotation", "fewer_rows").replace("fog", "fewer_classes") for text in TARGETS
    ]
    run(plot_dial, *flags(tmp_path, tmp_path / "dial.svg"), *targets)
    drawn = (tmp_path / "dial.svg").read_text()
    for text, there in (
        *(("teacher (shot)", True), ("teacher (none)", False), ("strength", False)),
        *(("unlabelled target rows", True), ("share of the classes that no", True)),
    ):
        assert (f"<!-- {text}" in drawn) == there, text
    assert drawn.count("FillBetweenPolyCollection") == 4  # two panels of a student and a teacher


def test_a_strength_without_a_gap_has_no_point(tmp_path):
    _, table = results(tmp_path)
    whole, part, none = (tmp_path / f"{name}.svg" for name in ("whole", "part", "none"))
    run(plot_dial, *flags(tmp_path, whole), *TARGETS)
    for path, lost in ((part, table["transfer"].str.endswith("1")), (none, table["row"] != "")):
        table.loc[lost, "gap_recovered"] = np.nan
        tables.write(table, tmp_path / "ladder.parquet")
        run(plot_dial, *flags(tmp_path, path), *TARGETS)
    dots = [path.read_text().count("<use ") for path in (whole, part, none)]
    assert dots[0] - dots[1] == 2  # one of kd in each panel
    assert dots[0] - dots[2] == 6


def test_what_the_scale_does_not_hold_is_said(tmp_path):
    _, table = results(tmp_path)
    for gaps, said in ((table["gap_recovered"], False), (table["gap_recovered"] + 9, True)):
        tables.write(table.assign(gap_recovered=gaps), tmp_path / "ladder.parquet")
        run(plot_dial, *flags(tmp_path, tmp_path / "dial.svg"), *TARGETS)
        drawn = (tmp_path / "dial.svg").read_text()
        assert ("<!-- above the scale -->" in drawn) == said
        assert "<!-- no better than source-only -->" in drawn


def test_rows_of_two_networks_that_are_called_alike_have_a_cross_each(tmp_path, monkeypatch):
    for name, part in zip(("metrics", "ladder"), results(tmp_path), strict=True):
        other = part.replace({"cnn": "mlp", "none": "shot", "kd (none)": "kd (shot)"})
        tables.write(pd.concat([part, other]), tmp_path / f"{name}.parquet")
    crosses, plot = [], Axes.plot

    def spied(axis, *given, **look):
        crosses.extend(given[0] if given[2:] == ("x",) else [])
        return plot(axis, *given, **look)

    monkeypatch.setattr(Axes, "plot", spied)
    alike = ("--label=none=Ours", "--label=shot=Ours")
    run(plot_dial, *flags(tmp_path, tmp_path / "dial.svg"), *TARGETS, *alike)
    assert len(crosses) == 4 * 2  # of each network and shift the two strengths where nothing is won


def test_sources_of_one_target_have_panels_of_their_own(tmp_path):
    results(tmp_path, sources=("a", "b"))
    run(plot_dial, *flags(tmp_path, tmp_path / "dial.svg"), *TARGETS)
    drawn = (tmp_path / "dial.svg").read_text()
    for source in "ab":
        assert f"<!-- {source} → a-rotation -->" in drawn
        assert f"<!-- {source} → a-fog -->" in drawn


def test_the_gallery_shows_every_shift(tmp_path):
    images = {"inputs": torch.full((1, 3, 12, 12), 99, dtype=torch.uint8), "ids": torch.arange(1)}
    tensors.save(tmp_path / "images", "dataset inputs", images, {})
    figure = tmp_path / "gallery.svg"
    flags = ["--inputs", tmp_path / "images", "--figures", figure]
    run(plot_gallery, *flags)
    text = figure.read_text()
    for kind in shifts.SHIFTS:
        assert f"<!-- {kind.split('_')[0]}" in text, kind
    with pytest.raises(InputError, match="--row: is 1"):
        run(plot_gallery, *flags, "--row", 1)
