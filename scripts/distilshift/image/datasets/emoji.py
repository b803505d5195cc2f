"""Things drawn by different hands: emoji of several vendors, and clip art of Open Clip Art."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from distilshift import extras
from distilshift.data import packages
from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.image.datasets.classes import EMOJI
from distilshift.image.datasets.pictures import GROUND, Decoded

import numpy as np
from PIL import Image

CATEGORIES = Archive(
    "emoji-datasource-16.0.0.tgz",
    "2006725061dc0098daa832d65f854a7bec0740af2eb47cb5b23d89f7e2c849f9",
    "npm:emoji-datasource@16.0.0:",
)
# of its categories those that are classes here: no flags, which all vendors draw alike
CLASS_OF = {
    "Activities": "activities",
    "Animals & Nature": "animals",
    "Food & Drink": "food",
    "Objects": "objects",
    "People & Body": "people",
    "Smileys & Emotion": "smileys",
    "Symbols": "symbols",
    "Travel & Places": "travel",
}
# vendor: package of npm, version, sha256 of its file, licence
VENDORS = {
    "noto": (
        *("noto", "1.2.9"),
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
        "Apache-2.0",
    ),
    "twemoji": (
        *("twemoji", "1.2.5"),
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        "CC-BY-4.0",
    ),
    "fluent": (
        *("fluent-emoji-flat", "1.2.6"),
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
        "MIT",
    ),
    "fluent-black": (
        *("fluent-emoji-high-contrast", "1.2.6"),
        "0b92d48c90d2200bd499e3cdd09a127ca6a8c8ddefd34c35eb5a1e4994012ae0",
        "MIT",
    ),
    "openmoji": (
        *("openmoji", "1.2.29"),
        "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5",
        "CC-BY-SA-4.0",
    ),
}
OPENCLIPART = Archive(
    "openclipart-svg_0.18+dfsg-19_all.deb",
    "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
    "apt:openclipart-svg=1:0.18+dfsg-19:",
)
CLIPART = "usr/share/openclipart/svg/"
# the folders of clip art that show what a class of emoji does; of two that fit the longer
FOLDERS = {
    "animals": "animals",
    "plants": "animals",
    "food": "food",
    "people": "people",
    "people/smilies": "smileys",
    "people/clothing": "objects",
    "transportation": "travel",
    "buildings": "travel",
    "geography/astronomy": "travel",
    "tools": "objects",
    "office": "objects",
    "electronics": "objects",
    "signs_and_symbols": "symbols",
    "signs_and_symbols/flags": "",
    "signs_and_symbols/map_symbols": "",
    "recreation": "activities",
    "recreation/games/cards": "",
    "recreation/holiday": "",
}
TRAINING = 2 / 3  # of all code points
DPI = 96  # of a size in points or millimetres, as CSS has it


class Drawing(NamedTuple):
    key: str  # what decides its half: the code points of an emoji, the path of clip art
    name: str
    label: str
    read: Callable[[], str]  # gives its SVG


def emoji(vendor: str):
    """The loader of a vendor's emoji: about 1,600 in eight classes.

    Without skin tones, of which one code point has five, and without flags. An emoji is for
    the training or the test by its code points alone, which are the same in every vendor's
    set, so that a transfer meets no emoji again in its test.
    """

    def load(find: Finder) -> Dataset:
        package, version, sha256, licence = VENDORS[vendor]
        file = f"iconify-json-{package}-{version}.tgz"
        archive = Archive(file, sha256, f"npm:@iconify-json/{package}@{version}:")
        path, known = find(archive), categories(find(CATEGORIES))
        with reading(path):
            icons = json.loads(packages.read(path, "package/icons.json"))
            chars = json.loads(packages.read(path, "package/chars.json"))
        drawn = {plain(points): name for points, name in sorted(chars.items())}
        found = [
            Drawing(
                points, f"{points} {name}", label, lambda called=drawn[points]: svg(icons, called)
            )
            for points, (name, label) in known.items()
            if points in drawn
        ]
        return dataset(found, find.wanted.size, f"{licence} ({package})")

    return load


def openclipart(find: Finder) -> Dataset:
    """Clip art of the same classes, by many hands: a hard target.

    Its folders are other people's idea of the classes. Of drawings that are the same bytes the
    first, by its path, is taken.
    """
    path = find(OPENCLIPART)
    found: dict[str, Drawing] = {}
    with reading(path):
        for name, read in packages.members(path):
            place = PurePosixPath(name)
            inside = name.removeprefix(CLIPART)
            if inside == name or place.suffix != ".svg":
                continue
            around = [str(folder) for folder in PurePosixPath(inside).parents]
            label = next((FOLDERS[folder] for folder in around if folder in FOLDERS), "")
            if label:
                content = read().decode("utf-8", "replace")
                drawing = Drawing(inside, inside, label, lambda content=content: content)
                found[content] = min(found.get(content, drawing), drawing, key=lambda d: d.name)
    return dataset(list(found.values()), find.wanted.size, "public domain")


def categories(path: Path) -> dict[str, tuple[str, str]]:
    """Of each emoji, by its code points, the short name and the class."""
    with reading(path):
        listed = json.loads(packages.read(path, "package/emoji.json"))
        return {
            plain(one["unified"]): (one["short_name"], CLASS_OF[one["category"]])
            for one in sorted(listed, key=lambda one: one["sort_order"])
            if one["category"] in CLASS_OF
        }


def plain(points: str) -> str:
    """Code points in one spelling: lower case, without the mark that asks for colour."""
    return "-".join(part for part in points.lower().split("-") if part != "fe0f")


def svg(icons: dict, name: str) -> str:
    """An icon of Iconify's format as a picture of its own; some are others in a mirror."""
    alias = icons.get("aliases", {}).get(name, {})
    icon = icons["icons"][alias.get("parent", name)]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    body = icon["body"]
    if alias.get("hFlip"):
        body = f'<g transform="translate({width} 0) scale(-1 1)">{body}</g>'
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {space} viewBox="0 0 {width} {height}">{body}</svg>'


def in_training(key: str) -> bool:
    """Which half a drawing is in: by a hash, so that it hangs on nothing else that is there."""
    first = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    return first < TRAINING * 2**32


def dataset(found: list[Drawing], side: int, licence: str) -> Dataset:
    """Drawings rendered to a size, those for the training first."""
    resvg = extras.load("resvg_py", "emoji", "a drawing")
    found = sorted(found, key=lambda one: (not in_training(one.key), one.key))

    def read(number: int) -> bytes:
        return rendered(resvg, found[number].read(), side)

    train = sum(in_training(one.key) for one in found)
    labels = np.array([EMOJI.index(one.label) for one in found], np.int64)
    names = [one.name for one in found]
    return Dataset(Decoded(names, read, side), labels, EMOJI, licence, train, names)


def rendered(resvg: object, content: str, side: int) -> bytes:
    """PNG of (side, side): all of a drawing, its longer side filled, the rest is ground.

    Without the fonts of a machine, which would make it another's.
    """
    how = {"background": GROUND, "skip_system_fonts": True, "dpi": DPI}
    drawn = resvg.svg_to_bytes(svg_string=content, width=side, height=side, **how)
    with Image.open(io.BytesIO(drawn), formats=["PNG"]) as picture:
        whole = Image.new("RGB", (side, side), GROUND)
        corner = ((side - picture.width) // 2, (side - picture.height) // 2)
        whole.paste(picture.convert("RGB"), corner)
    made = io.BytesIO()
    whole.save(made, "PNG", compress_level=1)
    return made.getvalue()
