"""Which rows are near which: kept by id, found again by place, refused of other files."""

from distilshift.errors import InputError
from distilshift.files import neighbours

import numpy as np
import pytest

SOURCE, TARGET = ("source", "test"), ("target", "train")
INPUTS, TEACHERS = {SOURCE: "aa", TARGET: "bb"}, {3: "cc", 7: "dd"}


@pytest.fixture
def kept(tmp_path):
    """A file of two halves and two seeds, whose rows are not in the order of their ids."""
    draw = np.random.default_rng(0)
    found = {}
    for half, count in ((SOURCE, 5), (TARGET, 8)):
        for seed in TEACHERS:
            ids = draw.permutation(100)[:count]
            nearest = np.stack([draw.permutation(np.delete(ids, at))[:3] for at in range(count)])
            found[half, seed] = neighbours.Neighbours(ids, nearest)
    path = tmp_path / "neighbours.parquet"
    neighbours.write(path, found, INPUTS, TEACHERS)
    return path, found


def test_what_was_written_is_read(kept):
    path, found = kept
    read = neighbours.read(path, INPUTS, TEACHERS)
    assert read.keys() == found.keys()
    for key, one in found.items():
        assert np.array_equal(read[key].ids, one.ids)
        assert np.array_equal(read[key].nearest, one.nearest)


def test_places_are_those_of_the_ids(kept):
    _, found = kept
    for one in found.values():
        assert np.array_equal(one.ids[one.places(one.ids)], one.nearest)
    by_hand = neighbours.Neighbours(np.array([9, 2, 5]), np.array([[5], [9], [2]]))
    assert by_hand.places(np.array([9, 2, 5])).tolist() == [[2], [0], [1]]


@pytest.mark.parametrize(
    ("inputs", "teachers", "message"),
    [
        ({**INPUTS, TARGET: "zz"}, TEACHERS, "inputs target train: sha256 is bb, expected zz"),
        ({**INPUTS, SOURCE: "zz"}, TEACHERS, "inputs source test: sha256 is aa, expected zz"),
        (INPUTS, {**TEACHERS, 7: "zz"}, "teachers 7: sha256 is dd, expected zz"),
        (INPUTS, {**TEACHERS, 8: "ee"}, "teachers 8: sha256 is None, expected ee"),
    ],
)
def test_those_of_other_inputs_or_teachers_are_refused(kept, inputs, teachers, message):
    path, _ = kept
    with pytest.raises(InputError, match=message) as error:
        neighbours.read(path, inputs, teachers)
    assert "rerun the rule find_neighbours" in str(error.value)
