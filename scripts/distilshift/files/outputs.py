"""Network outputs: a Parquet file of the logits that the networks of one cell give.

One row a network and sample: the columns of ``tables.IDENTITY``, ``weights_sha256``,
``temperature``, ``domain`` (source or target), ``split``, ``sample_id`` and ``logits``, C
float32 numbers as in the logit cache. A student's are calibrated: times its temperature they
are what it gave. What is measured later, with labels or without, needs no network.

Each network's part of a domain's half is a row group of its own, so that a reader holds
one at a time. The metadata, key ``distilshift``, says of which inputs the outputs are.
"""

import itertools
import json
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError, rerun
from distilshift.files import parquet
from distilshift.files.tables import IDENTITY

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEY = b"distilshift"
NETWORK = [*IDENTITY, "weights_sha256", "temperature"]
NAMED = [*NETWORK, "domain", "split"]
FACTS = ("domain", "dataset", "classes", "split", "sha256")  # of the inputs' header

Half = tuple[str, str]  # domain and split


class Outputs(NamedTuple):
    network: dict  # the columns of NETWORK
    inputs: dict[Half, dict]  # the facts of the inputs
    ids: dict[Half, np.ndarray]  # int64 (N,)
    logits: dict[Half, np.ndarray]  # float32 (N, C), calibrated

    def uncalibrated(self, half: Half) -> np.ndarray:
        """The logits as the network itself gives them."""
        return self.logits[half] * self.network["temperature"]


def write(path: Path, networks: Iterator[Outputs]) -> None:
    """Write the outputs of one or more networks as they come, whole or not at all."""
    first = next(networks)
    facts = {
        " ".join(half): {name: header[name] for name in FACTS}
        for half, header in first.inputs.items()
    }
    width = len(next(iter(facts.values()))["classes"])
    types = {name: pa.dictionary(pa.int32(), pa.string()) for name in NAMED}
    types |= {"round": pa.int64(), "seed": pa.int64(), "temperature": pa.float64()}
    types |= {"sample_id": pa.int64(), "logits": pa.binary(4 * width)}
    schema = pa.schema(types, {KEY: json.dumps(facts, sort_keys=True).encode()})
    with parquet.writing(path, schema, use_dictionary=NAMED) as writer:
        for one in itertools.chain([first], networks):
            for (domain, split), logits in one.logits.items():
                known, count = {**one.network, "domain": domain, "split": split}, len(logits)
                flat = pa.py_buffer(np.ascontiguousarray(logits, "<f4"))
                columns = [_constant(known[name], types[name], count) for name in NAMED]
                columns.append(pa.array(one.ids[domain, split], pa.int64()))
                kind = types["logits"]
                columns.append(pa.FixedSizeBinaryArray.from_buffers(kind, count, [None, flat]))
                writer.write_table(pa.Table.from_arrays(columns, schema=schema), count)


def _constant(value: object, kind: pa.DataType, count: int) -> pa.Array:
    if not pa.types.is_dictionary(kind):
        return pa.array(np.full(count, value), kind)
    place = pa.array(np.zeros(count, np.int32), mask=np.full(count, value is None))
    values = pa.array([] if value is None else [value], pa.string())
    return pa.DictionaryArray.from_arrays(place, values)


def networks(path: Path) -> list[dict]:
    """The columns of NETWORK of every network of a file, in order."""
    return [one.network for one in read(path, ())]


def read(path: Path, halves: Container[Half]) -> Iterator[Outputs]:
    """The outputs of each network on those halves, in the order they were written.

    Raises:
        InputError: the file is missing, damaged or foreign.
    """
    found = None
    with parquet.failing_clearly(path, "predict"), parquet.opened(path, "predict") as file:
        inputs = _inputs(path, file)
        for group in range(file.num_row_groups):
            row = file.read_row_group(group, NAMED).slice(0, 1).to_pylist()[0]
            half = row.pop("domain"), row.pop("split")
            if found is None or row != found.network:
                if found is not None:
                    yield found
                found = Outputs(row, inputs, {}, {})
            if half in halves:
                rows = file.read_row_group(group, ["sample_id", "logits"]).combine_chunks()
                found.ids[half] = rows["sample_id"].to_numpy()
                found.logits[half] = _values(rows["logits"].chunk(0))
        if found is not None:
            yield found


def _inputs(path: Path, file: pq.ParquetFile) -> dict[Half, dict]:
    metadata = file.schema_arrow.metadata or {}
    if KEY not in metadata or file.schema_arrow.names != [*NAMED, "sample_id", "logits"]:
        raise InputError(path, "holds no outputs of networks", rerun("predict"))
    return {tuple(half.split()): facts for half, facts in json.loads(metadata[KEY]).items()}


def _values(column: pa.FixedSizeBinaryArray) -> np.ndarray:
    values = np.frombuffer(column.buffers()[1], "<f4").reshape(-1, column.type.byte_width // 4)
    return values[column.offset : column.offset + len(column)]
