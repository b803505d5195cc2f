import json

from distilshift.errors import InputError
from distilshift.files import logits, parquet

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CLASSES = ["a", "b", "c"]
PROVENANCE = {
    "teacher_sha256": "t" * 64,
    "inputs_sha256": "i" * 64,
    "classes": CLASSES,
    "preprocessing": "uint8 / 127.5 - 1",
    "mode": "eval",
}


def rows(n=200, seed=0):
    generator = np.random.default_rng(seed)
    return generator.permutation(10 * n)[:n], generator.normal(0, 5, (n, 3)).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    """A cache of two row groups, as (path, ids, values)."""
    ids, values = rows()
    path = tmp_path / "logits.parquet"
    logits.write(path, [(ids[:70], values[:70]), (ids[70:], values[70:])], PROVENANCE, "float32")
    return path, ids, values


def test_float32_comes_back_exactly_in_order_with_its_provenance(cache):
    path, ids, values = cache
    found = logits.read([path], PROVENANCE)
    assert np.array_equal(found.ids, ids)
    assert found.logits.dtype == np.float32
    assert np.array_equal(found.logits, values)
    assert found.provenance == {**PROVENANCE, "dtype": "float32"}
    assert logits.read_provenance(path) == found.provenance


def test_float16_comes_back_within_half_a_unit_in_the_last_place(tmp_path):
    ids, values = rows()
    path = tmp_path / "logits.parquet"
    logits.write(path, [(ids, values)], PROVENANCE, "float16")
    found = logits.read([path], PROVENANCE).logits
    assert found.dtype == np.float16
    error = np.abs(found.astype(np.float64) - values)
    assert (error <= np.spacing(np.abs(values).astype(np.float16)) / 2).all()
    assert error.max() > 0


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_features_come_back_with_their_rows(tmp_path, dtype):
    ids, values = rows()
    deep = np.random.default_rng(1).normal(0, 1, (200, 5)).astype(dtype)
    known = {**PROVENANCE, "features": 5, "shards": 2}
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for shard, (path, part) in enumerate(
        zip(paths, np.split(np.arange(200), [70]), strict=True), 1
    ):
        chunk = logits.Rows(ids[part], values[part], features=deep[part])
        logits.write(path, [chunk], {**known, "shard": shard}, dtype)
    found = logits.read(paths[::-1], {}, ids)
    assert np.array_equal(found.features[found.rows[0]], deep)
    assert found.logits.shape == (200, 3)
    with pytest.raises(ValueError, match="features"):
        logits.write(paths[0], [(ids, values, 0, None, deep[:, :4])], known, dtype)
    with pytest.raises(InputError, match="features that are not finite"):
        logits.write(paths[0], [(ids, values, 0, None, deep * np.nan)], known, dtype)


def test_shards_read_like_one_file(tmp_path, cache):
    whole, ids, values = cache
    shards = [tmp_path / f"{part}.parquet" for part in range(3)]
    parts = np.array_split(np.arange(200), 3)
    for index, (shard, part) in enumerate(zip(shards, parts, strict=True), 1):
        known = PROVENANCE | {"shard": index, "shards": 3}
        logits.write(shard, [(ids[part], values[part])], known, "float32")
    found, expected = logits.read(shards, PROVENANCE), logits.read([whole], PROVENANCE)
    assert np.array_equal(found.ids, expected.ids)
    assert np.array_equal(found.logits, expected.logits)


# ---- views ----------------------------------------------------------------------------

NAMES = ["angle", "zoom", "right", "down"]
PARAMETERS = np.array([[10, 0.1, 0.02, -0.03]], np.float32)


def with_views(path, views=2, drop=None, double=None, **known):
    """A cache of 9 samples in two shards; sample i of view v has logits 10 i + v."""
    provenance = PROVENANCE | {"views": views, "parameters": NAMES} | known
    ids, paths = np.array([5, 3, 8, 1, 0, 7, 2, 6, 4]), []
    for shard, some in enumerate((ids[:5], ids[5:]), 1):
        chunks = []
        for view in range(views, -1, -1):
            shown = np.array([i for i in some if (view, i) != drop])
            if double and view == double[0] and double[1] in shown:
                shown = np.append(shown, double[1])
            values = np.repeat(10.0 * shown[:, None] + view, 3, 1)
            how = view * np.repeat(PARAMETERS, len(shown), 0)
            chunks.append((shown, values, view, how))
        paths.append(path / f"{shard}.parquet")
        logits.write(paths[-1], chunks, provenance | {"shard": shard, "shards": 2}, "float32")
    return paths, ids


@pytest.mark.parametrize("spool", [2**28, 8])
def test_views_come_back_by_sample_and_view_in_the_order_asked_for(tmp_path, monkeypatch, spool):
    monkeypatch.setattr(logits, "SPOOL_BYTES", spool)
    paths, ids = with_views(tmp_path)
    for wanted in (None, np.arange(9)):
        found = logits.read(paths[::-1], {"views": 2}, wanted)
        if wanted is None:
            assert sorted(found.ids) == sorted(ids)
        else:
            assert np.array_equal(found.ids, wanted)
        for view in range(3):
            values = found.logits[found.rows[view]]
            assert np.array_equal(values, np.repeat(10.0 * found.ids[:, None] + view, 3, 1))
            how = found.parameters[found.rows[view]]
            assert np.array_equal(how, np.repeat(view * PARAMETERS, 9, 0))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"drop": (1, 7)}, "sample_id 7 has no logits of view 1"),
        ({"drop": (0, 7)}, "sample_id 7 has no logits of view 0"),
        ({"double": (2, 3)}, "the same sample_id more than once"),
    ],
)
def test_a_view_too_few_or_too_many_is_refused(tmp_path, made, message):
    paths, _ = with_views(tmp_path, **made)
    with pytest.raises(InputError, match=message):
        logits.read(paths, {}, np.arange(9))


def test_samples_that_are_not_asked_for_are_refused_and_so_are_lacking_ones(cache):
    path, ids, _ = cache
    with pytest.raises(InputError, match=f"sample_id {ids[4]} is not among the inputs"):
        logits.read([path], {}, np.delete(ids, 4))
    with pytest.raises(InputError, match=r"sample_id 9999 has no logits of view 0"):
        logits.read([path], {}, np.append(ids, 9999))


def test_one_shard_alone_is_read_only_where_a_part_will_do(tmp_path):
    paths, ids = with_views(tmp_path)
    with pytest.raises(InputError, match="shard 1 of 2 is not given"):
        logits.read(paths[1:], {})
    assert np.array_equal(logits.read(paths[1:], {}, part=True).ids, ids[5:])


def test_what_views_were_drawn_with_is_refused_by_field(tmp_path):
    names, ranges = ["angle", "zoom", "right", "down"], {"rotation": 10.0, "scale": 0.2}
    known = logits.views_drawn(2, names, ranges, 4)
    paths, _ = with_views(tmp_path, **known)
    assert logits.read(paths, known).provenance["views_seed"] == 4
    others = {
        "augmentation.rotation": logits.views_drawn(2, names, {**ranges, "rotation": 15.0}, 4),
        "views_seed": logits.views_drawn(2, names, ranges, 5),
        "parameters": logits.views_drawn(2, ["angle"], ranges, 4),
    }
    for field, other in others.items():
        with pytest.raises(InputError, match=rf"1.parquet: {field} is .* the student needs"):
            logits.read(paths, other)


def test_a_cache_spooled_to_disk_reads_the_same(cache, monkeypatch):
    path, ids, values = cache
    monkeypatch.setattr(logits, "SPOOL_BYTES", 100)
    found = logits.read([path], PROVENANCE)
    assert isinstance(found.logits, logits.Spool)
    assert np.array_equal(found.logits[np.arange(len(ids))], values)
    assert np.array_equal(found.ids, ids)


def test_the_docstring_tells_how_pandas_reads_it(cache):
    path, ids, values = cache
    recipe = [line.strip() for line in logits.__doc__.splitlines() if line.startswith("    ")]
    recipe = [line.replace('"logits.parquet"', repr(str(path))) for line in recipe]
    scope = {"pandas": pd, "numpy": np}
    exec("\n".join(recipe), scope)
    assert np.array_equal(scope["logits"], values)
    assert np.array_equal(scope["table"]["sample_id"], ids)


@pytest.mark.parametrize("field", PROVENANCE)
def test_another_provenance_is_refused_by_field(cache, field):
    other = {**PROVENANCE, field: ["a", "c", "b"] if field == "classes" else "other"}
    with pytest.raises(InputError, match=f"logits.parquet: {field} is .* the student needs"):
        logits.read([cache[0]], other)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_shards_of_different_caches_are_refused(tmp_path, cache, dtype):
    ids, values = rows(seed=1)
    other = tmp_path / "other.parquet"
    teacher = "t" if dtype == "float16" else "u"
    provenance = {**PROVENANCE, "teacher_sha256": teacher * 64}
    logits.write(other, [(ids + 10_000, values)], provenance, dtype)
    with pytest.raises(InputError, match=r"other.parquet: (dtype|teacher_sha256) is"):
        logits.read([cache[0], other], PROVENANCE)


def test_the_same_shard_twice_is_refused(cache):
    with pytest.raises(InputError, match=r"is shard 1 of 1, and so is"):
        logits.read([cache[0], cache[0]], PROVENANCE)


@pytest.mark.parametrize(("value", "dtype"), [(np.nan, "float32"), (70000.0, "float16")])
def test_logits_that_are_not_finite_are_not_written(tmp_path, value, dtype):
    ids, values = rows()
    values[7, 1] = value
    path = tmp_path / "logits.parquet"
    with pytest.raises(InputError, match=f"not finite in {dtype}.*float32"):
        logits.write(path, [(ids, values)], PROVENANCE, dtype)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 3, 200, 0.5, 0.99])
def test_a_truncated_file_is_refused(cache, kept):
    path, *_ = cache
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    with pytest.raises(InputError, match=r"not a whole Parquet file.*rerun the rule cache_logits"):
        logits.read([path], PROVENANCE)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.parquet: no such file.*cache_logits"):
        logits.read([tmp_path / "gone.parquet"], PROVENANCE)


def foreign_tables():
    column = pa.array([b"x" * 12] * 2, pa.binary(12))
    ours = {b"distilshift": json.dumps({**PROVENANCE, "dtype": "float32"}).encode()}
    yield pa.table({"sample_id": [1, 2], "logits": column}), "is not a logit cache"
    yield pa.table({"id": [1, 2], "y": column}).replace_schema_metadata(ours), "is not a logit"
    narrow = pa.table({"sample_id": [1, 2], "logits": pa.array([b"12345678"] * 2, pa.binary(8))})
    yield narrow.replace_schema_metadata(ours), "8 bytes a row for 3 float32"
    lists = pa.table({"sample_id": [1, 2], "logits": [[1.0, 2.0, 3.0]] * 2})
    yield lists.replace_schema_metadata(ours), "not fixed-width binary"


@pytest.mark.parametrize(("table", "message"), list(foreign_tables()))
def test_a_foreign_parquet_file_is_refused(tmp_path, table, message):
    path = tmp_path / "logits.parquet"
    parquet.write(table, path)
    with pytest.raises(InputError, match=message):
        logits.read([path], PROVENANCE)


def test_a_parquet_file_without_the_proof_is_refused(cache):
    path, *_ = cache
    pq.write_table(pq.read_table(path), path)
    with pytest.raises(InputError, match=r"was not written by distilshift.*rule cache_logits"):
        logits.read([path], PROVENANCE)
