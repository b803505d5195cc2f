"""The logit cache: a Parquet file of raw teacher logits that knows where it comes from.

One row a sample: ``sample_id`` (int64) and ``logits``, the C numbers of that sample as
fixed-width little-endian binary (2C or 4C bytes). That reads at memory speed; a list
column is ten times slower (benchmarks/logits_format.py). Elsewhere:

    table = pandas.read_parquet("logits.parquet")
    logits = numpy.frombuffer(b"".join(table["logits"]), "<f4").reshape(len(table), -1)

The file's metadata, key ``distilshift``, is JSON: teacher and images by sha256, class
names, preprocessing, the model's mode, dtype, versions. The reader refuses a cache whose
metadata is not what the student was asked to learn from.

A cache may be cut into shards, files alike that hold ranges of the rows: ``shard`` k of
``shards`` K. They are never joined on disk; the reader takes all of them, in any order.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun

KEY = b"distilshift"
DTYPES = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
SPOOL_BYTES = 2**28  # a larger cache is spooled to disk, see Spool


class Spool:
    """Rows (N, C) in an unnamed file of the folder for temporary files, gone with the process.

    Read by row, not memory-mapped: pages of a map count as the process's memory, and an
    epoch would touch them all.
    """

    def __init__(self, rows: int, width: int, dtype: np.dtype):
        self.shape, self.dtype = (rows, width), dtype
        self._file = tempfile.TemporaryFile()  # noqa: SIM115

    def __len__(self) -> int:
        return self.shape[0]

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        self._file.seek(rows.start * self.shape[1] * self.dtype.itemsize)
        self._file.write(np.ascontiguousarray(values))
        self._file.flush()

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Those rows, in that order: (n, C)."""
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        stride = found.shape[1] * self.dtype.itemsize
        for target, row in zip(found, rows.tolist(), strict=True):
            if os.preadv(self._file.fileno(), [target], row * stride) != stride:
                raise OSError(f"row {row} of the spooled logits cannot be read")
        return found


class Cache(NamedTuple):
    ids: np.ndarray  # int64 (N,)
    logits: np.ndarray | Spool  # float16 or float32 (N, C); logits[rows] gives some
    provenance: dict


def write(
    path: Path, chunks: Iterable[tuple[np.ndarray, np.ndarray]], provenance: dict, dtype: str
) -> None:
    """Write chunks of (ids (n,), logits (n, C)), each a row group, whole or not at all.

    Args:
        provenance: must hold ``classes``; ``dtype`` is added.
        dtype: "float16" or "float32", what is stored.

    Raises:
        InputError: logits that are not finite, or do not fit float16.
    """
    width = len(provenance["classes"])
    binary = pa.binary(width * DTYPES[dtype].itemsize)
    metadata = {KEY: json.dumps({**provenance, "dtype": dtype}, sort_keys=True).encode()}
    schema = pa.schema([("sample_id", pa.int64()), ("logits", binary)], metadata)
    options = {"use_dictionary": False, "compression": "none", "write_page_checksum": True}
    with whole_file(path) as part, pq.ParquetWriter(part, schema, **options) as writer:
        for ids, logits in chunks:
            with np.errstate(over="ignore"):  # an overflow is reported below
                stored = np.ascontiguousarray(logits, DTYPES[dtype])
            if stored.shape != (len(ids), width):
                raise ValueError(f"logits {stored.shape} for {len(ids)} ids, {width} classes")
            if not np.isfinite(stored).all():
                problem = f"logits that are not finite in {dtype}"
                raise InputError(path, problem, "check the teacher, or set logits.dtype: float32")
            flat = pa.py_buffer(stored)
            column = pa.FixedSizeBinaryArray.from_buffers(binary, len(ids), [None, flat])
            arrays = [pa.array(ids, pa.int64()), column]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), len(ids))


def read_provenance(path: Path) -> dict:
    """The metadata of a cache, without its rows."""
    with _open(path) as file:
        return _provenance(path, file)


def read(paths: list[Path], expect: dict) -> Cache:
    """All rows of one cache file, or of several shards of one cache.

    Args:
        expect: metadata fields that must have exactly these values.

    Raises:
        InputError: missing, damaged or foreign file; a field that differs, by name; a
            shard that is not given, or given twice.
    """
    files = [(path, _open(path)) for path in paths]
    provenance = _provenance(*files[0])
    alike = {field: provenance.get(field) for field in ("dtype", "classes", "round", "shards")}
    for path, file in files:
        found = _provenance(path, file)
        for field, value in {**alike, **expect}.items():
            if found.get(field) != value:
                problem = (
                    f"{field} is {_short(found.get(field))}, the student needs {_short(value)}"
                )
                raise InputError(path, problem, rerun("cache_logits"))
    _check_shards(files)
    rows = sum(file.metadata.num_rows for _, file in files)
    dtype, width = DTYPES[provenance["dtype"]], len(provenance["classes"])
    ids = np.empty(rows, np.int64)
    if rows * width * dtype.itemsize > SPOOL_BYTES:
        logits = Spool(rows, width, dtype)
    else:
        logits = np.empty((rows, width), dtype)
    at = 0
    for path, file in files:
        for some_ids, some_logits in _rows(path, file, dtype, width):
            ids[at : at + len(some_ids)] = some_ids
            logits[at : at + len(some_ids)] = some_logits
            at += len(some_ids)
    if len(np.unique(ids)) != rows:
        raise InputError(paths[0], "the same sample_id more than once", rerun("cache_logits"))
    return Cache(ids, logits, provenance)


def _check_shards(files: list[tuple[Path, pq.ParquetFile]]) -> None:
    """Refuse a set of files that is not one cache, each shard once."""
    shards = _provenance(*files[0]).get("shards", 1)
    seen: dict[int, Path] = {}
    for path, file in files:
        shard = _provenance(path, file).get("shard", 1)
        if shard in seen:
            raise InputError(path, f"is shard {shard} of {shards}, and so is {seen[shard]}")
        seen[shard] = path
    missing = [str(shard) for shard in range(1, shards + 1) if shard not in seen]
    if missing:
        problem = f"shard {', '.join(missing)} of {shards} is not given"
        raise InputError(f"the cache of {files[0][0]}", problem, "name every shard after --logits")


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise InputError(path, "no such file", rerun("cache_logits")) from None
    except (pa.ArrowException, OSError) as error:
        problem = f"not a whole Parquet file ({_line(error)})"
        raise InputError(path, problem, rerun("cache_logits")) from None


def _provenance(path: Path, file: pq.ParquetFile) -> dict:
    found = (file.schema_arrow.metadata or {}).get(KEY)
    if found is None or file.schema_arrow.names != ["sample_id", "logits"]:
        raise InputError(path, "is not a logit cache of distilshift", rerun("cache_logits"))
    return json.loads(found)


def _rows(
    path: Path, file: pq.ParquetFile, dtype: np.dtype, width: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    try:
        for batch in file.iter_batches(batch_size=65536):
            column = batch["logits"]
            if not pa.types.is_fixed_size_binary(column.type):
                problem = f"logits are {column.type}, not fixed-width binary"
                raise InputError(path, problem, rerun("cache_logits"))
            if column.type.byte_width != width * dtype.itemsize:
                problem = f"{column.type.byte_width} bytes a row for {width} {dtype.name}"
                raise InputError(path, problem, rerun("cache_logits"))
            flat = np.frombuffer(column.buffers()[1], dtype)
            start = column.offset * width
            values = flat[start : start + len(column) * width].reshape(len(column), width)
            yield batch["sample_id"].to_numpy(), values
    except (pa.ArrowException, OSError) as error:
        raise InputError(path, f"damaged ({_line(error)})", rerun("cache_logits")) from None


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
