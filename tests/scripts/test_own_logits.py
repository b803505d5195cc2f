"""Logits that a user brings: every way in which they may be something else."""

import decimal
import unicodedata

from distilshift.files import headers, logits, names, own_logits

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from chain import SCRIPTS, called, flags
from test_caches import by_class, by_list, last


def softmax(values):
    return torch.from_numpy(values).softmax(1).numpy()


def one_hot(values):
    return np.eye(10)[values.argmax(1)]


def blanks(values, some=0.0):
    values = values.copy()
    values[4:7] = some
    return values


def changed(values, what):
    values = values.copy()
    values[3, 2] = what
    return values


@pytest.mark.parametrize("form", [by_class, by_list])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (softmax, "holds probabilities, not logits (56 of 56 rows); declare as: probabilities"),
        (lambda v: softmax(v).astype("f2"), "holds probabilities, not logits"),
        (lambda v: softmax(v).round(2), "holds probabilities, not logits"),
        (lambda v: blanks(softmax(v)), "holds probabilities, not logits (53 of 53 rows)"),
        (lambda v: 100 * softmax(v), "holds percentages, not logits (56 of 56 rows); divide them"),
        (one_hot, "holds labels as one-hot rows, not logits (56 of 56 rows); declare as: prob"),
        (lambda v: 1 / (1 + np.exp(-v)), "holds scores from 0 to 1, perhaps of a sigmoid"),
        (lambda v: -np.log(softmax(v)), "log-probabilities with the wrong sign"),
        (np.zeros_like, " has 0 for every class (56 such rows)"),
        (blanks, " has 0 for every class (3 such rows)"),
        (lambda v: blanks(v, -1), " has -1 for every class (3 such rows)"),
        (lambda v: changed(v, 1e39), " has 1e+39 for 2, float32 holds up to 3.403e+38"),
        (lambda v: changed(v, -1e39), " has -1e+39 for 2, float32 holds up to 3.403e+38"),
        (lambda v: changed(v, np.nan), " has nan for 2, which is no number; compute it again"),
    ],
)
def test_what_is_no_logits_is_recognised(chain, own, bring, form, make, message):
    path = own(lambda ids, values: form(ids, make(values)))
    status, shown = bring(path)
    assert status == 1
    assert f"error: {path}: " in last(shown)
    assert message in last(shown)
    assert not (chain.folder / "imported.parquet").exists()


def test_the_row_of_a_value_is_named(own, bring):
    seen = []
    path = own(lambda i, v: seen.extend(i) or by_list(i, changed(v, np.nan)))
    assert f"sample_id {seen[3]} has nan" in last(bring(path)[1])


@pytest.mark.parametrize(
    ("make", "remedy"),
    [(lambda v: changed(v, 70000.0), "float16 holds up to 6.55e+04; set logits.dtype: float32")],
)
def test_what_float16_cannot_hold_names_the_users_file(own, bring, make, remedy):
    path = own(lambda ids, values: by_list(ids, make(values)))
    status, shown = bring(path, dtype="float16")
    assert status == 1
    assert f"{path}: sample_id " in last(shown)
    assert remedy in last(shown)


@pytest.mark.parametrize(
    "make",
    [
        lambda v: np.log(softmax(v)),
        lambda v: (10 * v).astype(np.int64),
        lambda v: v.astype(np.float16),
        lambda v: v - v.min(1, keepdims=True),
        lambda v: v / 100,
    ],
)
def test_what_are_logits_passes(chain, own, bring, make):
    status, shown = bring(own(lambda ids, values: by_class(ids, make(values))))
    assert status == 0, shown


def taken(chain, path, **values):
    """Probabilities of the imported cache, and what the file says, by sample."""
    cache = logits.read([chain.folder / "imported.parquet"], {})
    given = pq.read_table(path).to_pylist()
    by_id = {row["sample_id"]: row["logits"] for row in given}
    return softmax(cache.logits.astype(float)), np.array([by_id[i] for i in cache.ids.tolist()])


@pytest.mark.parametrize("make", [softmax, one_hot, lambda v: softmax(v).round(2)])
def test_probabilities_that_are_declared_come_back_from_a_softmax(chain, own, bring, make):
    path = own(lambda ids, values: by_list(ids, make(values)))
    status, shown = bring(path, **{"as": "probabilities"})
    assert status == 0, shown
    found, given = taken(chain, path)
    np.testing.assert_allclose(found, given / given.sum(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda v: v, "hold -"),
        (lambda v: 100 * softmax(v), " add up to 100 (56 such rows); divide percentages by 100"),
        (lambda v: blanks(softmax(v)), " add up to 0 (3 such rows)"),
        (lambda v: softmax(v) / 2, " add up to 0.5 (56 such rows)"),
    ],
)
def test_what_is_no_probability_is_refused(own, bring, make, message):
    status, shown = bring(
        own(lambda ids, values: by_list(ids, make(values))), **{"as": "probabilities"}
    )
    assert status == 1
    assert "mine.parquet: probabilities of sample_id " in last(shown)
    assert message in last(shown)


def decimals(ids, values):
    exact = [[decimal.Decimal(f"{value:.6f}") for value in row] for row in values.T]
    return {"sample_id": ids, **{str(c): pa.array(exact[c]) for c in range(10)}}


def test_decimals_are_numbers_and_long_lists_lists(chain, own, bring):
    for make in (decimals, lambda i, v: {"sample_id": i, "logits": large(v)}):
        status, shown = bring(own(make))
        assert status == 0, shown


def large(values):
    return pa.array(list(values), pa.large_list(pa.float64()))


def with_null(values, row, column=None):
    rows = values.tolist()
    if column is None:
        rows[row] = None
    else:
        rows[row][column] = None
    return rows


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda i, v: {"sample_id": i, "logits": with_null(v, 7)}, "{7} has no value in column lo"),
        (
            lambda i, v: {
                "sample_id": i,
                "logits": pa.array(with_null(v, 7), pa.list_(pa.float64(), 10)),
            },
            "{7} has no value in column logits",
        ),
        (lambda i, v: {"sample_id": i, "logits": with_null(v, 7, 3)}, "{7} has no value in colum"),
        (
            lambda i, v: {**by_class(i, v), "4": pa.array(with_null(v[:, 4], 9))},
            "{9} has no value in column 4",
        ),
    ],
)
def test_a_null_names_its_sample(own, bring, make, message):
    seen = []
    path = own(lambda ids, values: seen.extend(ids) or make(ids, values))
    status, shown = bring(path)
    assert status == 1
    number = int(message[1])
    assert f"mine.parquet: sample_id {seen[number]}{message[3:]}" in last(shown)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda i, v: {**by_list(i, v), "sample_id": [None, *i[1:]]}, "row 0 (from 0) has no samp"),
        (lambda i, v: by_class(i, v > 0), "column 0 is bool, not numbers"),
        (
            lambda i, v: {"sample_id": i, "logits": list(v > 0)},
            "column logits is bool, not numbers",
        ),
        (lambda i, v: by_class(i, v.astype(str)), "column 0 is "),
        (
            lambda i, v: {**by_list(i, v), "name": list(map(str, i))},
            "allowed: sample_id and logits",
        ),
        (
            lambda i, v: {"name": ["x"] * len(i), "logits": list(v)},
            "name x is there more than",
        ),
    ],
)
def test_columns_that_are_no_logits_are_refused(own, bring, make, message):
    status, shown = bring(own(make))
    assert status == 1
    assert message in last(shown)


def test_a_column_twice_is_named(chain, own, bring):
    path = own(by_class)
    table = pq.read_table(path)
    pq.write_table(table.append_column("3", table["4"]), path)
    status, shown = bring(path)
    assert status == 1
    assert "mine.parquet: has the column 3 2 times" in last(shown)


def test_a_column_is_a_class_however_its_accents_are_written(tmp_path):
    classes = ["caf\u00e9", "th\u00e9"]
    apart = [unicodedata.normalize("NFD", name) for name in classes]
    columns = {"sample_id": [3, 4], apart[1]: [2.0, -2.0], apart[0]: [1.0, -1.0]}
    pq.write_table(pa.table(columns), tmp_path / "own.parquet")
    found = own_logits.read(tmp_path / "own.parquet", classes)
    assert found.columns == classes and found.values.tolist() == [[1, 2], [-1, -2]]


@pytest.mark.parametrize("coded", [False, True])
def test_names_are_keys_as_good_as_ids(named, bring, coded):
    inputs, _ = headers.load_arrays(named.folder / "target/train_inputs.safetensors", "inputs", "")
    ids, paths = inputs["ids"], names.of(inputs).to_pylist()
    assert paths == [called(i) for i in ids.tolist()]
    values = np.random.default_rng(0).normal(0, 3, (len(ids), 10))
    turned = np.random.default_rng(1).permutation(len(ids))
    keys = pa.array([paths[i] for i in turned])
    table = {"name": keys.dictionary_encode() if coded else keys, "logits": list(values[turned])}
    path = named.folder / "mine.parquet"
    pq.write_table(pa.table(table), path)
    status, shown = bring(path)
    assert status == 0, shown
    cache = logits.read([named.folder / "imported.parquet"], {}, ids)
    np.testing.assert_allclose(cache.logits, values, rtol=1e-6)
    table["name"] = pa.array(["elsewhere.png", *keys.to_pylist()[1:]])
    pq.write_table(pa.table(table), path)
    status, shown = bring(path)
    assert status == 1
    assert "name elsewhere.png is not among the inputs" in last(shown)
    assert paths[0] in last(shown)  # what names are like


def test_logits_of_other_inputs_are_refused_where_they_say_so(chain, own, bring):
    """Ids are row numbers: of a table that was sorted anew they are other rows'."""
    target = chain.folder / "target" / "train_inputs.safetensors"
    sha256 = headers.read_header(target, "inputs", "")["sha256"]
    path = own(by_list)
    table = pq.read_table(path)
    for said, status in ((sha256, 0), ("0" * 64, 1), (None, 0)):
        known = {} if said is None else {"inputs_sha256": said}
        pq.write_table(table.replace_schema_metadata(known), path)
        found, shown = bring(path)
        assert found == status, shown
        if status:
            expected = f"its inputs_sha256 is 000000000000 and that of {target} {sha256[:12]}; "
            assert f"{path}: is of other inputs: {expected}" in last(shown)


def test_ids_are_the_names_of_rows_without(chain, own, bring):
    status, shown = bring(own(lambda i, v: {"name": list(map(str, i)), "logits": list(v)}))
    assert status == 0, shown


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda p: p, "holds probabilities, not logits"),
        (np.zeros_like, " has 0 for every class (11 such rows)"),
        (lambda p: np.where(p > 0.5, np.log(p / (1 - p)), 0), None),  # p = 1/2 is no blank
    ],
)
def test_one_logit_that_is_a_probability(chain, bring, run_script, value, message):
    script, args = chain.steps()["target"]
    assert run_script(script, flags(args, classes=["8", "3"]))[0] == 0
    path = chain.folder / "target" / "train_inputs.safetensors"
    ids = headers.load_arrays(path, "inputs", "")[0]["ids"]
    mine = chain.folder / "mine.parquet"
    share = np.linspace(0.1, 0.9, len(ids))
    pq.write_table(pa.table({"sample_id": ids, "logit": value(share) * 1.0}), mine)
    status, shown = bring(mine)
    assert status == (1 if message else 0), shown
    assert not message or message in last(shown)


def test_the_docs_tell_how_such_a_file_is_written(named, bring, monkeypatch):
    text = (SCRIPTS.parent / "docs" / "distillation.md").read_text(encoding="utf-8")
    recipe = text.split("```python\n")[1].split("```")[0]
    assert "my_model(inputs)" in recipe
    recipe = recipe.replace("results/domains/optdigits", "target").replace("mine/…", "mine.")
    values = np.random.default_rng(0).normal(0, 3, (56, 10))
    monkeypatch.chdir(named.folder)
    scope = {"my_model": lambda inputs: values[: len(inputs)]}
    exec(recipe, scope)
    status, shown = bring(named.folder / "mine.parquet")
    assert status == 0, shown
    cache = logits.read([named.folder / "imported.parquet"], {}, scope["content"]["ids"])
    np.testing.assert_allclose(cache.logits, values, rtol=1e-6)
    said = pq.read_schema(named.folder / "mine.parquet").metadata[b"inputs_sha256"].decode()
    assert said == scope["header"]["sha256"]
