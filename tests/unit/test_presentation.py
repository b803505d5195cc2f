"""Which rows are shown, in what order, by what names; how wide a figure is."""

from distilshift.analysis import figures, ladder
from distilshift.analysis.presentation import Presentation, latex, renamed
from distilshift.errors import InputError

import pandas as pd
import pytest

ROWS = [
    ("teacher", "none"),
    ("source-only", None),
    ("kd", "none"),
    ("kd", "shot"),
    ("oracle", None),
]


@pytest.fixture
def table():
    """Rows of two cells, as tables have them; the second has no ``kd (shot)``."""
    lines = [
        {"transfer": t, "network": "cnn", "method": m, "adaptation": a, "row": ladder.label(m, a)}
        for t in ("b-to-c", "a-to-b")
        for m, a in ROWS[: 5 if t == "b-to-c" else 3]
    ]
    frame = pd.DataFrame(lines)
    return frame.assign(rank=frame["method"].map(ladder.rank))


def test_without_wishes_nothing_changes(table):
    pd.testing.assert_frame_equal(Presentation().rows(table), table)


def test_rows_are_called_by_their_own_name_or_by_their_parts(table):
    labels = {"kd": "KD", "none": "as it is", "kd (shot)": "Ours", "oracle": "upper bound"}
    found = Presentation(labels=labels).rows(table)
    expected = ["teacher (as it is)", "source-only", "KD (as it is)", "Ours", "upper bound"]
    assert list(found["row"][:5]) == expected
    assert Presentation(labels=labels).label("kd (none), round 2", "kd", "none") == (
        "KD (as it is), round 2"
    )


def test_few_labels_stay_marked_whatever_a_row_is_called():
    shown = Presentation(labels={"kd": "KD", "none": "as it is", "oracle": "bound"})
    label = ladder.label("kd+5", "none")
    assert label == "kd (none), 5 labels a class"
    assert shown.label(label, "kd+5", "none") == "KD (as it is), 5 labels a class"
    label = ladder.label("oracle-1", None)
    assert shown.label(label, "oracle-1", None) == "bound, 1 label a class"


def test_what_is_wanted_first_comes_first_in_every_cell(table):
    found = Presentation(order=["shot", "kd"]).rows(table)
    assert list(found["transfer"]) == ["b-to-c"] * 5 + ["a-to-b"] * 3
    assert list(found["row"][:3]) == ["kd (shot)", "kd (none)", "teacher (none)"]
    assert list(found["row"][5:]) == ["kd (none)", "teacher (none)", "source-only"]
    assert ladder.order(found) == [
        "kd (shot)",
        "kd (none)",
        "teacher (none)",
        "source-only",
        "oracle",
    ]


def test_some_rows_in_their_own_order(table):
    found = Presentation(only=["oracle", "kd"]).rows(table)
    assert list(found["row"]) == ["oracle", "kd (none)", "kd (shot)", "kd (none)"]
    found = Presentation(only=["oracle", "kd"], order=["kd (shot)"]).rows(table)
    assert list(found["row"]) == ["kd (shot)", "kd (none)", "oracle", "kd (none)"]


def test_a_method_stands_for_its_rows_of_few_labels_too(table):
    """`rows` took them in, `only` and `order` did not."""
    few = [("kd+5", "none"), ("oracle-5", None)]
    lines = [{"method": m, "adaptation": a, "row": ladder.label(m, a)} for m, a in few]
    lines = pd.DataFrame(lines).assign(transfer="a-to-b", network="cnn", rank=3)
    table = pd.concat([table, lines], ignore_index=True)
    of_kd = ["kd (none)", "kd (none), 5 labels a class"]
    assert list(Presentation(only=["kd"]).rows(table)["row"])[2:] == of_kd
    assert list(Presentation(order=["kd"]).rows(table)["row"])[5:7] == of_kd
    assert set(Presentation(only=["oracle"]).rows(table)["row"]) == {"oracle"}  # a row's own name
    assert "kd (none)" not in set(Presentation(only=["kd+5"]).rows(table)["row"])


def test_a_figure_of_no_row_is_refused(table):
    with pytest.raises(
        InputError, match=r"--only: shows no row .*: kd \(b\); .* teacher \(none\), "
    ):
        Presentation(only=["kd (b)"]).some_rows(table)


def test_labels_reach_latex_and_flags_as_they_are():
    assert latex("100 % of R&D_2") == r"100 \% of R\&D\_2"
    assert latex(r"a~b^2\c{d}") == (r"a\textasciitilde{}b\textasciicircum{}2\textbackslash{}c\{d\}")
    assert renamed("kd (none)=α = 1") == ("kd (none)", "α = 1")


@pytest.mark.parametrize(("width", "beside"), [(None, 4), (7.0, 4), (5.0, 2), (3.3, 1), (2.0, 1)])
def test_panels_stand_beside_one_another_as_far_as_there_is_room(width, beside):
    assert figures.columns(4, width) == beside
    assert figures.columns(1, width) == 1
