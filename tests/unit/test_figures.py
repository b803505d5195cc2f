"""Figures are byte-stable, and their colours can be told apart."""

import itertools

from distilshift.analysis import figures

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_rgb


def draw(path):
    figures.style()
    figure, axis = plt.subplots(figsize=(figures.COLUMN, 2))
    axis.plot([0, 1], [0, 1], label="accuracy")
    axis.legend()
    figures.save(figure, [path])
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_the_same_figure_is_the_same_bytes(tmp_path, suffix):
    first, second = (draw(tmp_path / f"{name}.{suffix}") for name in "ab")
    assert first == second
    assert b"CreationDate" not in first and b"<dc:date>" not in first


def test_nothing_is_left_open_or_half_written(tmp_path):
    draw(tmp_path / "a.svg")
    assert plt.get_fignums() == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_a_dollar_in_a_name_is_no_mathematics(tmp_path):
    """Two of them ended in a traceback, or in italics; powers of an axis stay what they are."""
    figures.style()
    names = ["cost $5 or $10", r"$\x$", "x$^$y"]
    figure, axes = figures.panels([("a-to-b", "cnn")], names)
    (axis,) = axes[0]
    axis.set_xscale("log")
    axis.set_xlim(1, 100)
    axis.set_title(names[0])
    figures.legend(figure, [{"color": "k", "label": name} for name in names])
    figures.note(figure, names[0])
    figures.save(figure, [tmp_path / "a.svg"])
    page = (tmp_path / "a.svg").read_text()
    assert page.count(f"<!-- {names[0]} -->") == 4
    for name in names[1:]:
        assert page.count(f"<!-- {name} -->") == 2
    assert page.count(r"<!-- $\mathdefault{10^{1}}$ -->") == page.count("mathdefault{10^{1}}") == 1


def test_colours_differ_also_in_grey():
    grey = [
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(to_rgb, figures.COLOURS.values())
    ]
    assert min(abs(a - b) for a, b in itertools.combinations(grey, 2)) > 0.02


def test_every_method_has_a_colour():
    assert figures.kind("oracle") == "oracle"
    assert figures.kind("dkd") == "distilled"
    assert figures.kind("dkd+5") == figures.kind("oracle-5") == "labels"


@pytest.mark.parametrize("colours", [["#D55E00"], ["#D55E00", "#0072B2"]])
def test_no_two_lines_of_a_figure_look_alike_until_they_are_a_crowd(colours):
    for number in range(1, figures.CROWD + 1):
        looks = figures.looks([f"row {at}" for at in range(number)], colours)
        assert len({(look["color"], str(look["ls"])) for look in looks.values()}) == number
        assert [look["label"] for look in looks.values()] == list(looks)
    names = [f"row {at}" for at in range(figures.CROWD + 1)]
    crowd = figures.looks(names, colours)
    assert list(crowd) == names
    assert {look["label"] for look in crowd.values()} == {"distilled (13 rows)"}


def test_titles_keep_to_their_panel():
    assert figures.title("mnist5k-to-optdigits", "cnn") == "mnist5k → optdigits\ncnn"
    long = figures.title("infograph-domain-to-quickdraw-domain", "resnet18-to-mobilenet-v3")
    assert max(map(len, long.split("\n"))) <= figures.WIDE
    assert long.replace("\n", "").replace(" ", "") == (
        "infograph-domain→quickdraw-domainresnet18-to-mobilenet-v3"
    )
