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
