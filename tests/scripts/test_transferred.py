"""What students took over, on the made experiment: of one seed, and of two."""

import re
import shutil
from pathlib import Path

from distilshift.analysis import transferred
from distilshift.files import outputs, tables, tensors

import numpy as np
import pandas as pd
import pytest
from chain import Chain, flags

TRAINED = ("teacher", "adapted", "distilled", "source-only", "oracle")
MEASURES = {*transferred.MEASURES, "same_wrong", "change_0.5", "change_2"}
NULLS = {f"{name}_null" for name in ("cka", "gradients", "adversarial")}
NULLS |= {f"change_{strength}_null" for strength in ("0.5", "1", "2")}


@pytest.fixture(scope="module")
def two(made, run_script, tmp_path_factory):
    """The chain's folder with a second seed of every network, and what was measured."""
    chain = Chain(shutil.copytree(made.folder, tmp_path_factory.mktemp("two") / "copy"))
    other = Chain(shutil.copytree(made.folder, tmp_path_factory.mktemp("other") / "copy"))
    steps = other.steps()
    for step in ("teacher", "adapted", "cache", "distilled", "source-only", "oracle"):
        script, args = steps[step]
        args = args if step == "cache" else flags(args, seed=1)
        status, shown = run_script(script, args)
        assert status == 0, shown
    places = [c.path(n, "weights.safetensors") for n in TRAINED for c in (chain, other)]
    parts = (places[:-2], "outputs.parquet"), (places[-2:], "oracle.parquet")
    for weights, file in parts:
        script, args = chain.steps()["outputs"]
        status, shown = run_script(script, flags(args, weights=weights, outputs=chain.path(file)))
        assert status == 0, shown
    args = flags(chain.transferred(), weights=places)
    status, shown = run_script("measure_transferred", args)
    assert status == 0, shown
    return chain


def test_of_one_seed_there_is_no_other_teacher(chain, run_script):
    status, shown = run_script("measure_transferred", chain.transferred())
    assert status == 0, shown
    found = tables.read(chain.path("transferred.parquet"), "")
    assert set(found["row"]) == {"kd (adabn), round 1", "kd (adabn), round 2"}
    assert set(found["against"]) == {"student", "teacher", "control"}
    # of one seed another adaptation's student would come from the same source teacher
    assert set(found["control"]) <= {"source-only", "oracle"}
    assert {*found["measure"]} == MEASURES | NULLS | {"accuracy"}
    assert run_script("plot_transferred", chain.transferred_pictures()) == (0, "")
    table = pd.read_csv(chain.path("transferred.csv"))
    assert table["low"].isna().all() and (table["seeds"] <= 1).all()
    assert "over control" in set(table["against"])
    assert not set(table["against"]) & {"other teacher", "over other teacher"}


def test_a_student_is_held_against_its_teacher_and_both_controls(two, run_script):
    found = tables.read(two.path("transferred.parquet"), "")
    assert set(found["against"]) == {"student", *transferred.AGAINST}
    assert found["seed"].value_counts().nunique() == 1
    cka = found[found["measure"] == "cka"].set_index(["against", "seed"])["value"]
    assert cka.between(0, 1).all()
    # a student and teachers of two seeds: what is the own of one is the other's of none
    assert cka["teacher", 0] != cka["other teacher", 0]
    rate = found[found["measure"].str.startswith("adversarial")]["value"].dropna()
    assert rate.between(0, 1).all()
    about = tables.about(two.path("transferred.parquet"), "")
    assert about["rows"] == about["whole"] > 0 and about["reach"] > 0


def test_answers_are_measured_on_every_row(two):
    """Held against the outputs themselves."""
    half = ("target", "test")
    said = {
        (one.network["method"], one.network["adaptation"], one.network["seed"]): one.logits[half]
        for one in outputs.read(Path(two.path("outputs.parquet")), [half])
    }
    truth, _ = tensors.load(Path(two.labels("target", "test")), "labels", "")
    labels = truth["labels"].numpy()
    student, teacher = (
        said[name, "adabn", seed].argmax(1) for name, seed in (("kd", 0), ("teacher", 1))
    )
    found = tables.read(two.path("transferred.parquet"), "")
    found = found[(found["seed"] == 0) & (found["against"] == "other teacher")]
    value = found.set_index("measure")["value"]["excess_agreement"]
    expected = transferred.excess_agreement(student, teacher, labels, 10)
    assert value == pytest.approx(expected)


def test_the_same_bytes_again(two, run_script, tmp_path):
    assert run_script("plot_transferred", two.transferred_pictures()) == (0, "")
    kept = {path: Path(path).read_bytes() for path in written(two)}
    assert run_script("plot_transferred", two.transferred_pictures()) == (0, "")
    assert all(Path(path).read_bytes() == content for path, content in kept.items())
    page = Path(two.path("transferred.svg")).read_text()
    for text in ("teachers of other seeds", "source → target, cnn", "kd (adabn)", "last features"):
        assert f"<!-- {text}" in page, text
    pictures = Path(two.path("attributions.svg")).read_text()
    for text in ("other teacher", "student", "control: "):
        assert f"<!-- {text}" in pictures


def test_of_more_rows_than_a_page_holds_the_chosen_are_drawn(two, run_script, tmp_path):
    """The best of each cell was taken first, and the figure was empty where it is not chosen."""
    measured = tables.read(two.path("transferred.parquet"), "")
    many = [measured.assign(method=f"m{n}", row=f"m{n} (adabn)") for n in range(41)]
    tables.write(pd.concat(many), tmp_path / "many.parquet")
    args = flags(two.transferred_pictures(), measures=str(tmp_path / "many.parquet"))
    assert run_script("plot_transferred", [*args, "--only=m40", "--only=m7"]) == (0, "")
    page = Path(two.path("transferred.svg")).read_text()
    assert "<!-- m40 (adabn)" in page and "<!-- m7 (adabn)" in page and "<!-- m0 " not in page
    assert run_script("plot_transferred", args) == (0, "")
    page = Path(two.path("transferred.svg")).read_text()
    assert page.count("<!-- m0 (adabn)") == page.count("(adabn) -->") > 0


def written(chain):
    return [
        chain.path("transferred.csv"),
        *chain.pictures("transferred"),
        *chain.pictures("attributions"),
    ]


def test_differences_of_the_table_are_of_each_seed(two, run_script):
    assert run_script("plot_transferred", two.transferred_pictures()) == (0, "")
    table = pd.read_csv(two.path("transferred.csv")).set_index(["measure", "against"])["value"]
    by_seed = tables.read(two.path("transferred.parquet"), "")
    by_seed = by_seed[by_seed["measure"] == "gradients"]
    means = by_seed.groupby("against")["value"].mean()
    over = means["teacher"] - means["other teacher"]
    assert table["gradients", "over other teacher"] == pytest.approx(over, abs=1e-6)
    assert np.isclose(table["gradients", "teacher"], means["teacher"], atol=1e-6)


def test_weights_that_are_missing_are_named(chain, run_script):
    args = chain.transferred()
    args.remove(chain.path("oracle", "weights.safetensors"))
    status, shown = run_script("measure_transferred", args)
    assert status == 1
    assert re.search(r"oracle.parquet: the oracle of seed 0 is not among --weights", shown)


def test_outputs_of_other_rows_are_refused(chain, run_script):
    args = flags(chain.transferred(), inputs=chain.inputs("source", "test"))
    args = flags(args, labels=chain.labels("source", "test"))
    status, shown = run_script("measure_transferred", args)
    assert status == 1 and "outputs.parquet: sha256 is" in shown
