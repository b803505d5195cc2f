"""The cache of teacher's logits that a student learns from, held against what it must be of."""

from pathlib import Path

from distilshift.data import kinds
from distilshift.errors import InputError
from distilshift.files import headers, logits
from distilshift.learning.settings import Method
from distilshift.learning.training import Views


def is_own(path: Path) -> bool:
    """Whether a teacher is a file of logits that the user brought."""
    return path.suffix == ".parquet"


def load(
    files: list[Path], of: list[Path], method: Method, views: Views, seed: int
) -> logits.Cache:
    """The cache of one student, in the order of the rows.

    Args:
        files: the cache, or its shards.
        of: the teacher it must be of, or the several teachers.

    Raises:
        InputError: it is not of this teacher, these rows, this student's views.
    """
    data = views.data
    teachers = [
        logits.file_sha256(path)
        if is_own(path)
        else headers.read_header(path, "weights", "adapt_teacher")["sha256"]
        for path in of
    ]
    expect = {
        "teacher_sha256": teachers if len(teachers) > 1 else teachers[0],
        "inputs_sha256": data.header["sha256"],
        "classes": data.classes,
    }
    if not any(map(is_own, of)):  # else nobody knows
        expect |= {"preprocessing": data.kind.views.PREPROCESSING, "mode": "eval"}
    if method.views == "replayed":
        count = logits.read_provenance(files[0]).get("views", 0)
        if count == 0:
            problem = "holds no views to replay"
            raise InputError(files[0], problem, "set logits.views in the config")
        names = kinds.parameters(data.kind.views, views.ranges)
        expect |= logits.views_drawn(count, names, views.ranges.facts(), seed)
    cache = logits.read(files, expect, data.ids.numpy())
    if cache.provenance.get("keep", "").startswith("sample") and method.views != "online":
        method.check_draws(cache.provenance["keep"])
    return cache
