"""Drawings of several hands, on made packages of the true formats."""

import hashlib
import io
import json
import sys
import tarfile

from distilshift.data.archives import Finder
from distilshift.data.base import checked
from distilshift.errors import InputError
from distilshift.image.datasets import classes, emoji
from distilshift.image.settings import Input

import numpy as np
import pytest

WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)
LISTED = [
    *(("1F600", "Smileys & Emotion"), ("2764-FE0F", "Smileys & Emotion")),
    *(("1F436", "Animals & Nature"), ("1F1E6", "Flags"), ("1F3FB", "Component")),
    *((f"1F4{n:02X}", "Objects") for n in range(40)),
]
LEFT = '<rect width="8" height="16" fill="red"/>'  # of 16 x 16


def packed(folder, name, files):
    """A package of npm; gives its sha256."""
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for inside, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(inside)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def vendors(tmp_path, monkeypatch):
    """Two vendors' packages; the second lacks some, and has a mirrored and a black icon."""
    listed = [
        {"unified": points, "category": category, "short_name": f"s{n}", "sort_order": n}
        for n, (points, category) in enumerate(LISTED)
    ]
    made = packed(tmp_path, "listed.tgz", {"package/emoji.json": listed})
    archive = emoji.CATEGORIES._replace(name="listed.tgz", checksum=made)
    monkeypatch.setattr(emoji, "CATEGORIES", archive)
    known = {}
    for vendor, some in (("one", LISTED), ("two", LISTED[:20])):
        icons = {f"i{points.lower()}": {"body": LEFT} for points, _ in some}
        icons["i2764-fe0f"] = {"body": '<path fill="currentColor" d="M0 0h32v8H0z"/>', "width": 32}
        aliases = {"turned": {"parent": "i1f600", "hFlip": True}}
        chars = {p.lower().replace("-fe0f", ""): f"i{p.lower()}" for p, _ in some}
        chars["1f436"] = "turned"
        content = {
            "package/icons.json": {"icons": icons, "aliases": aliases, "width": 16, "height": 16},
            "package/chars.json": chars,
        }
        sha256 = packed(tmp_path, f"iconify-json-{vendor}-1.tgz", content)
        known[vendor] = (vendor, "1", sha256, "MIT")
    monkeypatch.setattr(emoji, "VENDORS", known)
    return lambda name: checked(name, emoji.emoji(name)(finder(tmp_path)))


def finder(folder):
    return Finder(folder, folder, "emoji", Input(8, 3))


def rows(data):
    parts = list(data.chunks())
    return np.concatenate([rows for _, rows in parts])


def test_an_emoji_is_of_one_half_whoever_drew_it(vendors):
    halves = []
    for name in ("one", "two"):
        data = vendors(name)
        called = [text.split()[0] for text in data.names]
        halves.append((set(called[: data.train]), set(called[data.train :])))
    (train, test), (other_train, other_test) = halves
    assert other_train <= train and other_test <= test
    assert not (train | other_train) & (test | other_test)
    assert 0.4 < len(train) / (len(train) + len(test)) < 0.9


def test_what_is_a_class_and_what_is_left_out(vendors):
    data = vendors("one")
    assert data.classes == classes.EMOJI == sorted(emoji.CLASS_OF.values())
    of = dict(zip([n.split()[0] for n in data.names], data.labels, strict=True))
    assert len(of) == len(LISTED) - 2 and not {"1f1e6", "1f3fb"} & of.keys()
    assert data.classes[of["2764"]] == data.classes[of["1f600"]] == "smileys"
    assert data.classes[of["1f436"]] == "animals"


def test_how_icons_are_drawn(vendors):
    data = vendors("one")
    drawn = dict(zip([n.split()[0] for n in data.names], rows(data), strict=True))

    def pixel(points, x, y):
        return tuple(drawn[points][:, y, x].tolist())

    assert (pixel("1f600", 1, 4), pixel("1f600", 6, 4)) == (RED, WHITE)
    assert (pixel("1f436", 1, 4), pixel("1f436", 6, 4)) == (WHITE, RED)  # in a mirror
    # 32 x 16 in a square: ground above and below, and what has no colour is black
    column = [pixel("2764", 4, y) for y in range(8)]
    assert column == [WHITE, WHITE, BLACK, BLACK, WHITE, WHITE, WHITE, WHITE]


def test_clip_art_goes_by_its_folders(tmp_path, monkeypatch):
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="30pt" height="30pt">'
    art = {
        name: f'{head}<circle r="{n + 1}"/></svg>'.encode()
        for n, name in enumerate(
            ["animals/a", "people/b", "people/smilies/c", "signs_and_symbols/flags/d", "shapes/e"]
        )
    }
    art["food/again"] = art["animals/a"]
    art["food/broken"] = b"<svg"
    files = {f"./{emoji.CLIPART}{name}.svg": content for name, content in art.items()}
    files["./usr/share/doc/openclipart/animals/x.svg"] = b"<svg/>"
    sha256 = packed(tmp_path, "art.deb", files)
    archive = emoji.OPENCLIPART._replace(name="art.deb", checksum=sha256)
    monkeypatch.setattr(emoji, "OPENCLIPART", archive)
    monkeypatch.setattr(emoji.packages, "_data_of_deb", lambda path: path.read_bytes())
    data = checked("openclipart", emoji.openclipart(finder(tmp_path)))
    made = {name: data.classes[label] for name, label in zip(data.names, data.labels, strict=True)}
    assert made == {
        "animals/a.svg": "animals",
        "people/b.svg": "people",
        "people/smilies/c.svg": "smileys",
        "food/broken.svg": "food",
    }
    assert len(rows(data)) == 3
    assert list(data.unreadable) == ["food/broken.svg"]


def test_the_renderer_is_asked_for_by_name(vendors, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(InputError, match=r"needs resvg_py.*\[emoji\]"):
        vendors("one")
