"""What a cache keeps of a row of logits where it does not keep all: the largest, or draws.

``top<k>`` is the k largest log-probabilities, their classes, and the logarithm of what is left
for the others; read again, the rest is spread evenly over them. ``sample<n>`` is n classes drawn
from the probabilities, with replacement; read again, a class has the share of the draws that fell
on it. The first is near and errs the same way each time: rare classes of a row are made alike. The
second errs at random and not in the mean: E[count / n] = p, so that a loss which is linear in p
has the gradient that all of p would give, in expectation.

Source: Anshumann et al., "Sparse Logit Sampling: Accelerating Knowledge Distillation in LLMs",
arXiv:2503.16870, sections 3 and 4; the proposal here is p itself, with which its importance
weights are one.
"""

import re
from typing import NamedTuple

from distilshift.errors import InputError

import numpy as np
from scipy.special import log_softmax, logsumexp

CLASS = np.dtype("<u2")
NEVER = -70.0  # log-probability of a class on which no draw fell: less than float32 can add to 1


class Keep(NamedTuple):
    """How much of a row is kept.

    Args:
        kind: top or sample.
        count: the largest classes, or the draws.
        classes: C.
        dtype: float16 or float32, of log-probabilities.
    """

    kind: str
    count: int
    classes: int
    dtype: np.dtype

    @property
    def width(self) -> int:
        """Bytes a row."""
        values = self.count + 1 if self.kind == "top" else 0
        return self.count * CLASS.itemsize + values * self.dtype.itemsize


def parsed(text: str, classes: int, dtype: np.dtype) -> Keep | None:
    """``top<k>`` or ``sample<n>``; None of ``all``.

    Raises:
        InputError: it is none of these, keeps as many classes as there are, or there are more than
            two bytes can number.
    """
    if text == "all":
        return None
    found = re.fullmatch(r"(top|sample)([1-9]\d*)", text)
    if not found:
        problem = f"must be all, top<k> such as top10 or sample<n> such as sample25, got {text}"
        raise InputError("logits.keep", problem)
    keep = Keep(found[1], int(found[2]), classes, dtype)
    if keep.kind == "top" and keep.count >= classes:
        raise InputError("logits.keep", f"{text} of {classes} classes is all of them", "set all")
    if classes > np.iinfo(CLASS).max + 1:
        raise InputError("logits.keep", f"numbers 65,536 classes, here are {classes}", "set all")
    return keep


def pack(
    keep: Keep, logits: np.ndarray, ids: np.ndarray, view: np.ndarray | int, seed: int
) -> np.ndarray:
    """Rows of logits (n, C) as bytes uint8 (n, ``keep.width``).

    Args:
        ids: of the samples (n,) int64; with the view and the seed they say what is drawn, so that
            a shard, or a job that begins anew, draws the same.
    """
    if keep.kind == "sample":
        return _bytes(np.sort(draws(keep, logits, ids, view, seed), 1).astype(CLASS))
    classes = np.argsort(-logits, axis=1, kind="stable")[:, : keep.count]
    values = np.maximum(_largest(logits, classes), np.finfo(keep.dtype).min)
    return np.concatenate([_bytes(classes.astype(CLASS)), _bytes(values.astype(keep.dtype))], 1)


def _largest(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Log-probabilities (n, k + 1) of these classes (n, k), and of all others together."""
    log_p = log_softmax(logits.astype(np.float64), axis=1)
    shown = np.take_along_axis(log_p, classes, 1)
    others = log_p.copy()
    np.put_along_axis(others, classes, -np.inf, 1)
    return np.concatenate([shown, logsumexp(others, axis=1, keepdims=True)], 1)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def draws(
    keep: Keep, logits: np.ndarray, ids: np.ndarray, view: np.ndarray | int, seed: int
) -> np.ndarray:
    """Classes (n, ``keep.count``) drawn from softmax(logits), with replacement."""
    p = np.exp(log_softmax(logits.astype(np.float64), axis=1))
    below = p.cumsum(1)[:, :-1]  # draws beyond it are of the last class
    uniform = _uniform(ids, np.broadcast_to(view, ids.shape), keep.count, seed)
    # a draw at a time: (n, count, C) would be large
    return np.stack([(one[:, None] >= below).sum(1) for one in uniform.T], 1)


def _uniform(ids: np.ndarray, view: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Numbers (n, count) in [0, 1), functions of the sample, its view and their place alone.

    Source: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), as a hash of a counter.
    """
    with np.errstate(over="ignore"):
        key = _mixed(np.array([seed], np.uint64))
        rows = _mixed(_mixed(ids.astype(np.uint64) ^ key) + view.astype(np.uint64))
        mixed = _mixed(rows[:, None] + np.arange(1, count + 1, dtype=np.uint64))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53


def _mixed(values: np.ndarray) -> np.ndarray:
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def unpack(keep: Keep, packed: np.ndarray) -> np.ndarray:
    """Log-probabilities float32 (n, C) of bytes uint8 (n, ``keep.width``)."""
    classes, values = _parts(keep, packed)
    rows = np.arange(len(packed))[:, None]
    if keep.kind == "sample":
        counts = np.zeros((len(packed), keep.classes), np.float32)
        np.add.at(counts, (rows, classes), 1)
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(counts / keep.count), NEVER)
    rest = values[:, -1:] - np.float32(np.log(keep.classes - keep.count))
    dense = np.repeat(rest, keep.classes, 1)
    np.put_along_axis(dense, classes, values[:, :-1], 1)
    return dense


def _parts(keep: Keep, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes (n, count) int64, and of ``top`` the values float32 (n, count + 1)."""
    ends = keep.count * CLASS.itemsize
    classes = np.ascontiguousarray(packed[:, :ends]).view(CLASS).astype(np.int64)
    if keep.kind == "sample":
        return classes, np.empty((len(packed), 0), np.float32)
    return classes, np.ascontiguousarray(packed[:, ends:]).view(keep.dtype).astype(np.float32)


def apart(
    keep: Keep,
    packed: np.ndarray,
    logits: np.ndarray,
    ids: np.ndarray,
    view: np.ndarray,
    seed: int,
) -> float:
    """How far kept rows are from those of the same logits, computed again: 0 where they are.

    Of ``top`` the largest difference of log-probabilities of the kept classes, or by how much one
    that was left out is above one that was kept, over the largest of them. Of ``sample`` the
    share of draws that fell elsewhere; one of all may, where rounding moved a bound between two
    classes over it.
    """
    classes, values = _parts(keep, packed)
    if keep.kind == "top":
        again = _largest(logits, classes)
        others = logits.astype(np.float64).copy()
        least = np.take_along_axis(others, classes, 1).min(1)
        np.put_along_axis(others, classes, -np.inf, 1)
        off = max(np.abs(values - again).max(), (others.max(1) - least).max())
        return float(off / np.abs(again).max())
    again = np.sort(draws(keep, logits, ids, view, seed), 1)
    return float(max(0, (again != classes).sum() - 1) / classes.size)


class Packed:
    """Rows (N, C) of log-probabilities that are kept as bytes and read by row."""

    def __init__(self, keep: Keep, room: object):
        self.keep, self.room = keep, room
        self.shape, self.dtype = (len(room), keep.classes), np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.room)

    def __setitem__(self, rows: slice, packed: np.ndarray) -> None:
        self.room[rows] = packed

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Those rows, in that order: (n, C)."""
        return unpack(self.keep, self.room[rows])
