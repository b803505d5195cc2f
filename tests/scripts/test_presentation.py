"""A figure at the width of a column, its rows chosen, ordered and renamed; and the table."""

import re
import runpy
from pathlib import Path

import pandas as pd
import pytest
from chain import SCRIPTS

SHOWN = ["--label=adabn=ours & others", "--label=kd=KD", "--order=oracle", "--order=kd"]


@pytest.mark.parametrize(
    "step", ["ladder", "calibration", "curves", "confusion", "decomposition", "domains", "rounds"]
)
def test_a_figure_is_as_wide_as_it_is_told(made, run_script, tmp_path, step):
    script, flags = made.steps()[step]
    at = flags.index("--figures")
    rows = [] if step in ("decomposition", "domains") else SHOWN
    csv = ["--csv", str(tmp_path / "a.csv")] if "--csv" in flags else []
    kept = [flag for flag in flags[:at] if flag != "--csv" and not flag.endswith(".csv")]
    drawn = [str(tmp_path / f"a.{end}") for end in ("pdf", "svg")]
    flags = [*kept, *csv, "--width=3.3", *rows, "--figures", *drawn]
    assert run_script(script, flags) == (0, "")
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", (tmp_path / "a.pdf").read_bytes())
    assert float(box[1]) / 72 == pytest.approx(3.3)
    if step in ("ladder", "calibration", "curves"):
        drawn = (tmp_path / "a.svg").read_text()
        assert "KD (ours &amp; others)" in drawn and "kd (adabn)" not in drawn


@pytest.mark.parametrize("round_", [1, 2])
def test_a_row_is_chosen_by_its_round(made, run_script, tmp_path, round_):
    """Config and ladder name it so; these figures knew no rounds, and fell over all of them."""
    only, drawn = f"--only=kd (adabn), round {round_}", tmp_path / "a.svg"
    for step in ("confusion", "rounds"):
        script, flags = made.steps()[step]
        flags = [*flags[: flags.index("--figures")], "--figures", str(drawn)]
        assert run_script(script, [*flags, only]) == (0, "")
        text = drawn.read_text()
        name = f"kd (adabn), round {round_}" if step == "confusion" else "kd (adabn)"
        assert f"<!-- {name} -->" in text and f"round {3 - round_} " not in text
        status, shown = run_script(script, [*flags, "--only=kd (shot)"])
        assert (
            status == 1 and "--only: shows no row of this figure: kd (shot); name one of" in shown
        )
    flags = ["--table", made.path("ladder.parquet"), "--figures", str(drawn)]
    assert run_script("plot_matrix", [*flags, only]) == (0, "")
    table = pd.read_parquet(made.path("ladder.parquet")).set_index("row")
    gap = 100 * table.loc[f"kd (adabn), round {round_}", "gap_recovered"]
    shown = "–" if pd.isna(gap) else f"{gap:.0f}".replace("-", "−")
    assert f"<!-- {shown} -->" in drawn.read_text()


def test_the_confusion_says_which_round_it_is_of(made, run_script, tmp_path):
    script, flags = made.steps()["confusion"]
    flags = [*flags[: flags.index("--figures")], "--figures", str(tmp_path / "a.svg")]
    assert run_script(script, flags) == (0, "")
    assert "<!-- kd (adabn), round 2 -->" in (tmp_path / "a.svg").read_text()


def test_rounds_are_of_the_headline(made, run_script, tmp_path):
    """They were of accuracy, whatever the config said of figures."""
    script, flags = made.steps()["rounds"]
    flags = [*flags[: flags.index("--figures")], "--figures", str(tmp_path / "a.svg")]
    for headline, name in (("accuracy", "accuracy"), ("macro_f1", "macro-F1")):
        assert run_script(script, [*flags, f"--headline={headline}"]) == (0, "")
        assert f"<!-- {name}, % -->" in (tmp_path / "a.svg").read_text()
    of = runpy.run_path(str(SCRIPTS / f"{script}.py"))
    shown = of["load"](of["parser"]().parse_args([*flags, "--headline=macro_f1"]))
    metrics = pd.read_parquet(made.path("metrics.parquet"))
    metrics = metrics[(metrics["metric"] == "macro_f1") & (metrics["domain"] == "target")]
    known = metrics.set_index(["method", "adaptation", "round"])["value"]
    for row in shown.itertuples():
        assert row.headline == 100 * known[row.method, row.adaptation, row.round]


def test_the_table_for_a_paper_is_shown_alike_and_the_others_stay_whole(made, run_script, tmp_path):
    script, flags = made.steps()["table"]
    names = ["ladder.parquet", "ladder.csv", "ladder.tex", "numbers.tex"]
    moved = [str(tmp_path / Path(f).name) if Path(f).name in names else f for f in flags]
    shown = [*SHOWN, "--only=oracle", "--only=kd", r"--heading=accuracy=Acc.~(\%)"]
    assert run_script(script, [*moved, *shown])[0] == 0
    text = (tmp_path / "ladder.tex").read_text()
    head = r"row & parameters & seeds & Acc.~(\%) & balanced accuracy & macro-F1 & gap recovered \\"
    assert head in text  # of few rows, whose classes are not equally common
    rows = [line.split(" &")[0] for line in text.splitlines() if line.count("&") > 3][1:]
    assert rows[0] == "oracle" and all(row.startswith(r"KD (ours \& others)") for row in rows[1:])
    assert len(rows) == 3 and "teacher" not in text
    for name in ("ladder.csv", "numbers.tex"):
        assert (tmp_path / name).read_bytes() == Path(made.path(name)).read_bytes()
