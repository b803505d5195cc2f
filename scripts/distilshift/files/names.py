"""What its source calls each row: the path of its file, the number of its line.

Kept beside the ids as two arrays, all names in UTF-8 one after the other and where each
ends: a million of them are mapped as the inputs are, and no object a name is made.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

Names = Sequence[str] | pa.LargeStringArray
TEXT, ENDS = "names", "name_ends"  # uint8 (bytes,), int64 (N,)


def stored(names: Names) -> dict[str, np.ndarray]:
    """The two arrays of N names.

    A name that is no Unicode, as a file's may be, is kept with its odd bytes spelt out.
    """
    if not isinstance(names, pa.LargeStringArray):
        whole = (name.encode("utf-8", "backslashreplace").decode() for name in names)
        names = pa.array(whole, pa.large_string())
    if len(names) == 0:
        return {TEXT: np.empty(0, np.uint8), ENDS: np.empty(0, np.int64)}
    _, edges, text = names.buffers()
    edges = np.frombuffer(edges, np.int64)[names.offset : names.offset + len(names) + 1]
    text = np.frombuffer(text or b"", np.uint8)[edges[0] : edges[-1]]
    return {TEXT: text, ENDS: edges[1:] - edges[0]}


def joined(parts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The two arrays of several runs of names, one after the other."""
    parts = [stored([]), *parts]
    begins = np.cumsum([0, *(len(part[TEXT]) for part in parts)])
    ends = [part[ENDS] + begin for part, begin in zip(parts, begins, strict=False)]
    return {TEXT: np.concatenate([part[TEXT] for part in parts]), ENDS: np.concatenate(ends)}


def of(content: Mapping[str, np.ndarray]) -> pa.LargeStringArray:
    """The names (N,) of a file's rows; where their source has none, the ids as text."""
    if TEXT not in content:
        return pa.array(content["ids"]).cast(pa.large_string())
    edges = np.concatenate([[0], content[ENDS]]).astype(np.int64)
    buffers = pa.py_buffer(edges), pa.py_buffer(np.ascontiguousarray(content[TEXT]))
    return pa.LargeStringArray.from_buffers(len(edges) - 1, *buffers)
