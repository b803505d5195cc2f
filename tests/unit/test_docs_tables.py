"""The scripts that print the tables of the docs: the committed numbers, and no gap as a blank."""

import runpy
import sys
from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).parents[2] / "docs"


def printed(capsys, monkeypatch, name, *paths):
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.setattr(sys, "argv", [name, *map(str, paths)])
    runpy.run_path(str(DOCS / f"{name}.py"), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "files", "page"),
    [
        ("readme_table", ["ladder.csv"], "../README.md"),
        ("dial_table", ["dial.csv"], "shifts.md"),
        (
            "methods_table",
            ["methods.csv", "methods-cost.csv", "methods-validators.csv"],
            "methods.md",
        ),
    ],
)
def test_the_pages_have_the_tables_of_the_committed_runs(name, files, page, capsys, monkeypatch):
    lines = printed(capsys, monkeypatch, name, *(DOCS / file for file in files)).splitlines()
    known = (DOCS / page).read_text().splitlines()
    assert [line for line in lines if line and line not in known] == []


@pytest.mark.parametrize("file", ["ladder.csv", "methods.csv", "dial.csv"])
def test_the_committed_gaps_are_ratios_of_the_committed_means(file):
    table = pd.read_csv(DOCS / file)
    cells = pd.MultiIndex.from_frame(table[["transfer", "network"]])
    low, high = (
        table[table["method"] == end].set_index(["transfer", "network"])["accuracy"]
        for end in ("source-only", "oracle")
    )
    low, high = low.loc[cells].to_numpy(), high.loc[cells].to_numpy()
    gap = (table["accuracy"] - low) / (high - low)
    assert table["gap_recovered"].to_numpy() == pytest.approx(gap.to_numpy(), abs=1e-4)


def test_no_gap_is_a_blank(tmp_path, capsys, monkeypatch):
    none = ["gap_recovered", "gap_recovered_low", "gap_recovered_high"]
    for name, file, *more in (
        ("readme_table", "ladder.csv"),
        ("dial_table", "dial.csv"),
        (
            "methods_table",
            "methods.csv",
            DOCS / "methods-cost.csv",
            DOCS / "methods-validators.csv",
        ),
    ):
        table = pd.read_csv(DOCS / file)
        table.loc[table["transfer"] == table["transfer"].iloc[0], none] = float("nan")
        table.to_csv(tmp_path / file, index=False)
        shown = printed(capsys, monkeypatch, name, tmp_path / file, *more)
        assert "nan" not in shown
        assert "|  |" in shown
