"""The scripts of tables and figures, on results that a run of a few seconds has not got."""

import re
import runpy

from distilshift.analysis import comparisons, explorer, figures, ladder
from distilshift.analysis.presentation import Presentation
from distilshift.files import tables

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from chain import SCRIPTS

ADAPTATIONS = ["none", "adabn", "shot"]
SEEDS = [0, 1]


@pytest.fixture(scope="module")
def results():
    """Metrics and predictions of two cells with three distilled rows in both."""
    generator = np.random.default_rng(0)
    rows = [("source-only", None, 0), *(("kd", a, 1) for a in ADAPTATIONS), ("oracle", None, 0)]
    metrics, predictions = [], []
    for transfer in ("a-to-b", "b-to-a5"):
        for place, (method, adaptation, round_) in enumerate(rows):
            for seed in SEEDS:
                right = generator.random(40) < 0.4 + 0.1 * place
                known = dict.fromkeys(tables.METRICS)
                known |= {"transfer": transfer, "network": "cnn", "method": method}
                known |= {"adaptation": adaptation, "round": round_, "seed": seed}
                known |= {"domain": "target", "split": "test", "parameters": 9}
                values = {"accuracy": right.mean(), "ece": 0.1, "nll": 0.5}
                if method == "kd":
                    values |= {"teacher_kl": 0.1 * seed, "errors_copied": 0.5}
                metrics += [{**known, "metric": k, "value": v} for k, v in values.items()]
                samples = {"sample_id": range(40), "label": 1, "prediction": right.astype(int)}
                samples["class"] = "dog"
                columns = [*ladder.PREDICTIONS, "class"]
                predictions.append(pd.DataFrame({**known, **samples})[columns])
    return pd.DataFrame(metrics), pd.concat(predictions)


def script(name):
    return runpy.run_path(str(SCRIPTS / f"{name}.py"))


def test_ranks_are_drawn_of_rows_that_every_cell_has(results, run_script, tmp_path):
    metrics, _ = results
    tables.write(metrics, tmp_path / "metrics.parquet")
    flags = ["--metrics", tmp_path / "metrics.parquet", "--figures", tmp_path / "ranks.svg"]
    assert run_script("plot_ranks", list(map(str, flags))) == (0, "")
    drawn = (tmp_path / "ranks.svg").read_text()
    assert "kd (shot)" in drawn and "4 blocks" in drawn and "oracle" not in drawn
    shown = ["--label=shot=Ours", "--only=none", "--width=3.5"]  # a rank is among all rows
    assert run_script("plot_ranks", [*map(str, flags), *shown]) == (0, "")
    drawn = (tmp_path / "ranks.svg").read_text()
    assert "kd (Ours)" in drawn and "kd (none)" in drawn and 'width="252pt"' in drawn


def test_ranks_are_of_the_headline(results, run_script, tmp_path):
    metrics, _ = results
    accuracy = metrics[metrics["metric"] == "accuracy"]
    turned = accuracy.assign(metric="balanced_accuracy", value=1 - accuracy["value"])
    tables.write(pd.concat([metrics, turned]), tmp_path / "metrics.parquet")
    flags = ["--metrics", tmp_path / "metrics.parquet", "--figures", tmp_path / "ranks.svg"]
    found = {}
    for headline in ("accuracy", "balanced_accuracy"):
        told = [*map(str, flags), f"--headline={headline}"]
        assert run_script("plot_ranks", told) == (0, "")
        drawn = (tmp_path / "ranks.svg").read_text()
        found[headline] = re.search(r"kd \(shot\)  (\S+)|(\S+)  kd \(shot\)", drawn)
    one, other = (float(rank[1] or rank[2]) for rank in found.values())
    assert one + other == 4 and one != other  # from the first of three to the last


def test_a_matrix_shows_what_is_chosen_by_its_names(results, run_script, tmp_path):
    tables.write(ladder.table(*results), tmp_path / "ladder.parquet")
    flags = ["--table", tmp_path / "ladder.parquet", "--figures", tmp_path / "matrix.svg"]
    shown = ["--label=shot=Ours", "--label=kd=KD", "--only=shot", "--width=3.5"]
    assert run_script("plot_matrix", [*map(str, flags), *shown]) == (0, "")
    drawn = (tmp_path / "matrix.svg").read_text()
    for name, there in (("Ours", True), ("KD", True), ("none", False), ("shot", False)):
        assert (f"<!-- {name} -->" in drawn) == there, name


def test_ranks_of_two_rows_are_refused(results, run_script, tmp_path):
    metrics, _ = results
    one = (metrics["transfer"] == "a-to-b") & (metrics["adaptation"] == "shot")
    tables.write(metrics[~one], tmp_path / "metrics.parquet")
    flags = ["--metrics", tmp_path / "metrics.parquet", "--figures", tmp_path / "ranks.svg"]
    status, shown = run_script("plot_ranks", list(map(str, flags)))
    assert status == 1
    assert "every cell has kd (none), kd (adabn); ranks need three rows" in shown
    assert not (tmp_path / "ranks.svg").exists()


def crossed(adaptations, methods, rounds=(1,)):
    columns = pd.MultiIndex.from_product(
        [methods, adaptations, rounds], names=["method", "adaptation", "round"]
    )
    return pd.DataFrame(np.arange(2.0 * len(columns)).reshape(2, -1), columns=columns)


def test_ranks_of_a_whole_product_are_those_of_its_factors():
    contests = script("plot_ranks")["contests"]
    blocks = crossed(list("abc"), list("xyz"))
    found = contests(blocks)
    assert list(found) == ["adaptation", "method"]
    # the first block counts a, b, c of x as 0, 1, 2, of y as 3, 4, 5, of z as 6, 7, 8
    assert found["adaptation"].iloc[0].to_dict() == {"a": 3, "b": 4, "c": 5}
    assert found["method"].iloc[0].to_dict() == {"x": 1, "y": 4, "z": 7}
    assert list(contests(crossed(list("abc"), list("xy")))) == ["adaptation"]


def test_ranks_of_part_of_a_product_are_those_of_its_rows():
    contests = script("plot_ranks")["contests"]
    part = contests(crossed(list("abc"), list("xyz")).iloc[:, :-1])
    assert list(part) == ["row"]
    assert list(part["row"])[:2] == ["x (a)", "x (b)"]
    assert list(contests(crossed(list("abc"), ["x"]))) == ["row"]
    # as many columns as a product has, but they are of two rounds
    rounds = crossed(list("ab"), list("xyz"), (1, 2)).iloc[:, [0, 1, 4, 5, 10, 11]]
    assert list(contests(rounds)["row"])[:2] == ["x (a), round 1", "x (a), round 2"]


def test_the_matrix_has_a_number_a_row_bold_where_it_reaches_the_oracle(
    results, run_script, tmp_path
):
    table = ladder.table(*results)
    distilled = ~table["method"].isin(list(ladder.RANKS))
    table.loc[distilled, "gap_recovered"] = [0.111, -0.222, 0.333] * 2
    table.loc[distilled & (table["adaptation"] == "none"), "gap_recovered"] = [-1e-6, 0.111]
    table.loc[distilled, "gap_recovered_high"] = [0.5, 0.0, 1.0] * 2
    other = table[distilled & (table["adaptation"] == "shot")].assign(method="hard")
    tables.write(pd.concat([table, other]), tmp_path / "ladder.parquet")
    flags = ["--table", tmp_path / "ladder.parquet", "--figures", tmp_path / "matrix.svg"]
    assert run_script("plot_matrix", list(map(str, flags))) == (0, "")
    drawn = (tmp_path / "matrix.svg").read_text()
    shown = [line.split("-->")[0].strip() for line in drawn.split("<!--")[1:]]
    numbers = [text for text in shown if text.lstrip("−").isdigit()]
    # two blank: hard of none and of adabn
    assert numbers == ["0", "−22", "33", "33", "11", "−22", "33", "33"]
    assert "hard" in shown and "oracle" not in shown
    drawings = dict(zip(shown, drawn.split("<!--")[1:], strict=True))
    assert {text for text in shown if "DejaVuSans-Bold" in drawings[text]} == {"33"}


@pytest.mark.parametrize(("rows", "names"), [(12, 12), (13, 1)])
def test_curves_of_more_rows_than_can_be_told_apart_are_one_crowd(
    rows, names, run_script, tmp_path
):
    known = {"transfer": "a-to-b", "network": "cnn", "adaptation": "none", "round": 1, "seed": 0}
    history = [
        {**known, "method": f"m{row}", "step": step, "fit": step / 100}
        for row in range(rows)
        for step in (10, 20)
    ]
    tables.write(pd.DataFrame(history), tmp_path / "history.parquet")
    flags = ["--history", tmp_path / "history.parquet", "--figures", tmp_path / "curves.svg"]
    assert run_script("plot_curves", list(map(str, flags))) == (0, "")
    drawn = (tmp_path / "curves.svg").read_text()
    named = [line for line in drawn.split("<!--") if line.split("-->")[0].strip().endswith(")")]
    assert len(named) == names
    assert ("distilled (13 rows)" in drawn) == (rows == 13)


def test_curves_end_with_a_whole_epoch_where_there_is_one():
    known = {"transfer": "a-to-b", "network": "cnn", "adaptation": None, "round": 0, "seed": 0}
    steps = {"source-only": [27, 54, 81, 100], "oracle": [9, 18], "teacher": [70]}
    history = pd.DataFrame(
        [{**known, "method": m, "step": step} for m, of in steps.items() for step in of]
    )
    found = explorer.whole_epochs(history)
    kept = found.groupby("method", sort=False)["step"].agg(list).to_dict()
    assert kept == steps | {"source-only": [27, 54, 81]}


def test_a_gap_that_is_not_there_is_a_dash_in_text_and_matrix(results, run_script, tmp_path):
    made = script("tabulate_ladder")
    table = ladder.table(*results)
    ends = ["gap_recovered", "gap_recovered_low", "gap_recovered_high"]
    first = table["transfer"] == "a-to-b"
    table.loc[first, ends] = np.nan
    table.loc[~first, ends] = [0.5, 0.2, np.inf]
    text = made["tex"](table, Presentation())
    assert text.count("no gap to recover") == 1 and "nan" not in text
    assert r"50.0 [20.0, $\infty$]" in text
    assert "no gap" not in made["tex"](table[~first], Presentation())
    numbers = made["numbers"](table)
    assert r"\newcommand{\gapAToBCnnKdShot}{--}" in numbers
    assert r"\newcommand{\gapBToAFiveCnnKdShot}{50.0}" in numbers
    tables.write(table, tmp_path / "ladder.parquet")
    flags = ["--table", tmp_path / "ladder.parquet", "--figures", tmp_path / "matrix.svg"]
    assert run_script("plot_matrix", list(map(str, flags))) == (0, "")
    drawn = (tmp_path / "matrix.svg").read_text()
    assert drawn.count("<!-- – -->") == 3 and drawn.count("<!-- 50 -->") == 3


@pytest.mark.parametrize("name", ["plot_ladder", "plot_calibration"])
def test_a_figure_of_a_hundred_rows_is_no_taller_than_one_of_forty(
    name, results, run_script, tmp_path
):
    metrics, _ = results
    table = ladder.table(*results)
    kd = metrics["method"] == "kd"
    more = [metrics[kd].assign(method=f"m{at}") for at in range(32)]
    tables.write(pd.concat([metrics, *more]), tmp_path / "metrics.parquet")
    of_kd = table[table["method"] == "kd"]
    rows = [
        of_kd.assign(method=f"m{at}", row=of_kd["row"].str.replace("kd", f"m{at}"))
        for at in range(32)
    ]
    tables.write(pd.concat([table, *rows]), tmp_path / "ladder.parquet")
    flags = ["--metrics", tmp_path / "metrics.parquet", "--figures", tmp_path / "a.svg"]
    flags += ["--table", tmp_path / "ladder.parquet"] * (name == "plot_ladder")
    flags += ["--csv", tmp_path / "calibration.csv"] * (name == "plot_calibration")
    assert run_script(name, list(map(str, flags))) == (0, "")
    drawn = (tmp_path / "a.svg").read_text()
    assert "students (shot), 33 rows" in drawn and "m3 (shot)" not in drawn
    height = float(drawn.split('height="')[1].split("pt")[0])
    assert height < 72 * 4  # a line for each row would be 20 inches


@pytest.mark.parametrize("transfer", ["a-to-b", "a-place-of-a-long-name-to-another-of-a-longer"])
def test_a_matrix_of_two_by_two_has_room_for_its_numbers(transfer, results, monkeypatch, tmp_path):
    made = script("plot_matrix")
    table = ladder.table(*results)
    table = table[table["adaptation"].isin(["none", "shot"]) & (table["method"] == "kd")]
    table = table.assign(transfer=transfer).drop_duplicates("row")
    tables.write(pd.concat([table, table.assign(method="logit-std")]), tmp_path / "ladder.parquet")
    heights = []

    def measure(figure, paths):
        figure.canvas.draw()
        heights.extend(axis.get_window_extent().height / figure.dpi for axis in figure.axes)
        plt.close(figure)

    monkeypatch.setattr(figures, "save", measure)
    flags = ["--table", tmp_path / "ladder.parquet", "--figures", tmp_path / "matrix.svg"]
    made["main"](made["parser"]().parse_args(list(map(str, flags))))
    assert min(heights) > 2 * 0.15


def test_macros_are_letters_and_one_a_number(results):
    numbers = script("tabulate_ladder")["numbers"](ladder.table(*results))
    names = [
        line.split("}")[0].removeprefix(r"\newcommand{" + "\\") for line in numbers.split("\n")
    ]
    names = [name for name in names if name and name[0] != "%"]
    assert "accuracyBToAFiveCnnSourceOnly" in names
    assert "gapAToBCnnKdShot" in names
    assert all(name.isalpha() for name in names)
    assert len(set(names)) == len(names) == 2 * 5 + 2 * 3


def test_the_ladder_for_figures_and_that_for_people_hold_the_same_numbers(
    results, run_script, tmp_path
):
    metrics, predictions = results
    tables.write(metrics, tmp_path / "metrics.parquet")
    tables.write(predictions, tmp_path / "predictions.parquet")
    flags = {name: tmp_path / f"{name}.parquet" for name in ("metrics", "predictions", "table")}
    flags |= {name: tmp_path / f"ladder.{name}" for name in ("csv", "tex", "numbers")}
    given = [str(part) for name, path in flags.items() for part in (f"--{name}", path)]
    assert run_script("tabulate_ladder", given)[0] == 0
    drawn = tables.read(flags["table"], "tabulate_ladder").select_dtypes("float")
    told = pd.read_csv(flags["csv"])[drawn.columns]
    assert ladder.table(*results)["accuracy"].round(6).ne(ladder.table(*results)["accuracy"]).any()
    pd.testing.assert_frame_equal(drawn, told, check_exact=True)


def test_no_number_of_the_tabulars_is_a_zero_below_zero(results):
    made, ends = script("tabulate_ladder"), ["gap_recovered", "gap_recovered_low"]
    table = ladder.table(*results)
    table[[*ends, "gap_recovered_high"]] = [-1e-6, -0.0, 0.0]
    assert "0.0 [0.0, 0.0]" in made["tex"](table, Presentation())
    compared = comparisons.compare(ladder.cells(results[1]))
    compared[["difference", "difference_low", "difference_high"]] = [-1e-17, -0.0, 1e-5]
    compared = script("tabulate_statistics")["tex"](compared, Presentation(), "accuracy")
    assert "+0.0 [+0.0, +0.0]" in compared
    for text in (made["tex"](table, Presentation()), made["numbers"](table), compared):
        assert "-0.0" not in text


def test_a_p_that_is_not_known_is_a_dash_in_the_tabular(results):
    compared = comparisons.compare(ladder.cells(results[1])).assign(p_holm=np.nan)
    shown = script("tabulate_statistics")["tex"](compared, Presentation(), "accuracy")
    assert shown.count("& -- &") == len(compared) and "nan" not in shown


def test_a_row_below_source_only_is_said_in_the_tabular(results):
    tex = script("tabulate_ladder")["tex"]
    table = ladder.table(*results)
    assert "dagger" not in tex(table.assign(below_source_only=False), Presentation())
    marked = tex(table.assign(below_source_only=table["row"] == "kd (none)"), Presentation())
    assert marked.count(r"kd (none)$^\dagger$ &") == 2
    assert marked.count("below its own source-only row") == 1


def test_fidelity_has_its_columns_measured_or_not(results):
    metrics, _ = results
    fidelity = script("tabulate_statistics")["fidelity"]
    found = fidelity(metrics)
    assert list(found["adaptation"]) == ADAPTATIONS * 2
    assert found["teacher_kl"].to_numpy() == pytest.approx(0.05)
    assert found["teacher_agreement"].isna().all()
    # a teacher that labels no test, as imported and combined ones, leaves a blank row
    is_fidelity = metrics["metric"].isin(["teacher_kl", "errors_copied"])
    blank = fidelity(metrics[~(is_fidelity & (metrics["adaptation"] == "shot"))])
    assert list(blank["adaptation"]) == ADAPTATIONS * 2
    assert list(blank["teacher_kl"].isna()) == [False, False, True] * 2
    nothing = fidelity(metrics[~is_fidelity])
    assert list(nothing["adaptation"]) == ADAPTATIONS * 2
    none = fidelity(metrics[metrics["method"] != "kd"])
    assert list(none.columns) == list(found.columns)
    assert none.empty


def test_classes_weighed_by_their_samples_give_the_accuracy(results):
    _, predictions = results
    label = predictions["sample_id"] % 2
    predictions = predictions.assign(
        label=label, **{"class": label.map(["cat", "dog"].__getitem__)}
    )
    cells, run = list(ladder.cells(predictions)), script("tabulate_statistics")
    found = run["classes"](cells, run["class_names"](predictions))
    assert set(zip(found["label"], found["class"], strict=True)) == {(0, "cat"), (1, "dog")}
    one = found[(found["transfer"] == "a-to-b") & (found["row"] == "kd (shot)")]
    at = cells[0].place(row="kd (shot)")
    assert np.average(one["accuracy"], weights=one["samples"]) == cells[0].correct[at].mean()
    assert (one["accuracy_worst_seed"] <= one["accuracy"]).all()


def test_calibration_stands_beside_what_it_was_without(made):
    found = pd.read_csv(made.path("calibration.csv")).set_index("row")
    students = found.index.str.startswith("kd")
    assert students.sum() == 2 and not students.all()
    for name in ("nll", "brier", "ece"):
        raw = found[f"{name}_uncalibrated"]
        assert found[name].notna().all()
        assert raw[students].notna().all() and raw[~students].isna().all()
        assert (raw[students] != found.loc[students, name]).all()
