"""Logits that a user brings: a Parquet file of any of a few forms, and what its numbers are.

Whoever computed them may have kept something else under that name: probabilities,
percentages, labels as one-hot rows, rows never filled in. None of these fails by itself,
and a student would learn from the wrong numbers; so each is recognised and refused.
"""

import unicodedata
from pathlib import Path
from typing import NamedTuple

from distilshift.errors import InputError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LOGITS, PROBABILITIES = MEANINGS = ("logits", "probabilities")
KEYS = ("sample_id", "name")
INPUTS = "inputs_sha256"  # key of the file's metadata, if it says which inputs it is of
ROUNDED = 0.05  # how far from 1 a row of probabilities may add up to: they are often rounded
LEAST = 1e-8  # what a probability of 0 counts as, or the file's smallest if that is less
LOOKED_AT = 10_000  # rows, to tell what a file holds
ALL = "give exactly the rows of the inputs, each once"


class Own(NamedTuple):
    path: Path
    key: str  # sample_id or name
    keys: np.ndarray  # (N,) int64, or texts
    values: np.ndarray  # float64 (N, C)
    columns: list[str]  # what each of the C is called
    inputs: str | None = None  # sha256 of the inputs that it says it is of

    def row(self, number: int) -> str:
        return f"{self.key} {self.keys[number]}"


def read(path: Path, classes: list[str]) -> Own:
    """A file of any of the forms, its numbers as they are.

    Raises:
        InputError: none of the forms, by column; a value that is missing, by row.
    """
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except FileNotFoundError:
        raise InputError(path, "no such file", "see adaptations in the config") from None
    except (pa.ArrowException, OSError) as error:
        problem = f"not a whole Parquet file ({str(error).splitlines()[0][:120]})"
        raise InputError(path, problem) from None
    # a class is spelt as datasets spell it: an é is one letter
    names = [unicodedata.normalize("NFC", name) for name in table.column_names]
    table = table.rename_columns(names).replace_schema_metadata(table.schema.metadata)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(path, f"has the column {twice[0]} {names.count(twice[0])} times")
    key, keys = _keys(path, table)
    said = (table.schema.metadata or {}).get(INPUTS.encode())
    inputs = None if said is None else said.decode("utf-8", "replace")
    given = [name for name in names if name != key]
    if sorted(given) == sorted(classes):
        columns = [_numbers(path, name, table[name], key, keys) for name in classes]
        values = np.stack(columns, 1)
    elif given == ["logits"]:
        values = _lists(path, table["logits"].combine_chunks(), len(classes), key, keys)
    elif given == ["logit"] and len(classes) == 2:
        value = _numbers(path, "logit", table["logit"], key, keys)
        return Own(path, key, keys, value[:, None], ["logit"], inputs)
    else:
        allowed = f"{key} and logits, or {key} and {_some(classes)}"
        raise InputError(path, f"has the columns {_some(names)}; allowed: {allowed}")
    return Own(path, key, keys, values, classes, inputs)


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _keys(path: Path, table: pa.Table) -> tuple[str, np.ndarray]:
    """The column that says which row is whose, and what it holds."""
    for key in (key for key in KEYS if key in table.column_names):
        column = table[key]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        texts = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if texts if key == "name" else pa.types.is_integer(column.type):
            if column.null_count:
                row = pc.index(pc.is_null(column), pa.scalar(True)).as_py()
                raise InputError(path, f"row {row} (from 0) has no {key}", ALL)
            return key, column.to_numpy() if texts else column.to_numpy().astype(np.int64)
    found = [f"{name} ({table[name].type})" for name in table.column_names]
    problem = f"has no integer column sample_id and no column name of texts; it has {_some(found)}"
    raise InputError(path, problem)


def _numbers(
    path: Path, name: str, column: pa.ChunkedArray | pa.Array, key: str, keys: np.ndarray
) -> np.ndarray:
    """A numeric column, its rows called ``keys`` each as often as it has rows of theirs."""
    kind = column.type
    if column.null_count:
        row = pc.index(pc.is_null(column), pa.scalar(True)).as_py() * len(keys) // len(column)
        raise InputError(path, f"{key} {keys[row]} has no value in column {name}", ALL)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise InputError(path, f"column {name} is {kind}, not numbers")
    return column.to_numpy().astype(np.float64)


def _lists(path: Path, lists: pa.Array, width: int, key: str, keys: np.ndarray) -> np.ndarray:
    """A column of lists as (N, C)."""
    kind = lists.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not (is_list or pa.types.is_fixed_size_list(kind)):
        raise InputError(path, f"column logits is {kind}, not a list of numbers")
    if lists.null_count:
        row = pc.index(pc.is_null(lists), pa.scalar(True)).as_py()
        raise InputError(path, f"{key} {keys[row]} has no value in column logits", ALL)
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    wrong = lengths != width
    if wrong.any():
        found = f"{lengths[wrong][0]} logits, the inputs have {width} classes"
        raise InputError(path, f"{key} {keys[wrong.argmax()]} has {found}")
    return _numbers(path, "logits", lists.flatten(), key, keys).reshape(-1, width)


def check_inputs(own: Own, sha256: str, path: Path) -> None:
    """Refuse logits of other inputs, where their file says of which they are.

    Ids are row numbers of a dataset: of one whose rows were sorted anew, each is there still,
    and another row's.

    Args:
        sha256: of the inputs at ``path``.
    """
    if own.inputs not in (None, sha256):
        found = f"{INPUTS} is {own.inputs[:12]} and that of {path} {sha256[:12]}"
        raise InputError(own.path, f"is of other inputs: its {found}", "compute it again, of these")


def rows_of(own: Own, wanted: np.ndarray) -> np.ndarray:
    """The row of each sample that is wanted, (N,), where every one is there exactly once.

    Args:
        wanted: ids or names (N,) of the inputs.
    """
    asked, times = np.unique(wanted, return_counts=True)
    if (times > 1).any():
        problem = f"{own.key} {asked[times > 1][0]} is that of several inputs"
        raise InputError(own.path, problem, "give sample_id instead")
    known, counts = np.unique(own.keys, return_counts=True)
    for problem, keys in {
        "is there more than once": known[counts > 1],
        "is not among the inputs": np.setdiff1d(known, asked),
        "has no logits": np.setdiff1d(asked, known),
    }.items():
        if len(keys):
            more = f" ({len(keys)} such)" if len(keys) > 1 else ""
            remedy = ALL if own.key == "sample_id" else f"{ALL}; {wanted[0]} is one"
            raise InputError(own.path, f"{own.key} {keys[0]} {problem}{more}", remedy)
    return np.argsort(own.keys)[np.searchsorted(known, wanted)]


def to_logits(own: Own, meaning: str, largest: float, dtype: str) -> np.ndarray:
    """Logits (N, C) float64 of what the user says the numbers are.

    Of probabilities the logarithm: a softmax of it gives them back.

    Args:
        meaning: one of ``MEANINGS``.
        largest: what ``dtype``, the type of the cache, can hold.

    Raises:
        InputError: the numbers are not what they are said to be, or too large.
    """
    values = own.values
    odd = ~(np.abs(values) <= largest)  # nan too
    if odd.any():
        row, column = np.argwhere(odd)[0]
        value, limit = values[row, column], f"{dtype} holds up to {largest:.4g}"
        remedy = "set logits.dtype: float32" if dtype == "float16" else ""
        what = limit if np.isfinite(value) else "which is no number"
        problem = f"{own.row(row)} has {value:g} for {own.columns[column]}, {what}"
        raise InputError(own.path, problem, remedy if np.isfinite(value) else "compute it again")
    if meaning == PROBABILITIES:
        return _of_probabilities(own)
    _check_logits(own)
    if own.columns == ["logit"]:
        return np.concatenate([np.zeros_like(values), values], 1)
    return values


def _of_probabilities(own: Own) -> np.ndarray:
    values, total = own.values, own.values.sum(1)
    if own.columns == ["logit"]:
        raise InputError(own.path, "column logit is declared as probabilities", "one a class, then")
    wrong = (values < 0).any(1) | (np.abs(total - 1) > ROUNDED)
    if wrong.any():
        row = wrong.argmax()
        remedy = "divide percentages by 100" if _mostly(_adds_up(values, 100)) else ""
        least = values[row].min()
        found = f"add up to {total[row]:.4g}" if least >= 0 else f"hold {least:.4g}"
        problem = f"probabilities of {own.row(row)} {found} ({wrong.sum()} such rows)"
        raise InputError(own.path, problem, remedy)
    return np.log(np.maximum(values, min(LEAST, values[values > 0].min())))


def _adds_up(values: np.ndarray, whole: float) -> np.ndarray:
    """Which rows (N,) are parts of a whole."""
    return (values >= 0).all(1) & (np.abs(values.sum(1) - whole) <= ROUNDED * whole)


def _mostly(rows: np.ndarray) -> bool:
    return rows.mean() > 0.5


def _check_logits(own: Own) -> None:
    """Refuse numbers that are something else than logits, or nothing.

    Log-probabilities are logits. A logit may be any number, so it is the file as a whole
    that tells: more than half of the rows must look wrong, of some thousand of those that
    say something.
    """
    values = own.values
    one_logit = own.columns == ["logit"]
    # one logit of 0 is a probability of 1/2
    blank = values[:, 0] == 0 if one_logit else values.max(1) == values.min(1)
    told = np.flatnonzero(~blank)
    told = values[told[:: len(told) // LOOKED_AT + 1]]
    declare = f"declare as: {PROBABILITIES}"
    with np.errstate(over="ignore"):
        surprise = (told >= 0).all(1) & (np.abs(np.exp(-told).sum(1) - 1) <= ROUNDED)
    shares = ((told >= 0) & (told <= 1)).all(1)
    one_hot = ((told == 0) | (told == told.max(1, keepdims=True, initial=-np.inf))).all(1)
    looks = {
        "labels as one-hot rows": (_adds_up(told, 1) & one_hot, declare),
        "probabilities": (_adds_up(told, 1), declare),
        "percentages": (_adds_up(told, 100), f"divide them by 100 and {declare}"),
        "log-probabilities with the wrong sign": (surprise, "multiply by -1"),
        "scores from 0 to 1, perhaps of a sigmoid": (shares, "give log p / (1 - p)"),
    }
    if one_logit:
        looks = {"probabilities": (shares, "give log p / (1 - p)")}
    for what, (rows, remedy) in looks.items():
        if len(told) and _mostly(rows):
            problem = f"holds {what}, not logits ({rows.sum()} of {len(rows)} rows)"
            raise InputError(own.path, problem, remedy)
    if blank.all() if one_logit else blank.any():
        row = blank.argmax()
        problem = f"{own.row(row)} has {values[row, 0]:g} for every class ({blank.sum()} such rows)"
        raise InputError(own.path, problem, "such a row says nothing; compute it")
