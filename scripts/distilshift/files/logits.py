"""The logit cache: a Parquet file of raw teacher logits that knows where it comes from.

One row a sample: ``sample_id`` (int64) and ``logits``, the C numbers of that sample as
fixed-width little-endian binary (2C or 4C bytes). That reads at memory speed; a list
column is ten times slower (benchmarks/logits_format.py). Elsewhere:

    table = pandas.read_parquet("logits.parquet")
    logits = numpy.frombuffer(b"".join(table["logits"]), "<f4").reshape(len(table), -1)

A cache of V augmented views besides the plain one has a row a sample and view, and more
columns: ``view`` (int32, 0 is the plain row) and the parameters that made it, by the names
that the kind of data has for them (float32; of images ``angle``, ``zoom``, ``right``,
``down``). What a view is stands there and nowhere else: nobody draws it again from a seed.

A cache may hold the teacher's features too, what its head reads: ``features``, D numbers
as fixed-width binary like the logits; then D stands in the metadata as ``features``.

Where ``keep`` in the metadata is ``top<k>`` or ``sample<n>``, ``logits`` are the bytes of
``kept``, which come back as log-probabilities.

The file's metadata, key ``distilshift``, is JSON: teacher and inputs by sha256, class
names, preprocessing, ``views`` V and what they were drawn from, the model's mode, dtype,
versions. The reader refuses a cache whose metadata is not what the student was asked to
learn from.

A cache may be cut into shards, files alike that hold ranges of the samples, each with all
its views: ``shard`` k of ``shards`` K. They are never joined on disk; the reader takes all
of them, in any order.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError, rerun
from distilshift.files import kept, parquet

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEY = b"distilshift"
DTYPES = {"float16": np.dtype("<f2"), "float32": np.dtype("<f4")}
SPOOL_BYTES = 2**28  # a larger column is spooled to disk, see Spool


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


class Rows(NamedTuple):
    """What is written or read at a time."""

    ids: np.ndarray  # int64 (n,)
    logits: np.ndarray  # (n, C)
    view: int | np.ndarray = 0  # one, or (n,)
    parameters: np.ndarray | None = None  # float32 (n, P); none for the plain inputs
    features: np.ndarray | None = None  # (n, D), where the cache holds them


class Cache(NamedTuple):
    """Row ``rows[v, i]`` of ``logits`` and ``parameters`` is view v of sample ``ids[i]``."""

    ids: np.ndarray  # int64 (N,)
    logits: np.ndarray | Spool | kept.Packed  # floats (N (1 + V), C); logits[rows] gives some
    provenance: dict
    rows: np.ndarray  # int64 (1 + V, N)
    parameters: np.ndarray | Spool | None  # float32 (N (1 + V), P); none where V is 0
    features: np.ndarray | Spool | None = None  # (N (1 + V), D), where it holds them


def write(path: Path, chunks: Iterable[tuple], provenance: dict, dtype: str) -> None:
    """Write chunks, each ``Rows`` and a row group, whole or not at all.

    Args:
        provenance: must hold ``classes`` and, if there are views, ``views`` and
            ``parameters``, the names of what makes one; ``features``, their width, if there
            are any; ``dtype`` is added.
        dtype: "float16" or "float32", what is stored.

    Raises:
        InputError: logits or features that are not finite, or do not fit float16.
    """
    width, names = len(provenance["classes"]), _parameters(provenance)
    deep, keep = provenance.get("features", 0), keeping(provenance, dtype)
    binary, hidden = (pa.binary(n * DTYPES[dtype].itemsize) for n in (width, deep or 1))
    if keep:
        binary = pa.binary(keep.width)
    metadata = {KEY: json.dumps({**provenance, "dtype": dtype}, sort_keys=True).encode()}
    fields = [("sample_id", pa.int64()), ("logits", binary)]
    fields += [("features", hidden)] * bool(deep)
    if names:
        fields += [("view", pa.int32()), *((name, pa.float32()) for name in names)]
    schema = pa.schema(fields, metadata)
    options = {"use_dictionary": False, "compression": "none"}
    if keep:  # least and largest bytes of a row group say nothing, and take room
        options |= {"write_statistics": False}
    with parquet.writing(path, schema, **options) as writer:
        for chunk in chunks:
            ids, logits, view, parameters, features = Rows(*chunk)
            stored = _column(path, "logits", logits, width, dtype)
            if keep:
                stored = _binary(kept.pack(keep, logits, ids, view, drawn_by(provenance)))
            arrays = [pa.array(ids, pa.int64()), stored]
            if deep:
                arrays += [_column(path, "features", features, deep, dtype)]
            if len(arrays[1]) != len(ids) or len(arrays[-1]) != len(ids):
                raise ValueError(f"{len(arrays[1])} logits for {len(ids)} ids")
            if names:
                if parameters is None:
                    parameters = np.zeros((len(ids), len(names)), np.float32)
                arrays += [pa.array(np.full(len(ids), view, np.int32))]
                arrays += [pa.array(values, pa.float32()) for values in parameters.T]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), len(ids))


def _column(path: Path, name: str, values: np.ndarray, width: int, dtype: str) -> pa.Array:
    """Numbers (n, width) as fixed-width binary."""
    with np.errstate(over="ignore"):  # an overflow is reported below
        stored = np.ascontiguousarray(values, DTYPES[dtype])
    if stored.ndim != 2 or stored.shape[1] != width:
        raise ValueError(f"{name} {stored.shape}, expected {width} a row")
    if not np.isfinite(stored).all():
        problem = f"{name} that are not finite in {dtype}"
        raise InputError(path, problem, "check the teacher, or set logits.dtype: float32")
    return _binary(stored)


def _binary(rows: np.ndarray) -> pa.Array:
    """The bytes of each row."""
    flat = [None, pa.py_buffer(np.ascontiguousarray(rows))]
    width = rows.shape[1] * rows.itemsize
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(rows), flat)


def keeping(provenance: dict, dtype: str) -> kept.Keep | None:
    """What a cache keeps of a row; None where that is all."""
    found = provenance.get("keep", "all")
    return kept.parsed(found, len(provenance["classes"]), DTYPES[dtype])


def drawn_by(provenance: dict) -> int:
    """The seed of a cache's draws: a student of each seed, in each round, learns from others."""
    of = json.dumps([provenance.get(name) for name in ("seed", "round", "adaptation")])
    return int.from_bytes(hashlib.sha256(of.encode()).digest()[:8], "big")


def file_sha256(path: Path) -> str:
    """Of a file that a user brought: what a cache made from it says it is of."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(path, "no such file", "see adaptations in the config") from None


def views_drawn(views: int, parameters: Sequence[str], ranges: dict, seed: int) -> dict:
    """The metadata of a cache's views: how many, and with what they were drawn.

    Args:
        parameters: the names of the numbers that make a view.
        ranges: what they are drawn from.
        seed: of the student whose views they are.
    """
    if views == 0:
        return {"views": 0}
    drawn = {"augmentation": ranges, "views_seed": seed}
    return {"views": views, "parameters": list(parameters), **drawn}


def _parameters(provenance: dict) -> list[str]:
    """The names of the numbers that make a view; none, where there are no views."""
    return provenance["parameters"] if provenance.get("views", 0) else []


def read_provenance(path: Path) -> dict:
    """The metadata of a cache, without its rows."""
    with _open(path) as file:
        return _provenance(path, file)


def read(
    paths: list[Path], expect: dict, ids: np.ndarray | None = None, part: bool = False
) -> Cache:
    """All rows of one cache file, or of several shards of one cache.

    Args:
        expect: metadata fields that must have exactly these values.
        ids: the samples (N,) the cache must hold, in the order in which they are to come;
            those of the plain view as they lie in the files, if not given.
        part: whether some of a cache's shards will do.

    Raises:
        InputError: missing, damaged or foreign file; a field that differs, by name; a
            shard that is not given, or given twice; a sample too many, or too few.
    """
    files = [(path, _open(path)) for path in paths]
    provenance = _provenance(*files[0])
    same = ("dtype", "classes", "round", "shards", "views", "parameters", "features", "keep")
    alike = {field: provenance.get(field) for field in same}
    for path, file in files:
        found = _provenance(path, file)
        for field, value in {**alike, **expect}.items():
            if found.get(field) != value:
                problem = _difference(field, found.get(field), value)
                raise InputError(path, problem, rerun("cache_logits"))
    _check_shards(files, part)
    count, views = sum(file.metadata.num_rows for _, file in files), provenance.get("views", 0)
    dtype, width = DTYPES[provenance["dtype"]], len(provenance["classes"])
    found_ids, found_views = np.empty(count, np.int64), np.zeros(count, np.int32)
    keep = keeping(provenance, provenance["dtype"])
    if keep:
        logits = kept.Packed(keep, _room(count, keep.width, np.dtype("u1")))
    else:
        logits = _room(count, width, dtype)
    names = _parameters(provenance)
    parameters = _room(count, len(names), np.dtype("<f4")) if views else None
    deep = provenance.get("features", 0)
    features = _room(count, deep, dtype) if deep else None
    at = 0
    for path, file in files:
        for some in _rows(path, file, dtype, width, names, deep, keep):
            to = slice(at, at + len(some.ids))
            found_ids[to], logits[to] = some.ids, some.logits
            if views:
                found_views[to], parameters[to] = some.view, some.parameters
            if deep:
                features[to] = some.features
            at = to.stop
    if ids is None:
        ids = found_ids[found_views == 0]
    rows = _places(paths[0], found_ids, found_views, ids, views)
    return Cache(ids, logits, provenance, rows, parameters, features)


def _room(rows: int, width: int, dtype: np.dtype) -> np.ndarray | Spool:
    """Where a column is kept: in memory, or on the disk if it is large."""
    if rows * width * dtype.itemsize > SPOOL_BYTES:
        return Spool(rows, width, dtype)
    return np.empty((rows, width), dtype)


def _places(
    path: Path, found: np.ndarray, view: np.ndarray, ids: np.ndarray, views: int
) -> np.ndarray:
    """The row (1 + V, N) of each view of each sample, every one there once."""
    if len(ids) == 0:
        raise InputError(path, "holds no plain view of any sample", rerun("cache_logits"))
    order = np.argsort(ids, kind="stable")
    twice = ids[order][1:] == ids[order][:-1]
    place = order[np.searchsorted(ids, found, sorter=order).clip(max=len(ids) - 1)]
    strange = ids[place] != found
    if strange.any():
        problem = f"sample_id {found[strange.argmax()]} is not among the inputs"
        raise InputError(path, problem, "check the flags")
    rows = np.full((1 + views, len(ids)), -1)
    outside = (view < 0) | (view > views)
    if not outside.any():
        rows[view, place] = np.arange(len(found))
    if twice.any() or outside.any() or len(found) > (rows >= 0).sum():
        problem = "the same sample_id more than once in a view"
        raise InputError(path, problem, rerun("cache_logits"))
    if (rows < 0).any():
        lacking, sample = np.argwhere(rows < 0)[0]
        problem = f"sample_id {ids[sample]} has no logits of view {lacking}"
        raise InputError(path, problem, rerun("cache_logits"))
    return rows


def _check_shards(files: list[tuple[Path, pq.ParquetFile]], part: bool) -> None:
    """Refuse a set of files that is not one cache (or part of it), each shard once."""
    shards = _provenance(*files[0]).get("shards", 1)
    seen: dict[int, Path] = {}
    for path, file in files:
        shard = _provenance(path, file).get("shard", 1)
        if shard in seen:
            raise InputError(path, f"is shard {shard} of {shards}, and so is {seen[shard]}")
        seen[shard] = path
    missing = [str(shard) for shard in range(1, shards + 1) if shard not in seen]
    if missing and not part:
        problem = f"shard {', '.join(missing)} of {shards} is not given"
        raise InputError(f"the cache of {files[0][0]}", problem, "name every shard after --logits")


def _open(path: Path) -> pq.ParquetFile:
    return parquet.opened(path, "cache_logits")


def _provenance(path: Path, file: pq.ParquetFile) -> dict:
    metadata = (file.schema_arrow.metadata or {}).get(KEY)
    found = json.loads(metadata) if metadata else {}
    named = _parameters(found)
    columns = ["sample_id", "logits", *["features"] * bool(found.get("features"))]
    columns += ["view", *named] if named else []
    if not found or file.schema_arrow.names != columns:
        raise InputError(path, "is not a logit cache of distilshift", rerun("cache_logits"))
    return found


def _rows(
    path: Path,
    file: pq.ParquetFile,
    dtype: np.dtype,
    width: int,
    names: list[str],
    deep: int,
    keep: kept.Keep | None,
) -> Iterator[Rows]:
    with parquet.failing_clearly(path, "cache_logits"):
        for batch in file.iter_batches(batch_size=8192):
            how = (np.dtype("u1"), keep.width) if keep else (dtype, width)
            values = _numbers(path, "logits", batch, *how)
            seen = {}
            if names:
                drawn = np.stack([batch[name].to_numpy() for name in names], 1)
                seen = {"view": batch["view"].to_numpy(), "parameters": drawn}
            if deep:
                seen["features"] = _numbers(path, "features", batch, dtype, deep)
            yield Rows(batch["sample_id"].to_numpy(), values, **seen)


def _numbers(
    path: Path, name: str, batch: pa.RecordBatch, dtype: np.dtype, width: int
) -> np.ndarray:
    """The numbers (n, width) of a column of fixed-width binary."""
    column = batch[name]
    if not pa.types.is_fixed_size_binary(column.type):
        problem = f"{name} are {column.type}, not fixed-width binary"
        raise InputError(path, problem, rerun("cache_logits"))
    if column.type.byte_width != width * dtype.itemsize:
        problem = f"{column.type.byte_width} bytes a row for {width} {dtype.name}"
        raise InputError(path, problem, rerun("cache_logits"))
    flat, start = np.frombuffer(column.buffers()[1], dtype), column.offset * width
    return flat[start : start + len(column) * width].reshape(len(column), width)


def _difference(field: str, found: object, wanted: object) -> str:
    """How two values of a field differ; of two groups, the first of their fields that does."""
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        name = next(name for name in found if found[name] != wanted[name])
        return _difference(f"{field}.{name}", found[name], wanted[name])
    return f"{field} is {_short(found)}, the student needs {_short(wanted)}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
