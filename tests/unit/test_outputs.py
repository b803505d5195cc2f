from distilshift.errors import InputError
from distilshift.files import outputs, tables

import numpy as np
import pandas as pd
import pytest

TEST, TRAIN = ("target", "test"), ("target", "train")
IMAGES = {
    half: {"domain": "b", "dataset": "d", "classes": ["x", "y"], "split": half[1], "sha256": "0"}
    for half in (TEST, TRAIN)
}


def network(method, adaptation, n=5):
    known = dict.fromkeys(outputs.NETWORK, "-")
    known |= {"method": method, "adaptation": adaptation, "teacher": None, "round": 1, "seed": 0}
    known["temperature"] = 0.25
    generator = np.random.default_rng(len(method))
    ids = {TEST: np.arange(n), TRAIN: np.arange(100, 100 + 2 * n)}
    logits = {half: generator.normal(size=(len(ids[half]), 2)).astype(np.float32) for half in ids}
    return outputs.Outputs(known, IMAGES, ids, logits)


@pytest.fixture
def written(tmp_path):
    """A file of three networks, and what it holds."""
    made = [network("teacher", "none"), network("source-only", None), network("kd", "none")]
    outputs.write(tmp_path / "outputs.parquet", iter(made))
    return tmp_path / "outputs.parquet", made


@pytest.mark.parametrize("halves", [[TEST], [TEST, TRAIN], []])
def test_outputs_come_back_network_by_network(written, halves):
    path, made = written
    found = list(outputs.read(path, halves))
    assert [one.network for one in found] == [one.network for one in made]
    for one, expected in zip(found, made, strict=True):
        assert one.inputs == IMAGES
        assert list(one.logits) == halves
        for half in halves:
            assert np.array_equal(one.ids[half], expected.ids[half])
            assert np.array_equal(one.logits[half], expected.logits[half])
    assert outputs.networks(path) == [one.network for one in made]


def test_pandas_reads_them_too(written):
    path, made = written
    table = pd.read_parquet(path)
    assert list(table) == [*outputs.NAMED, "sample_id", "logits"]
    mine = table[(table["method"] == "kd") & (table["split"] == "train")]
    logits = np.frombuffer(b"".join(mine["logits"]), "<f4").reshape(len(mine), -1)
    assert np.array_equal(logits, made[2].logits[TRAIN])


def test_another_table_is_refused(tmp_path):
    tables.write(pd.DataFrame({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"holds no outputs of networks.*rule predict"):
        outputs.networks(tmp_path / "x.parquet")


def test_a_flipped_bit_in_the_logits_is_refused(written):
    path, made = written
    content = bytearray(path.read_bytes())
    content[content.index(made[1].logits[TEST].tobytes()[:8]) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"outputs.parquet: damaged"):
        list(outputs.read(path, [TEST]))
