"""Caches by hand: views, verification, combination, logits of one's own, the source."""

from distilshift.analysis import metrics
from distilshift.files import logits, parquet, tensors
from distilshift.image import views as image_views
from distilshift.learning import distillation

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from chain import flags


@pytest.fixture
def run(chain, run_script):
    """run(step, **flags): exit status and what was shown."""

    def step(name, **values):
        script, args = chain.steps()[name]
        return run_script(script, flags(args, **values))

    return step


@pytest.fixture
def student(chain, run):
    """student(**flags) -> the bytes and the tensors of a distilled student's weights."""

    def distil(**values):
        path = chain.folder / "student.safetensors"
        status, shown = run("distilled", weights=path, **values)
        assert status == 0, shown
        return path.read_bytes(), tensors.load(path, "weights", "")[0]

    return distil


def last(shown):
    return shown.strip().splitlines()[-1]


def close(one, other):
    return all(torch.allclose(one[name], other[name], rtol=1e-3, atol=1e-4) for name in one)


# ---- views ----------------------------------------------------------------------------


def test_replayed_views_give_the_student_of_the_online_teacher(chain, run, student):
    views = chain.folder / "views.parquet"
    assert run("cache", views=3, logits=views)[0] == 0  # as many as epochs
    _, replayed = student(logits=views, views="replayed")
    plain, fixed = student()
    _, online = student(views="online")
    assert close(replayed, online)
    assert not close(fixed, online)
    assert student(logits=views)[0] == plain  # the plain view of it is the plain cache
    shards = [chain.folder / f"{k}.parquet" for k in (1, 2)]
    for k, path in enumerate(shards, 1):
        assert run("cache", views=3, logits=path, shard=f"{k}-of-2")[0] == 0
    _, again = student(logits=shards[::-1], views="replayed")
    assert all(torch.equal(again[name], value) for name, value in replayed.items())


def test_a_student_that_lost_classes_is_told_of(run, chain, monkeypatch):
    path = chain.folder / "student.safetensors"
    for least, told in ((0.0, False), (99.0, True)):
        monkeypatch.setattr(distillation, "COVERED", least)
        status, shown = run("distilled", weights=path)
        assert status == 0 and ("times as many classes as its teacher" in shown) == told, shown


def test_cropped_views_are_replayed_and_verified(chain, run, student):
    views, ranges = chain.folder / "views.parquet", {"augmentation": "crop=0.3"}
    assert run("cache", views=3, logits=views, **ranges)[0] == 0
    kept = logits.read([views], {})
    named = kept.provenance["parameters"]
    assert named == list(image_views.PARAMETERS)
    width = kept.parameters[:, named.index("width")]
    assert (width[kept.rows[1]] < 0).any()
    assert not kept.parameters[:, named.index("mirrored")].any()
    _, replayed = student(logits=views, views="replayed", **ranges)
    _, online = student(views="online", **ranges)
    assert close(replayed, online)
    assert run("verification", logits=views)[0] == 0
    status, shown = run("distilled", logits=views, views="replayed")
    assert status == 1
    assert "views.parquet: parameters" in last(shown), shown


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"augmentation": "rotation=20"}, "augmentation.rotation is 10.0, the student needs 20.0"),
        ({"augmentation": "scale=0.2"}, "augmentation.scale is 0.1, the student needs 0.2"),
        ({"seed": 1}, "views_seed is 0, the student needs 1"),
    ],
)
def test_views_of_another_student_are_refused_by_field(chain, run, other, message):
    views = chain.folder / "views.parquet"
    assert run("cache", views=1, logits=views)[0] == 0
    status, shown = run("distilled", logits=views, views="replayed", **other)
    assert status == 1
    assert f"views.parquet: {message}" in last(shown)


def test_a_cache_without_views_is_none_to_replay(run):
    status, shown = run("distilled", views="replayed")
    assert status == 1
    assert "logits.parquet: holds no views to replay; set logits.views" in last(shown)


# ---- verification ---------------------------------------------------------------------


@pytest.fixture
def views(chain, run):
    path = chain.folder / "views.parquet"
    assert run("cache", views=2, logits=path)[0] == 0
    return path


def rewrite(path, change):
    """The same cache after ``change(frame)``, with checksums that fit."""
    table = pq.read_table(path)
    frame = table.to_pandas()
    change(frame)
    parquet.write(pa.Table.from_pandas(frame, table.schema, preserve_index=False), path)


def test_verification_passes_what_was_cached(chain, run, views):
    shards = [chain.folder / f"{k}.parquet" for k in (1, 2)]
    for k, path in enumerate(shards, 1):
        assert run("cache", views=2, dtype="float16", logits=path, shard=f"{k}-of-2")[0] == 0
    for files in ([views], shards):
        status, shown = run("verification", logits=files)
        assert status == 0, shown
        table = pd.read_csv(chain.folder / "verification.csv")
        row = table.iloc[0]
        assert (row["transfer"], row["network"]) == ("source-to-target", "cnn")
        assert (row["adaptation"], row["seed"], row["views"]) == ("adabn", 0, 2)
        assert row["rows"] == 64
        assert row["argmax_changes"] == 0
        assert row["largest_difference"] < (1e-5 if len(files) == 1 else 1e-3)
        assert row["cosine"] > 0.999


def of_the_other_teacher(chain):
    def change(frame):
        other = pd.read_parquet(chain.folder / "plain.parquet").set_index("sample_id")["logits"]
        plain = frame["view"] == 0
        frame.loc[plain, "logits"] = frame.loc[plain, "sample_id"].map(other)

    return change


def of_the_wrong_view(chain):
    def change(frame):
        frame["view"] = frame["view"].map({0: 0, 1: 2, 2: 1})
        for view in (1, 2):  # the logits go with the other view's parameters
            rows = frame["view"] == view
            frame.loc[rows, "angle"] = -frame.loc[rows, "angle"]

    return change


def with_one_row_turned(chain):
    def change(frame):
        flipped = [np.frombuffer(row, "<f4")[::-1].tobytes() for row in frame["logits"]]
        frame["logits"] = flipped

    return change


@pytest.mark.parametrize("fault", [of_the_other_teacher, of_the_wrong_view, with_one_row_turned])
def test_verification_catches_a_cache_that_is_not_what_it_says(chain, run, views, fault):
    rewrite(views, fault(chain))
    status, shown = run("verification", logits=views)
    assert status == 1
    assert "views.parquet: of 64 rows computed again" in last(shown)
    assert "is allowed; delete it and rerun the rule cache_logits" in last(shown)


# ---- combinations ---------------------------------------------------------------------


def test_a_combination_is_of_both_teachers_and_a_student_asks_for_both(chain, run, student):
    found, one, other = (
        logits.read([chain.folder / name], {})
        for name in ("combined.parquet", "logits.parquet", "plain.parquet")
    )
    assert np.array_equal(found.ids, one.ids)
    mean = sum(metrics.softmax(cache.logits) for cache in (one, other)) / 2
    np.testing.assert_allclose(np.exp(found.logits), mean, rtol=1e-5, atol=1e-7)
    teachers = [chain.path(name, "weights.safetensors") for name in ("adapted", "teacher")]
    path = chain.path("combined.parquet")
    student(logits=path, teacher=teachers)
    for wrong in (teachers[::-1], teachers[:1]):
        status, shown = run("distilled", logits=path, teacher=wrong)
        assert status == 1
        assert "combined.parquet: teacher_sha256 is" in last(shown)
    status, shown = run("distilled", logits=path, teacher=teachers, views="online")
    assert status == 1
    assert "--views online: needs one teacher, and its weights" in last(shown)


def test_views_are_combined_view_by_view(chain, run, views, student):
    other, out = chain.folder / "other.parquet", chain.folder / "out.parquet"
    assert run("plain cache", views=2, logits=other)[0] == 0
    assert run("combined", members=[views, other], logits=out)[0] == 0
    found, one = logits.read([out], {}), logits.read([views], {})
    assert np.array_equal(found.parameters[found.rows], one.parameters[one.rows])
    teachers = [chain.path(name, "weights.safetensors") for name in ("adapted", "teacher")]
    student(logits=out, teacher=teachers, views="replayed")
    assert run("plain cache", views=2, seed=1, logits=other)[0] == 0
    status, shown = run("combined", members=[views, other], logits=out)
    assert status == 1
    assert "other.parquet: views_seed is 1" in last(shown)


# ---- logits of one's own --------------------------------------------------------------


def by_class(ids, values):
    return {"sample_id": ids, **{str(c): values[:, c] for c in reversed(range(10))}}


def by_list(ids, values):
    return {"sample_id": ids, "logits": list(values)}


def by_fixed_list(ids, values):
    return {
        "logits": pa.FixedSizeListArray.from_arrays(values.astype(np.float32).ravel(), 10),
        "sample_id": ids.astype(np.int32),
    }


def test_logits_of_ones_own_come_in_three_forms_and_teach(chain, own, bring, student):
    weights = set()
    for make in (by_class, by_list, by_fixed_list):
        path = own(make)
        status, shown = bring(path)
        assert status == 0, shown
        cache = logits.read([chain.folder / "imported.parquet"], {})
        values = dict(zip(*(by_list_of(path)), strict=True))
        expected = np.array([values[i] for i in cache.ids.tolist()], np.float32)
        np.testing.assert_allclose(cache.logits, expected, rtol=1e-6)
        content = student(logits=chain.path("imported.parquet"), teacher=path)[1]
        weights.add(tuple(content["head.weight"].flatten().tolist()))
    assert len(weights) == 1


def by_list_of(path):
    """Ids and rows of numbers of any of the three forms, read another way."""
    frame = pd.read_parquet(path)
    ids = frame.pop("sample_id").tolist()
    if "logits" in frame:
        return ids, list(frame["logits"])
    return ids, list(frame[[str(c) for c in range(10)]].to_numpy())


def without(ids, values):
    return by_list(ids[1:], values[1:])


def doubled(ids, values):
    return by_list(np.append(ids, ids[:1]), np.append(values, values[:1], 0))


def strange(ids, values):
    return by_list(np.append(ids[1:], 9999), values)


def infinite(ids, values):
    values = values.copy()
    values[3, 2] = np.inf
    return by_class(ids, values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (without, "has no logits; give exactly the rows of the inputs, each once"),
        (doubled, "is there more than once"),
        (strange, "sample_id 9999 is not among the inputs"),
        (infinite, " has inf for 2, which is no number"),
        (lambda i, v: by_list(i, v[:, :9]), " has 9 logits, the inputs have 10 classes"),
        (lambda i, v: {"sample_id": i, "logit": v[:, 0]}, "columns sample_id, logit; allowed"),
        (lambda i, v: {**by_class(i, v), "ten": v[:, 0]}, "allowed: sample_id and logits, or"),
        (lambda i, v: {**by_class(i, v), "3": ["x"] * len(i)}, "column 3 is string"),
        (lambda i, v: {"sample_id": i, "logits": ["x"] * len(i)}, "not a list of numbers"),
        (lambda i, v: {"id": i, "logits": list(v)}, "has no integer column sample_id"),
        (lambda i, v: {**by_list(i, v), "sample_id": i / 2}, "has no integer column sample_id"),
    ],
)
def test_what_cannot_be_imported_is_one_line(own, bring, make, message):
    status, shown = bring(own(make))
    assert status == 1
    assert "import_logits.py: error: " in last(shown)
    assert "mine.parquet: " in last(shown)
    assert message in last(shown)


def test_an_imported_file_that_changed_is_refused(chain, own, bring, run):
    assert bring(own(by_list))[0] == 0
    path = own(lambda ids, values: by_list(ids, values + 1))
    status, shown = run("distilled", logits=chain.path("imported.parquet"), teacher=path)
    assert status == 1
    assert "imported.parquet: teacher_sha256 is" in last(shown)


def test_one_logit_is_enough_for_two_classes(chain, bring, run_script):
    script, args = chain.steps()["target"]
    assert run_script(script, flags(args, classes=["8", "3"]))[0] == 0
    inputs, _ = tensors.load(chain.folder / "target" / "train_inputs.safetensors", "inputs", "")
    ids = inputs["ids"].numpy()
    path = chain.folder / "mine.parquet"
    p = np.linspace(0.1, 0.9, len(ids))  # of the second class, 3
    pq.write_table(pa.table({"sample_id": ids, "logit": np.log(p / (1 - p))}), path)
    status, shown = bring(path)
    assert status == 0, shown
    cache = logits.read([chain.folder / "imported.parquet"], {}, ids)
    assert cache.provenance["classes"] == ["8", "3"]
    shown = torch.from_numpy(cache.logits).softmax(1)
    torch.testing.assert_close(shown[:, 1], torch.from_numpy(p).float())


# ---- the labelled source --------------------------------------------------------------


def test_the_source_joins_in_and_the_target_cannot(chain, run, student):
    joint = {"source_inputs": chain.inputs("source"), "source_labels": chain.labels("source")}
    assert not close(student()[1], student(source_weight=1, **joint)[1])
    assert student(**joint)[0] == student()[0]
    status, shown = run("distilled", source_weight=1)
    assert status == 1
    assert "--source-weight: needs --source-inputs and --source-labels" in last(shown)
    target = {"source_inputs": chain.inputs("target"), "source_labels": chain.labels("target")}
    status, shown = run("distilled", source_weight=1, **target)
    assert status == 1
    assert "domain is target, expected source" in last(shown)


def test_features_teach_and_are_verified(chain, run, student):
    plain = student()[1]
    status, shown = run("cache", keep_features=[])
    assert status == 0, shown
    assert (student()[1]["head.weight"] == plain["head.weight"]).all()  # of no other loss
    assert not torch.equal(student(loss="fitnet")[1]["head.weight"], plain["head.weight"])
    status, shown = run("verification")
    assert status == 0, shown
    path = chain.folder / "logits.parquet"
    found = logits.read([path], {})
    damaged = np.array(found.features)
    damaged[:, 0] += 10
    known = {k: v for k, v in found.provenance.items() if k != "dtype"}
    chunk = logits.Rows(found.ids, found.logits, features=damaged)
    logits.write(path, [chunk], known, "float32")
    status, shown = run("verification")
    assert status == 1 and "rows computed again" in last(shown)
    status, shown = run("distilled", loss="fitnet", logits=chain.path("plain.parquet"),
                        teacher=chain.path("teacher", "weights.safetensors"))  # fmt: skip
    assert status == 1 and "holds no features for fitnet" in last(shown)


# ---- caches that keep a part ----------------------------------------------------------


@pytest.mark.parametrize("keep", ["top4", "sample12"])
def test_a_part_of_the_logits_teaches_and_is_verified(chain, run, student, keep):
    path = chain.folder / "part.parquet"
    assert run("cache", keep=keep, views=3, logits=path, dtype="float16")[0] == 0
    how = {"loss": "kd", "temperature": 1.0, "views": "replayed"}
    whole = chain.folder / "whole.parquet"
    assert run("cache", views=3, logits=whole)[0] == 0
    part, dense = student(logits=path, **how)[1], student(logits=whole, **how)[1]
    assert not close(part, dense)
    status, shown = run("verification", logits=path)
    assert status == 0, shown
    row = pd.read_csv(chain.folder / "verification.csv").iloc[0]
    assert row["largest_difference"] < 1e-3 and row["argmax_changes"] == 0


def test_a_part_of_shards_is_that_of_one_file(chain, run, student):
    for keep in ("top4", "sample12"):
        one, shards = chain.folder / "one.parquet", [chain.folder / f"{k}.parquet" for k in (1, 2)]
        assert run("cache", keep=keep, logits=one)[0] == 0
        for k, path in enumerate(shards, 1):
            assert run("cache", keep=keep, logits=path, shard=f"{k}-of-2")[0] == 0
        how = {"loss": "kd", "temperature": 1.0}
        assert student(logits=one, **how)[0] == student(logits=shards, **how)[0]


@pytest.mark.parametrize("keep", ["top4", "sample12"])
def test_a_part_that_was_changed_is_seen(chain, run, keep):
    path = chain.folder / "part.parquet"
    assert run("cache", keep=keep, logits=path)[0] == 0
    table = parquet.opened(path, "cache_logits").read()
    column = table["logits"].to_pylist()
    changed = pa.array(column[1:] + column[:1], table.schema.field("logits").type)
    at = table.schema.get_field_index("logits")
    parquet.write(table.set_column(at, table.schema.field(at), changed), path)
    status, shown = run("verification", logits=path)
    assert status == 1 and "computed again" in last(shown)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"loss": "dist", "temperature": 1.0}, "--loss: got dist, and the cache keeps sample12"),
        ({"loss": "kd", "temperature": 2.0}, "--temperature: got 2.0, and the cache keeps"),
        ({"loss": "kd", "temperature": 1.0, "budget": "top1"}, "--budget: got top1"),
    ],
)
def test_draws_do_not_suffice_for_every_loss(chain, run, how, message):
    path = chain.folder / "draws.parquet"
    assert run("cache", keep="sample12", logits=path)[0] == 0
    status, shown = run("distilled", logits=path, **how)
    assert status == 1 and message in last(shown)


def test_draws_are_combined_by_their_mean_alone(chain, run):
    """Also where it is not the first member that keeps them."""
    whole, draws = chain.folder / "whole.parquet", chain.folder / "draws.parquet"
    assert run("cache", logits=whole)[0] == 0
    assert run("cache", keep="sample12", logits=draws)[0] == 0
    out = chain.folder / "both.parquet"
    for members in ([whole, draws], [draws, draws]):
        assert run("combined", members=members, combine="mean", logits=out)[0] == 0
        status, shown = run("combined", members=members, combine="entropy", logits=out)
        assert status == 1 and "--combine: got entropy, and members keep" in last(shown)
