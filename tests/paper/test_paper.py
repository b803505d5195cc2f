"""The paper: no number typed by hand, every table as published, the same bytes, read aloud."""

import inspect
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

from distilshift.analysis import claims, findings, prose, published
from distilshift.files import documents

import inprocess
import pandas as pd
import pytest
import tiny
import yaml

ROOT = Path(__file__).parents[2]
SPEECH = ["speech-embedding", "speech", "speech-noise", "languages"]
FIGURES = ["ladder", "decomposition", "matrix", "dial"]


def join(folder, docs=ROOT / "docs", *drawn):
    """Status and what is said; the outputs lie in the folder."""
    args = ["--tables", str(docs / "ladder.csv"), "--list", str(docs / "tables.toml")]
    args += ["--record", str(docs / "tables.json"), "--content", str(folder / "content.json")]
    args += ["--latex", str(folder / "latex"), "--drawn", *map(str, drawn)]
    return inprocess.call("join_tables", args)


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined")
    names = ["ladder", "ladder-runs", "decomposition", "methods", "dial", "dial-places"]
    status, said = join(folder, ROOT / "docs", *(folder / f"{name}.parquet" for name in names))
    assert status == 0, said
    return folder


@pytest.fixture
def docs(tmp_path):
    return Path(shutil.copytree(ROOT / "docs", tmp_path / "docs"))


@pytest.fixture
def typeset(joined, tmp_path):
    """typeset(text, style) -> status, what is said, and the PDF."""

    def run(text=None, style=None, content=joined / "content.json"):
        sources = Path(shutil.copytree(ROOT / "paper", tmp_path / "paper", dirs_exist_ok=True))
        for name, changed in (("paper.typ", text), ("style.typ", style)):
            if changed is not None:
                (sources / name).write_text(changed)
        figures = [ROOT / "docs/figures" / f"{name}.svg" for name in FIGURES]
        beside = [sources / "style.typ", sources / "references.bib", content]
        args = ["--paper", str(sources / "paper.typ"), "--with", *map(str, [*beside, *figures])]
        pdf = tmp_path / "paper.pdf"
        status, said = inprocess.call(
            "typeset_paper", [*args, "--pdf", str(pdf), "--png", str(tmp_path / "pages")]
        )
        return status, said, pdf

    return run


def test_no_number_of_the_paper_is_typed_by_hand():
    assert prose.typed((ROOT / "paper/paper.typ").read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "recovers 98 % of the gap",
        "recovers\n98.3 [97.2, 99.0] %",
        "with five seeds",
        "Seven rows",
        "a third of the way",
        "$a = 98.3$",
        "$x^3$",
        '#n("ladder/seeds") of 5',
        "`98.3`",
        '#text("about 98 percent")',
        "#let gap = 98",
        "@fig-ladder has 31 rows",
        "twenty points",
        "sixteen adaptations",
        "fivefold",
        "a ninth of it",
        "doubled time",
        "½ of the gap",
        "x² of 10⁶",
        "[Caption of a table; 98 % are right.]",
        "abstract: [It recovers 98.3 %.]",
        "table([row], [98.3])",
        '#formula("half of a", $ a $)',
        '$ a = "98 %" $',
    ],
)
def test_a_typed_number_is_found(text):
    assert prose.typed(text)


@pytest.mark.parametrize(
    "text",
    [
        '#n("methods/losses-within") points',
        "at #fixed[95 %], #fixed[24 turns]",
        "$1/n sum_i p_i^2$, `cnn-16` and @liang2020, @tab-speech",
        "= The ladder <sec-3>",
        '#dialled("blur-0.12", found, "gap")',
        "// settings of 2026\none student",
    ],
)
def test_what_is_no_result_may_stand(text):
    assert prose.typed(text) == []


def test_the_text_for_latex_types_none_either():
    text = (ROOT / "paper/latex/check.tex").read_text()
    body = text[text.index(r"\begin{document}") :]
    assert prose.typed(body) == []
    assert prose.typed(body.replace(r"\LadderSeeds{} seeds", "five seeds"))


def test_the_style_holds_measures_alone():
    """What is shown stands in the paper; here are lengths, levels and patterns of numbering."""
    allowed = r"\b[\d.]+(?:pt|em|in|fr|%)|(?:level|columns): \d|numbering: \"[^\"]*\"|regex\(.*?\)"

    def shown(style):
        return prose.typed(re.sub(allowed, "", style))

    style = (ROOT / "paper/style.typ").read_text()
    assert shown(style) == []
    assert shown(style.replace('" and "', '"98.3 seconds"'))


def test_a_constant_of_the_text_is_that_of_the_code():
    """#fixed is no way around: each says where it comes from, and is that."""
    from distilshift.analysis import statistics, validators
    from distilshift.image import registration
    from distilshift.learning import guard, pseudo_labels

    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    dial = yaml.safe_load((ROOT / "experiments/fashion-shifts.yaml").read_text())
    turned = config["domains"]["mnist5k-rotated"]["shift"][0]["strength"]
    sweeps = [domain.get("sweep", {}) for domain in dial["domains"].values()]
    strengths = next(one["strengths"] for one in sweeps if one.get("kind") == "rotation")
    cost = inspect.signature(pseudo_labels.transport).parameters["cost"].default
    assert 90 in strengths
    text = (ROOT / "paper/paper.typ").read_text()
    found = re.findall(r"#fixed\[([^\]]*)\]", text)
    room = f"{100 * findings.ROOM:.0f}"
    assert found.count(room) == 3
    assert [one for one in found if one != room] == [
        f"{len(registration.TURNS)} turns × 2 polarities × {len(registration.COARSE)} sizes",
        f"{registration.MARGIN} nats",
        f"{cost:.0f}",
        f"{1 + len(guard.AGAIN)}",
        f"{100 * guard.AGREED:.0f} %",
        f"{100 * statistics.LEVEL:.0f} %",
        f"{turned}",
        "90",
        "22.7 million",  # of MiniLM
        "20",  # Newsgroups
        "20",
        f"{validators.WORTH_ASKING}",
        f"{100 * validators.CONTRADICTED:.0f} %",
        f"{validators.WORTH_ASKING}",
        "Office-31",
    ]


def test_a_typed_number_is_not_typeset(typeset):
    text = (ROOT / "paper/paper.typ").read_text()
    line = next(at for at, row in enumerate(text.splitlines(), 1) if "= Limits" in row) + 1
    status, said, pdf = typeset(text.replace("= Limits\n", "= Limits\nIt is right in 98.3 %.\n"))
    assert status == 1 and not pdf.exists()
    assert f"paper.typ: line {line}: 98.3 is typed by hand; say it by name, as #n(" in said


def test_a_number_that_nobody_knows_is_not_typeset(typeset):
    text = (ROOT / "paper/paper.typ").read_text()
    status, said, _ = typeset(text.replace("methods/losses-within", "methods/losses-wthin"))
    assert status == 1 and "no number of the name methods/losses-wthin" in said


def test_the_paper_is_typeset_to_the_same_bytes(typeset):
    status, said, pdf = typeset()
    assert status == 0, said
    first = pdf.read_bytes()
    assert typeset()[2].read_bytes() == first
    assert b"pdfuaid" in first  # PDF/UA, which has words for every figure and formula
    assert 5 <= len(list(pdf.with_name("pages").glob("page*.png"))) <= 9


def test_the_bytes_are_the_same_elsewhere_and_later(typeset, joined, tmp_path):
    """In a process of its own: another locale, zone, order of sets and folder."""
    pdf = typeset()[2]
    elsewhere = {**os.environ, "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    elsewhere |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    other = tmp_path / "elsewhere"
    scripts = ROOT / "scripts"
    first = [scripts / "join_tables.py", "--tables", ROOT / "docs/ladder.csv"]
    first += ["--list", ROOT / "docs/tables.toml", "--record", ROOT / "docs/tables.json"]
    first += ["--content", other / "content.json", "--latex", other / "latex"]
    then = [scripts / "typeset_paper.py", "--paper", ROOT / "paper/paper.typ"]
    then += ["--with", ROOT / "paper/style.typ", ROOT / "paper/references.bib"]
    then += [other / "content.json", *(ROOT / f"docs/figures/{name}.svg" for name in FIGURES)]
    then += ["--pdf", other / "paper.pdf"]
    for command in (first, then):
        subprocess.run([sys.executable, *map(str, command)], env=elsewhere, check=True)
    assert (other / "paper.pdf").read_bytes() == pdf.read_bytes()
    for path in (joined / "latex").iterdir():
        assert (other / "latex" / path.name).read_bytes() == path.read_bytes()


def test_a_figure_without_alternative_text_is_refused(typeset):
    style = (ROOT / "paper/style.typ").read_text()
    status, said, _ = typeset(style=style.replace("width: 100%, alt: alt", "width: 100%"))
    assert status == 1 and "missing alt text" in said


def test_the_content_is_what_was_published(joined):
    content = json.loads((joined / "content.json").read_text())
    key = "ladder/mnist5k-to-optdigits/cnn/dist (posed-joint)"
    row = next(
        line
        for line in (ROOT / "docs/ladder.csv").read_text().splitlines()
        if line.startswith("mnist5k-to-optdigits,cnn,dist,posed-joint")
    ).split(",")
    assert content["numbers"][f"{key}/accuracy"] == f"{100 * float(row[8]):.1f}"
    runs = {line[0].strip("`"): line for line in content["tables"]["runs"]["lines"]}
    record = published.record(ROOT / "docs")
    assert set(runs) == {name for name, run in record.items() if run["tables"]}
    default = record["default"]
    assert runs["default"][-1] == f"{default['seconds']:,}"
    assert runs["default"][1] == f"`{default['config_sha256'][:12]}`"
    assert content["unrecorded"] == [name for name in runs if "seconds" not in record[name]]
    said = " ".join(content["versions"])
    assert all(f"{key} {value}" in said for key, value in default["packages"].items())
    macros = (joined / "latex/numbers.tex").read_text()
    assert re.search(
        r"\\newcommand{\\LadderMnistFiveKToOptdigitsCnnOracleAccuracy}{[\d.]+}", macros
    )


def test_a_changed_table_joins_nothing(docs, tmp_path):
    path = docs / "dial.csv"
    path.write_text(path.read_text().replace(",0.7", ",0.8", 1))
    status, said = join(tmp_path, docs)
    assert status == 1 and "dial.csv: is not the table that was published" in said
    assert not (tmp_path / "content.json").exists()


def test_another_run_changes_the_paper_latex_and_readme(docs, tmp_path):
    """As `publish` would leave it after another seed."""
    before, after = tmp_path / "before", tmp_path / "after"
    assert join(before, docs)[0] == 0
    path, key = docs / "ladder.csv", "ladder/mnist5k-to-optdigits/cnn/dist (posed-joint)/accuracy"
    table = pd.read_csv(path)
    there = (table["transfer"] == "mnist5k-to-optdigits") & (table["network"] == "cnn")
    there &= table["row"] == "dist (posed-joint)"
    was = f"{100 * table['accuracy'][there].item():.1f}"
    table.loc[there, "accuracy"] = 0.5432
    table.to_csv(path, index=False)
    runs = published.record(docs)
    runs["default"]["tables"]["ladder"] = published.sha256(path)
    documents.write(docs / published.RECORD, {"experiments": runs})
    assert join(after, docs)[0] == 0
    for folder, said in ((before, was), (after, "54.3")):
        assert json.loads((folder / "content.json").read_text())["numbers"][key] == said
        macros = (folder / "latex/numbers.tex").read_text()
        assert f"CnnDistPosedJointAccuracy}}{{{said}}}" in macros
    shutil.copy(ROOT / "README.md", tmp_path)
    assert inprocess.call("write_docs", ["--root", str(tmp_path)])[0] == 0
    changed = (tmp_path / "README.md").read_text()
    assert "| mnist5k → optdigits, cnn | dist (posed-joint) | 54.3 [" in changed
    figure = "docs/figures/ladder.svg"
    assert (tmp_path / figure).read_bytes() != (ROOT / figure).read_bytes()


def test_what_is_said_in_words_is_borne_by_the_tables(joined):
    held = json.loads((joined / "content.json").read_text())["claims"]
    assert held == dict.fromkeys(claims.CLAIMS, True)
    said = re.findall(r'#so\("(.*?)"\)', (ROOT / "paper/paper.typ").read_text())
    assert sorted(said) == sorted(claims.CLAIMS)


def turned_over(table):
    """Every number that is no count as its opposite."""
    numbers = table.select_dtypes("float").columns
    found = table.assign(**{name: -table[name] for name in numbers})
    ends = {name: name.replace("_low", "_high") for name in numbers if name.endswith("_low")}
    return found.rename(columns=ends | {high: low for low, high in ends.items()})


def shares(table, **of):
    return table.assign(**{name: values(table) for name, values in of.items()})


# claims that the opposite of every number does not end
OTHERWISE = {
    "labels add nothing": lambda t: shares(t, increment_low=lambda t: 0.01),
    "statistics add nothing": lambda t: shares(t, increment_low=lambda t: 0.01),
    "backgrounds are least": lambda t: shares(t, gap_recovered=lambda t: -t["gap_recovered"]),
    "seeds mislead": lambda t: shares(t, picks=lambda t: "mcc 5"),
    "evenness misleads": lambda t: shares(t, picks=lambda t: "spread 5"),
    "neighbours see it": lambda t: shares(t, picks=lambda t: "joint 5"),
    "lines differ more": lambda t: shares(t, gap_recovered=lambda t: 0.5 * (t["method"] == "dist")),
}


@pytest.mark.parametrize("name", claims.CLAIMS)
def test_each_claim_can_fail(name):
    tables = published.load(ROOT / "docs").tables
    change = OTHERWISE.get(name, turned_over)
    assert not claims.hold(
        {key: change(table) for key, table in tables.items() if key == claims.CLAIMS[name][0]}
    )[name]


def test_a_sentence_that_numbers_do_not_bear_is_marked(docs, tmp_path, typeset):
    path = docs / "languages.csv"
    table = pd.read_csv(path)
    table.assign(gap_recovered_high=0.5).to_csv(path, index=False)
    runs = published.record(docs)
    runs["languages"]["tables"]["languages"] = published.sha256(path)
    documents.write(docs / published.RECORD, {"experiments": runs})
    status, said = join(tmp_path / "joined", docs)
    assert status == 0 and "do not bear what the paper says: languages are harmed" in said
    style = (ROOT / "paper/style.typ").read_text()
    style = style.replace("highlight[", "panic()\n[")  # it is reached
    status, said, _ = typeset(style=style, content=tmp_path / "joined/content.json")
    assert status == 1 and "panicked" in said


def test_a_section_comes_and_goes_with_its_table(docs, tmp_path, typeset):
    """Of experiments that not everybody runs."""
    runs = published.record(docs)
    optional = ["sentiment", "sentiment-minilm", "newsgroups", "newsgroups-typos"]
    optional += ["spam", "emoji"]
    for name in optional:
        if not (docs / f"{name}.csv").exists():
            shutil.copy(docs / "sentiment-minilm.csv", docs / f"{name}.csv")
        paths = [docs / f"{of}.csv" for of in published.listed(docs)[name]["tables"]]
        runs[name] = {"config": "", "tables": {of.stem: published.sha256(of) for of in paths}}
    documents.write(docs / published.RECORD, {"experiments": runs})
    sizes = []
    for missing in ([], [*optional, *SPEECH]):
        for name in missing:
            (docs / f"{name}.csv").unlink()
        assert join(tmp_path / "joined", docs)[0] == 0
        content = tmp_path / "joined/content.json"
        assert set(json.loads(content.read_text())["missing"]) == set(missing)
        status, said, pdf = typeset(content=content)
        assert status == 0, said
        sizes.append(pdf.stat().st_size)
    assert sizes[0] > 1.1 * sizes[1]


def test_two_numbers_of_one_macro_are_an_error(docs, tmp_path, monkeypatch):
    real = findings.numbers
    two = {"ladder/see-ds": "5", "ladder-see/ds": "6"}
    monkeypatch.setattr(findings, "numbers", lambda *given: {**real(*given), **two})
    status, said = join(tmp_path, docs)
    assert status == 1
    assert r"ladder/see-ds and ladder-see/ds would both be \LadderSeeDs" in said


def test_latex_takes_numbers_tables_and_figures(joined, tmp_path):
    if not shutil.which("pdflatex") or not shutil.which("kpsewhich"):
        pytest.skip("needs a LaTeX with booktabs: texlive-latex-recommended")
    text = (ROOT / "paper/latex/check.tex").read_text()
    tables = {path.stem for path in (joined / "latex").glob("*.tex")} - {"numbers"}
    assert set(re.findall(r"\\fitted{(.*?)}", text)) >= tables
    assert set(re.findall(r"{(\w+)\.pdf}", text)) == set(FIGURES)
    (tmp_path / "check.tex").write_text(text.replace("../figures/", "./"))
    draw = runpy.run_path(str(ROOT / "scripts/write_docs.py"))["drawn"]
    for name in FIGURES:
        (tmp_path / f"{name}.pdf").write_bytes(
            draw(name, published.load(ROOT / "docs").tables, tmp_path, ".pdf")
        )
    for path in (joined / "latex").glob("*.tex"):
        shutil.copy(path, tmp_path)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "check.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    numbers = tmp_path / "numbers.tex"
    last = numbers.read_text().splitlines()[-1]
    numbers.write_text(numbers.read_text() + last + "\n")  # the same macro again
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "already defined" in done.stdout


def test_the_paper_trains_nothing(tmp_path):
    folder = tiny.project(tmp_path / "project")
    for name in ("docs", "paper"):
        shutil.copytree(ROOT / name, folder / name)
    planned = tiny.snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", 1, "paper").stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", planned, re.MULTILINE))
    assert set(counts) == {
        *("paper", "join_tables", "typeset_paper", "total"),
        *(f"plot_paper_{name}" for name in FIGURES),
    }
