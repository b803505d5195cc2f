"""README and docs/ say what the published tables say, and a page that does not is found."""

import re
import runpy
import shutil
from pathlib import Path

from distilshift.analysis import findings, listings, pages, published
from distilshift.errors import InputError
from distilshift.files import documents

import inprocess
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def tables():
    return published.load(DOCS).tables


@pytest.fixture(scope="module")
def record():
    return published.record(DOCS)


@pytest.fixture
def docs(tmp_path):
    """A copy of docs/ to damage."""
    return Path(shutil.copytree(DOCS, tmp_path / "docs"))


@pytest.fixture(scope="module")
def made(tables, record):
    return findings.numbers(tables, record), listings.every(tables, record)


def rebuilt(path, tables):
    known = tables, published.record(DOCS)
    numbers, every = findings.numbers(*known), listings.every(*known)
    return pages.rebuilt(path.read_text(), numbers, every, path)


@pytest.mark.parametrize("path", pages.documents(ROOT), ids=lambda path: path.stem)
def test_no_page_is_stale(path, made):
    assert pages.rebuilt(path.read_text(), *made, path) == path.read_text(), "make docs"


def test_every_figure_that_a_page_shows_is_drawn_or_held():
    """And no other lies there."""
    write_docs = runpy.run_path(str(ROOT / "scripts/write_docs.py"))
    held = {name for one in published.listed(DOCS).values() for name in one.get("figures", [])}
    shown = {
        name
        for page in pages.documents(ROOT)
        for name in re.findall(r"figures/(\w+)\.svg\)", page.read_text())
    }
    assert held.isdisjoint(write_docs["FIGURES"])
    tables = published.load(DOCS).tables
    drawn = {name for name, of in write_docs["FIGURES"].items() if of["--table"] in tables}
    assert {path.stem for path in (DOCS / "figures").iterdir()} == shown
    assert shown == held | drawn


def test_a_figure_changed_by_hand_is_refused_or_drawn_again(docs, tmp_path):
    """And no other is stale."""
    shutil.copy(ROOT / "README.md", tmp_path)
    path = docs / "figures/dial.svg"
    drawn = path.read_bytes()
    path.write_bytes(drawn.replace(b"noise", b"fog", 1) + b"\n")
    status, said = inprocess.call("write_docs", ["--root", str(tmp_path)])
    assert status == 0
    assert re.findall(r"wrote (.*)", said) == ["docs/figures/dial.svg"]
    assert path.read_bytes() == drawn
    path = docs / "figures/ranks.svg"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(InputError, match=r"ranks\.svg: is not the figure that was published"):
        published.load(docs)


def test_a_number_or_cell_changed_by_hand_is_found_and_written_again(tables, tmp_path):
    for page, mark in (("README.md", "<!--= methods/losses-within -->"), ("docs/shifts.md", " |")):
        text = (ROOT / page).read_text()
        digit = next(at for at in range(text.index(mark), 0, -1) if text[at].isdigit())
        if mark == " |":
            digit = re.search(r"\| noise \| 0.1 \| (\d)", text).start(1)
        (tmp_path / "page.md").write_text(text[:digit] + "99" + text[digit + 1 :])
        assert rebuilt(tmp_path / "page.md", tables) == text


def test_another_table_changes_the_pages(tables):
    changed = dict(tables)
    changed["ladder"] = tables["ladder"].assign(accuracy=tables["ladder"]["accuracy"] - 0.011)
    changed["methods"] = tables["methods"].assign(gap_recovered=0.5)
    for page in ("README.md", "docs/methods.md"):
        assert rebuilt(ROOT / page, changed) != (ROOT / page).read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5<!--= dial/shits -->", "dial/shits is no number or table; nearest: dial/shifts"),
        ("<!-- table: leader -->\n<!-- end -->", "leader is no number or table; nearest: ladder"),
        ("(<!--= methods/losses-within -->)", "has a mark with no number or table before it"),
        ("<!-- table: ladder -->\n", "has a mark with no number or table before it"),
    ],
)
def test_a_mark_that_means_nothing_is_refused(text, said, made):
    with pytest.raises(InputError, match=re.escape(said)):
        pages.rebuilt(text, *made, "page")


def test_a_table_changed_by_hand_is_refused(docs):
    path = docs / "methods.csv"
    other = re.sub(r"0\.(\d)", lambda m: f"0.{9 - int(m[1])}", path.read_text(), count=1)
    path.write_text(other)
    with pytest.raises(InputError, match=r"methods\.csv: is not the table that was published"):
        published.load(docs)


def test_a_table_without_a_record_is_refused(docs):
    record = published.record(docs)
    del record["methods"]["tables"]["methods"]
    documents.write(docs / published.RECORD, {"experiments": record})
    with pytest.raises(InputError, match=r"methods\.csv: has no record"):
        published.load(docs)


def test_every_committed_table_is_listed():
    names = {name for one in published.listed(DOCS).values() for name in one["tables"]}
    others = {"tuning", "peers", "kept"}  # on other seeds, no page shows it; of benchmarks/peers
    assert {path.stem for path in DOCS.glob("*.csv")} - others <= names


def test_the_tables_are_of_the_configs_as_they_are():
    """Of the runs that say so: those that were published before records were kept do not."""
    for name, run in published.record(DOCS).items():
        config = yaml.safe_load((ROOT / run["config"]).read_text())
        said = run.get("settings_sha256", documents.sha256(config))
        assert said == documents.sha256(config), f"{name}: run it again and publish it"


def ladders():
    return sorted(
        path for path in DOCS.glob("*.csv") if "gap_recovered" in pd.read_csv(path, nrows=0)
    )


@pytest.mark.parametrize("path", ladders(), ids=lambda path: path.stem)
def test_the_committed_gaps_are_ratios_of_the_committed_means(path):
    table = pd.read_csv(path)
    headline = next(name for name in ("accuracy", "balanced_accuracy") if f"{name}_low" in table)
    cells = pd.MultiIndex.from_frame(table[["transfer", "network"]])
    low, high = (
        table[table["method"] == end].set_index(["transfer", "network"])[headline]
        for end in ("source-only", "oracle")
    )
    low, high = low.loc[cells].to_numpy(), high.loc[cells].to_numpy()
    gap = (table[headline] - low) / (high - low)
    there = table["gap_recovered"].notna().to_numpy()  # else there is no gap to recover
    assert table["gap_recovered"][there].to_numpy() == pytest.approx(gap[there], abs=1e-4)


def test_no_gap_is_a_blank(tables):
    none = ["gap_recovered", "gap_recovered_low", "gap_recovered_high"]
    changed = {}
    for name, table in tables.items():
        changed[name] = table.copy()
        if set(none) <= set(table):
            changed[name].loc[table["transfer"] == table["transfer"].iloc[0], none] = float("nan")
    for name, listing in listings.every(changed, {}).items():
        shown = listings.markdown(listing)
        assert "nan" not in shown
        if name in ("ladder", "adaptations", "losses", "means", "dial"):
            assert "|  |" in shown


def test_costs_are_said_in_digits_that_count_and_without_onnx_of_torch_alone(tables):
    assert [listings.figured(value, 2) for value in (0.02, 0.0987, 12, 1967.4)] == [
        *("0.020", "0.099", "12", "2,000")
    ]
    assert listings.figured(float("nan"), 2) == ""
    whole = listings.cost(tables)
    plain = tables["cost"].filter(regex="^(?!onnx_|int8_)")
    bare = listings.cost({"cost": plain})
    assert [line[:4] for line in bare.lines] == [line[:4] for line in whole.lines]
    assert all(line[4] == "" and line[5].count(",") == 0 for line in bare.lines)
    assert all(line[5].count(",") == 2 for line in whole.lines)


def test_the_way_from_scratch_runs_every_listed_experiment():
    """docs/paper.md names them; the default comes last, with the paper."""
    named = re.search(r"^for name in (.*?); do", (DOCS / "paper.md").read_text(), re.M | re.S)[1]
    listed = {name for name, one in published.listed(DOCS).items() if one["tables"]}
    assert set(named.replace("\\", "").split()) == listed - {"default"}


def test_seeds_that_are_left_out_are_not_said_to_be_there():
    assert listings.consecutive([0, 1, 2]) == "0 to 2"
    assert listings.consecutive([0, 1, 2, 3, 10]) == "0, 1, 2, 3, 10"
    assert listings.consecutive([7]) == "7" and listings.consecutive([]) == ""


def test_cells_are_set_in_latex():
    listing = listings.Listing(["a → b", "%"], [["`x_y`", "−3 [−∞, 4]"], ["**z**", ""]])
    assert listings.tex(listing).splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"a $\to$ b & \% \\",
        r"\midrule",
        r"\texttt{x\_y} & $-$3 [$-$$\infty$, 4] \\",
        r"\textbf{z} &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
