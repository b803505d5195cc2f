"""What the second round learns from, and who is chosen in the end."""

import re
from pathlib import Path

from distilshift import networks
from distilshift.analysis.metrics import softmax
from distilshift.data import domains
from distilshift.files import headers, logits, neighbours, outputs, tables
from distilshift.image import views as image_views
from distilshift.learning import calibration

import numpy as np
import pandas as pd
import pytest
import torch

MEMORY = 0.25  # as the chain has it


def test_the_next_cache_is_the_students_labels_and_a_share_of_its_own(made):
    first, second = (logits.read([made.path(f"{name}.parquet")], {}) for name in ("logits", "next"))
    student, header = networks.load_weights(made.path("distilled", "weights.safetensors"), "")
    inputs = domains.load_inputs(made.inputs("target")).inputs
    with torch.inference_mode():
        fresh = student(image_views.plain(inputs)).numpy()
    expected = MEMORY * softmax(first.logits) + (1 - MEMORY) * softmax(fresh)
    assert np.array_equal(first.ids, second.ids)
    assert np.exp(second.logits) == pytest.approx(expected, abs=1e-5)
    found = second.provenance
    assert found["teacher_sha256"] == header["sha256"]
    assert found["previous"] == {
        "round": 1,
        "teacher_sha256": first.provenance["teacher_sha256"],
    }
    assert (found["round"], found["memory"]) == (2, MEMORY)
    alike = ("teacher", "source", "target", "adaptation", "inputs_sha256", "classes", "seed")
    assert all(found[field] == first.provenance[field] for field in alike)


def test_a_student_is_calibrated_by_the_cache_and_later_by_the_calibrated_student_before(made):
    data = domains.load_inputs(made.inputs("target"))
    cache = logits.read([made.path("logits.parquet")], {}, data.ids.numpy())
    teacher = torch.from_numpy(cache.logits[cache.rows[0]].astype(np.float32))
    for name in ("distilled", "second"):
        student, header = networks.load_weights(made.path(name, "weights.safetensors"), "")
        with torch.inference_mode():
            own = student(image_views.plain(data.inputs))
        expected = calibration.temperature(own, teacher)
        assert header["calibration"]["temperature"] == pytest.approx(expected, rel=1e-3)
        teacher = own / header["calibration"]["temperature"]
    assert "calibration" not in headers.read_header(
        made.path("oracle", "weights.safetensors"), "weights", ""
    )


def test_every_view_is_mixed_with_the_same_view(made, run_script, tmp_path):
    for step, name in (("cache", "first"), ("next cache", "second")):
        script, args = made.steps()[step]
        args[args.index("--logits") + 1] = str(tmp_path / name)
        if step == "next cache":
            args[args.index("--previous") + 1] = str(tmp_path / "first")
        status, shown = run_script(script, [*args, "--views", "2", "--seed", "0"])
        assert status == 0, shown
    student, _ = networks.load_weights(made.path("distilled", "weights.safetensors"), "")
    inputs = domains.load_inputs(made.inputs("target"))
    first, second = (
        logits.read([tmp_path / name], {}, inputs.ids.numpy()) for name in ("first", "second")
    )
    for view in range(3):
        rows = second.rows[view]
        parameters = torch.from_numpy(second.parameters[rows])
        assert np.array_equal(second.parameters[rows], first.parameters[first.rows[view]])
        seen = image_views.see(inputs.inputs, parameters)
        with torch.inference_mode():
            fresh = softmax(student(seen).numpy())
        kept = softmax(first.logits[first.rows[view]])
        expected = MEMORY * kept + (1 - MEMORY) * fresh
        assert np.exp(second.logits[rows]) == pytest.approx(expected, abs=1e-4), view
    script, args = made.steps()["next cache"]
    args[args.index("--previous") + 1] = str(tmp_path / "first")
    status, shown = run_script(script, [*args, "--views", "1", "--seed", "0"])
    assert status == 1
    assert "views is 2, the student needs 1" in shown


def test_shards_of_a_round_are_ranges_of_the_whole(made, run_script, tmp_path):
    parts = []
    for shard in ("1-of-2", "2-of-2"):
        for step, path in (
            ("cache", tmp_path / f"first-{shard}"),
            ("next cache", tmp_path / shard),
        ):
            script, args = made.steps()[step]
            args[args.index("--logits") + 1] = str(path)
            if step == "next cache":
                args[args.index("--previous") + 1] = str(tmp_path / f"first-{shard}")
            status, shown = run_script(script, [*args, "--shard", shard])
            assert status == 0, shown
        parts.append(path)
    whole, found = logits.read([Path(made.path("next.parquet"))], {}), logits.read(parts, {})
    assert np.array_equal(found.ids, whole.ids)
    assert found.logits == pytest.approx(whole.logits, abs=1e-5)


def test_both_rounds_are_scored_and_one_is_chosen(made):
    scores = pd.read_parquet(made.path("validators.parquet"))
    students = scores[(scores["method"] == "kd") & (scores["validator"] == "entropy")]
    assert sorted(students["round"]) == [1, 2]
    chosen = pd.read_parquet(made.path("selection.parquet"))
    assert len(chosen) == 1
    assert "the best of 2" in chosen["reason"][0]


@pytest.mark.parametrize("criterion", ["agreement", "teacher_first"])
def test_students_that_a_criterion_does_not_know_are_counted(made, run_script, tmp_path, criterion):
    """They were left out of the table without a word."""
    scores = pd.read_parquet(made.path("validators.parquet"))
    student = scores["method"] == "kd"
    combined = scores[student & ~scores["validator"].isin(["agreement", "teacher_first"])]
    parts = [scores, combined.assign(adaptation="both"), combined.assign(adaptation="all")]
    tables.write(pd.concat(parts), tmp_path / "validators.parquet")
    out = {name: tmp_path / f"selection.{name}" for name in ("parquet", "csv")}
    flags = ["--validators", tmp_path / "validators.parquet", "--selection", out["parquet"]]
    flags = [*map(str, flags), "--csv", str(out["csv"])]
    log = str(tmp_path / "log")
    status, shown = run_script("select_round", [*flags, "--criterion", criterion, "--log", log])
    assert status == 0 and len(pd.read_csv(out["csv"])) == 1
    assert f"--criterion {criterion}: 2 students left out, whom no network" in shown
    status, shown = run_script("select_round", [*flags, "--criterion", "snd", "--log", log])
    assert status == 0 and len(pd.read_csv(out["csv"])) == 3 and "left out" not in shown


def test_agreement_is_with_the_own_teacher_and_among_teachers(made):
    half = ("target", "train")
    said = {
        (one.network["method"], one.network["adaptation"], one.network["round"]): one.logits[
            half
        ].argmax(1)
        for one in outputs.read(made.path("outputs.parquet"), [half])
    }
    none, adabn = said["teacher", "none", 0], said["teacher", "adabn", 0]
    scores = pd.read_parquet(made.path("validators.parquet"))
    scores = scores[scores["validator"] == "agreement"]
    found = {(s.method, s.adaptation, s.round): s.value for s in scores.itertuples()}
    assert found == {
        ("teacher", "none", 0): (none == adabn).mean(),
        ("teacher", "adabn", 0): (none == adabn).mean(),
        ("kd", "adabn", 1): (said["kd", "adabn", 1] == adabn).mean(),
        ("kd", "adabn", 2): (said["kd", "adabn", 2] == adabn).mean(),
    }


def test_teachers_come_first_by_one_score_and_students_within(made):
    scores = pd.read_parquet(made.path("validators.parquet"))
    keys = {"index": ["method", "adaptation", "round"], "columns": "validator", "values": "value"}
    found = scores.pivot(**keys)
    ranked = found["teacher_first"].dropna()
    assert set(ranked.index.get_level_values("method")) == {"teacher", "kd"}
    teachers = found.loc["teacher"]
    said = teachers["neighbour_information"]
    order = (teachers["bnm"] + (said >= said.max() / 2)).rank(pct=True)
    assert ranked["teacher"].to_dict() == order.to_dict()
    place = order["adabn", 0]
    assert ((ranked["kd"] > place - 1 / 4) & (ranked["kd"] <= place)).all()


TARGET, SOURCE = ("target", "train"), ("source", "test")


def of_two_seeds(made, folder, found, again):
    """Arguments of ``validate`` for networks of a seed and of the next, that see the same rows."""
    outputs.write(folder / "outputs.parquet", iter([*found, *again]))
    unadapted = {
        one.network["seed"]: one.network["weights_sha256"]
        for one in [*found, *again]
        if (one.network["method"], one.network["adaptation"]) == ("teacher", "none")
    }
    (seed,) = {one.network["seed"] for one in found}
    inputs = {half: found[0].inputs[half]["sha256"] for half in (TARGET, SOURCE)}
    near = neighbours.read(made.path("neighbours.parquet"), inputs, {seed: unadapted[seed]})
    both = {(half, seed + n): one for (half, _), one in near.items() for n in (0, 1)}
    neighbours.write(folder / "neighbours.parquet", both, inputs, unadapted)
    script, args = made.steps()["scores"]
    for flag in ("outputs", "neighbours", "validators"):
        args[args.index(f"--{flag}") + 1] = str(folder / f"{flag}.parquet")
    return script, args


def test_networks_of_two_seeds_are_held_side_by_side(made, run_script, tmp_path):
    """A second seed's networks, that say another class of one row in four."""
    found, again = list(outputs.read(made.path("outputs.parquet"), [TARGET, SOURCE])), []
    for one in found:
        changed = one.logits[TARGET].copy()
        changed[::4] = np.roll(changed[::4], 1, axis=1)
        network = {**one.network, "seed": one.network["seed"] + 1}
        again.append(one._replace(network=network, logits={**one.logits, TARGET: changed}))
    script, args = of_two_seeds(made, tmp_path, found, again)
    status, shown = run_script(script, args)
    assert status == 0, shown
    scores = pd.read_parquet(tmp_path / "validators.parquet")
    agreed = scores[scores["validator"] == "seed_agreement"]
    rows = len(found[0].ids[TARGET])
    assert len(agreed) == 2 * len(found)
    assert agreed["value"].to_numpy() == pytest.approx(1 - len(range(0, rows, 4)) / rows)
    alone = pd.read_parquet(made.path("validators.parquet"))
    assert "seed_agreement" not in set(alone["validator"])


def test_a_guarded_teacher_that_fell_back_is_no_other_unadapted_one(made, run_script, tmp_path):
    """It has the unadapted one's bytes, and would count as a seed that agrees with it."""
    found = list(outputs.read(made.path("outputs.parquet"), [TARGET, SOURCE]))
    (plain,) = [one for one in found if one.network["adaptation"] == "none"]
    of_seeds = []
    for seed in (0, 1):
        changed = plain.logits[SOURCE].copy()
        changed[seed::3] = np.roll(changed[seed::3], 1, axis=1)
        sha256 = (plain.network["weights_sha256"], "1" * 64)[seed]
        about = {"seed": plain.network["seed"] + seed, "weights_sha256": sha256}
        both = []
        for name in ("none", "adabn"):
            network = {**plain.network, **about, "adaptation": name}
            both.append(plain._replace(network=network, logits={**plain.logits, SOURCE: changed}))
        of_seeds.append(both)
    said = []
    for kept in (1, 2):  # without the fallen, and with them
        script, args = of_two_seeds(made, tmp_path, *(both[:kept] for both in of_seeds))
        status, shown = run_script(script, args)
        assert status == 0, shown
        said.append(re.search(r"seeds know \S+ of", shown)[0])
    assert said[0] == said[1] != "seeds know 0.00 of"
