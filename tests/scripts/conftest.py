"""A folder in which the whole chain has run by hand, and what tests do with it."""

import shutil
from pathlib import Path

from distilshift.files import names, tensors

import inprocess
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from chain import Chain, called, flags


@pytest.fixture(scope="session")
def run_script():
    return inprocess.call


@pytest.fixture(scope="session")
def first(tmp_path_factory, write_dataset) -> Chain:
    """A folder in which the whole chain has run by hand; nobody writes to it."""
    chain = Chain(tmp_path_factory.mktemp("made"))
    (chain.folder / "dataset").mkdir()
    write_dataset(chain.folder / "dataset", count=80)
    for name, (script, args) in chain.steps().items():
        status, shown = inprocess.call(script, args)
        assert status == 0, f"{name}: {shown}"
    return chain


@pytest.fixture(scope="module")
def made(first, tmp_path_factory) -> Chain:
    """A copy of that folder for each file of tests: what one writes is not in another's sight."""
    folder = tmp_path_factory.mktemp("made") / "copy"
    return Chain(shutil.copytree(first.folder, folder))


@pytest.fixture
def chain(made, tmp_path) -> Chain:
    """A copy of that folder to damage."""
    shutil.copytree(made.folder, tmp_path / "copy")
    return Chain(tmp_path / "copy")


@pytest.fixture
def named(chain, run_script):
    """The chain's folder with a named dataset, its domains made again from it."""
    path = Path(chain.path("dataset", "inputs.safetensors"))
    content, header = tensors.load(path, "dataset inputs", "")
    stored = names.stored([called(i) for i in content["ids"].tolist()])
    content |= {key: torch.from_numpy(array.copy()) for key, array in stored.items()}
    del header["sha256"]
    tensors.save(path, "dataset inputs", content, header)
    for step in ("source", "target"):
        status, shown = run_script(*chain.steps()[step])
        assert status == 0, shown
    return chain


@pytest.fixture
def own(chain):
    """own(make) -> the path of a file made from ids and logits, in another order."""
    inputs, _ = tensors.load(chain.folder / "target" / "train_inputs.safetensors", "inputs", "")
    ids = inputs["ids"].numpy()[::-1]
    values = np.random.default_rng(0).normal(0, 3, (len(ids), 10))

    def write(make):
        path = chain.folder / "mine.parquet"
        pq.write_table(pa.table(make(ids, values)), path)
        return path

    return write


@pytest.fixture
def bring(chain, run_script):
    def call(path, out="imported.parquet", inputs=None, **values):
        args = ["--own", str(path), "--inputs", inputs or chain.inputs("target")]
        args += ["--source", "source", "--adaptation", "mine", "--logits", chain.path(out)]
        return run_script("import_logits", flags(args, **values))

    return call
