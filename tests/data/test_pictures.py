"""Odd pictures and odd folders: read rightly, or left out and named; nothing in silence."""

import io
import os
import random
import struct
import subprocess
import sys
import unicodedata
import zlib
from pathlib import Path

import construct_domain
import download_dataset
from distilshift import registry
from distilshift.data import kinds, splits
from distilshift.data import shifts as of_data
from distilshift.data.base import Dataset, checked, pair
from distilshift.errors import InputError
from distilshift.image import datasets, rows, shifts
from distilshift.image.datasets import folders, pictures
from distilshift.image.settings import Input

import archives
import numpy as np
import pytest
import torch
from PIL import Image

GREY = np.full((16, 16), 200, np.uint8)
GREY[:, :8] = 50  # left dark, right bright
COLOUR = np.stack([GREY] * 3, -1)


def written(image, kind, **more):
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def halves(content, **more):
    """The mean of the left and of the right part, rounded, and the notes."""
    pixels, notes = pictures.decode(content, 16, **more)
    assert pixels.shape == (3, 16, 16) and pixels.dtype == np.uint8
    return [round(float(pixels[..., part].mean())) for part in (slice(6), slice(10, 16))], notes


def tiff(values, **tags):
    """An uncompressed TIFF of little-endian values (H, W), with tags of our own."""
    height, width = values.shape
    content = values.tobytes()
    fields = {256: width, 257: height, 258: values.itemsize * 8, 259: 1, 262: 1, 273: 8}
    fields |= {277: 1, 278: height, 279: len(content), 339: 1}
    fields |= {int(tag[1:]): value for tag, value in tags.items()}
    entries = b"".join(
        tag.to_bytes(2, "little") + b"\4\0\1\0\0\0" + value.to_bytes(4, "little")
        for tag, value in sorted(fields.items())
    )
    directory = len(fields).to_bytes(2, "little") + entries + bytes(4)
    return b"II*\0" + (8 + len(content)).to_bytes(4, "little") + content + directory


def png(values, colour, clear=(), bits=16, width=None):
    """A PNG (H, W, channels): colour 0 is grey, 2 RGB, 4 LA, 6 RGBA; one that is transparent.

    Of 16 bits, or of fewer that are packed into the bytes (H, n) of its lines.
    """

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    size = width or values.shape[1], values.shape[0]
    head = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    kept = ">u2" if bits == 16 else np.uint8
    lines = b"".join(b"\0" + line.astype(kept).tobytes() for line in values)
    parts = chunk(b"IHDR", head)
    parts += chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)) if clear else b""
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def deep(factor):
    """Colour pictures of 16 bits of every kind that Pillow reads, all GREY times a factor."""
    rgb = COLOUR.astype("<u2") * factor
    solid = np.full((16, 16, 1), 65535, "<u2")
    rgba = np.concatenate([rgb, solid], -1)
    tags = {"t256": 16, "t258": 16, "t262": 2}
    return {
        "PNG": png(rgb, 2),
        "PNG, RGBA": png(rgba, 6),
        "PNG, LA": png(rgba[..., 2:], 4),
        "TIFF": tiff(rgb.reshape(16, -1), t277=3, **tags),
        "TIFF, RGBA": tiff(rgba.reshape(16, -1), t277=4, t338=2, **tags),
        "PPM": b"P6\n16 16\n65535\n" + rgb.astype(">u2").tobytes(),
        "PPM, plain": b"P3\n16 16\n65535\n" + b" ".join(b"%d" % v for v in rgb.ravel()),
    }


@pytest.mark.parametrize(
    "content",
    [
        *deep(257).values(),
        written(Image.fromarray(GREY), "PNG"),
        written(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
        written(Image.fromarray(GREY.astype(np.uint16) * 257), "TIFF"),
        written(Image.fromarray(GREY.astype(np.int32) * 257), "TIFF"),
        written(Image.fromarray((GREY / 255).astype(np.float32)), "TIFF"),
        written(Image.fromarray(GREY.astype(np.int32) * 257), "PPM"),
        written(Image.fromarray(GREY.astype(np.uint16) * 257), "JPEG2000"),
        written(Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
        written(Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE), "GIF"),
        written(Image.fromarray(COLOUR).convert("CMYK"), "JPEG", quality=95),
        written(Image.fromarray(COLOUR).convert("CMYK"), "TIFF"),
        written(Image.fromarray(COLOUR).convert("YCbCr"), "TIFF"),
        written(Image.fromarray(GREY).convert("LA"), "PNG"),
        written(Image.fromarray(COLOUR), "AVIF", quality=100),
        written(Image.fromarray(COLOUR), "ICO", sizes=[(16, 16)]),
        tiff(GREY.astype("<u2") * 257),
        tiff(65535 - GREY.astype("<u2") * 257, t262=0),  # white is zero
        tiff((GREY / 255 * 32767).round().astype("<i2"), t339=2),
    ],
)
def test_values_are_read_at_their_range(content):
    found, notes = halves(content)
    assert np.abs(np.array(found) - (50, 200)).max() <= 1, found
    assert notes == []


def test_one_bit_is_black_and_white():
    assert halves(written(Image.fromarray(GREY > 100), "PNG"))[0] == [0, 255]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (tiff(GREY.astype("<u2")), "at most 200"),  # bytes, kept in 16 bits
        (tiff(GREY.astype("<u4")), "at most 200"),
        (tiff(GREY.astype("<i4") - 100, t339=2), "from -50 to 100"),
        (tiff(GREY.astype("<u4") * 2**22), "only 0 to 65535"),
        (tiff(GREY.astype("<f4"), t339=3), "from 50 to 200; only 0 to 1"),
        (tiff(np.where(GREY > 99, np.nan, 0.5).astype("<f4"), t339=3), "from nan"),
        (tiff(GREY.astype("i1"), t339=2), "signed bytes"),
        (b"", "an empty file"),
    ],
)
def test_values_of_which_nobody_knows_the_range_are_refused(content, says):
    with pytest.raises(ValueError, match=says):
        pictures.decode(content, 16)


@pytest.mark.parametrize("kind", ["grey", *deep(1)])
def test_twelve_bits_in_sixteen_are_dark_and_noted(kind):
    found, notes = halves((deep(16) | {"grey": tiff(GREY.astype("<u2") * 16)})[kind])
    assert found == [3, 12] and notes == [pictures.DIM]


@pytest.mark.parametrize("kind", deep(1))
def test_bytes_in_sixteen_bits_a_colour_are_no_black_picture(kind):
    if "PPM" in kind:  # which says its largest value
        assert halves(deep(1)[kind]) == ([0, 1], [pictures.DIM])
        return
    with pytest.raises(ValueError, match=r"16-bit colours, none above 255: bytes, or black\?"):
        pictures.decode(deep(1)[kind], 16)


def test_black_lines_of_sixteen_bits_over_nothing_are_a_picture():
    lines = np.zeros((16, 16, 4), np.uint16)
    lines[:, :8, 3] = 65535
    assert halves(png(lines, 6)) == ([0, 255], [pictures.DIM])
    lines[:, :8, 3] = 255  # bytes again, of which nothing is left
    with pytest.raises(ValueError, match="none above 255"):
        pictures.decode(png(lines, 6), 16)


def test_sixteen_bits_a_colour_that_pillow_misreads_are_refused():
    planes = tiff(np.concatenate([GREY.astype("<u2") * 257] * 3), t257=16, t262=2, t277=3, t284=2)
    with pytest.raises(ValueError, match="each in a plane of its own; write them interleaved"):
        pictures.decode(planes, 16)
    content = bytearray(written(Image.fromarray(COLOUR), "JPEG2000"))
    assert halves(bytes(content))[1] == []
    content[content.find(b"\xff\x4f\xff\x51") + 42] = 11  # of 12 bits white would be black
    with pytest.raises(ValueError, match="JPEG 2000 in colour of more than 8 bits"):
        pictures.decode(bytes(content), 16)


def test_a_colour_of_sixteen_bits_may_stand_for_nothing():
    values = COLOUR.astype(np.uint16) * 256 + 7  # whose lower byte is not the upper
    assert halves(png(values, 2, (200 * 256 + 7,) * 3))[0] == [50, 255]
    assert halves(png(values, 2, (7, 7, 7)))[0] == [50, 200]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_grey_of_few_bits_may_stand_for_nothing(bits):
    """Pillow spreads the values over a byte, and leaves the one that is transparent as it was."""
    most = 2**bits - 1
    few = np.where(GREY > 100, most, most // 3).astype(np.uint8)
    lines = np.packbits(np.unpackbits(few[..., None], axis=2)[..., 8 - bits :].reshape(16, -1), 1)
    for clear, expected in ((most // 3, [255, 255]), (most, [255 * (most // 3) // most, 255])):
        content = png(lines, 0, (clear,), bits, 16)
        assert halves(content)[0] == expected


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "LA", "P", "16"])
def test_transparency_shows_white_and_not_what_lies_beneath(kind):
    drawing = np.zeros((16, 16, 4), np.uint8)
    drawing[:, :8, 3] = 255  # black: opaque at the left, transparent at the right
    image = Image.fromarray(drawing)
    if kind == "LA":
        content = written(image.convert("LA"), "PNG")
    elif kind == "P":
        index = Image.fromarray((GREY > 100).astype(np.uint8), "P")
        index.putpalette([0, 0, 0, 9, 9, 9])
        content = written(index, "PNG", transparency=1)
    elif kind == "16":
        deep = Image.fromarray(np.where(GREY > 100, 300, 0).astype(np.uint16))
        content = written(deep, "PNG", transparency=300)
    else:
        content = written(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert halves(content)[0] == [0, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_pictures_are_turned_upright(kind):
    corner = np.full((16, 16, 3), 200, np.uint8)
    corner[:8, :8] = 0
    corner[:8, 8:] = 90  # no turn or flip of it is itself
    stored = {  # what a camera keeps, by EXIF's table of where row 0 and column 0 are
        1: corner,
        2: corner[:, ::-1],
        3: corner[::-1, ::-1],
        4: corner[::-1],
        5: corner.transpose(1, 0, 2),
        6: np.rot90(corner, 1),
        7: np.rot90(corner, 2).transpose(1, 0, 2),
        8: np.rot90(corner, -1),
    }
    for value, array in stored.items():
        exif = Image.Exif()
        exif[0x0112] = value
        more = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
        content = written(Image.fromarray(np.ascontiguousarray(array)), kind, exif=exif, **more)
        pixels, _ = pictures.decode(content, 16)
        assert np.abs(pixels.astype(int) - corner.transpose(2, 0, 1)).max() < 20, value


def test_the_first_frame_is_read_and_said():
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    for kind in ("GIF", "TIFF", "PNG", "WEBP"):
        more = {"lossless": True} if kind == "WEBP" else {}
        content = written(frames[0], kind, save_all=True, append_images=frames[1:], **more)
        found, notes = halves(content)
        assert np.abs(np.array(found) - (50, 200)).max() <= 1 and notes == [pictures.FRAMES], kind


def test_what_is_cut_off_and_what_is_blown_up_is_noted():
    line = written(Image.fromarray(np.full((100, 1, 3), 7, np.uint8)), "PNG")
    assert pictures.decode(line, 16)[1] == [pictures.CUT, pictures.ENLARGED]


def test_an_eps_never_reaches_ghostscript():
    with pytest.raises(pictures.UnidentifiedImageError):
        pictures.decode(written(Image.fromarray(COLOUR), "EPS"), 16)


def test_a_picture_too_large_for_memory_is_refused_by_its_size():
    """A decompression bomb: 400 megapixels in a few bytes."""
    content = bytearray(written(Image.fromarray(COLOUR), "BMP"))
    content[18:26] = (20_000).to_bytes(4, "little") * 2
    with pytest.raises(Image.DecompressionBombError):
        pictures.decode(bytes(content), 16)


def test_no_mutated_file_stops_a_set():
    """Whatever its bytes make a decoder raise: 3,000 files of every format, a fixed seed."""
    drawn = random.Random(0)
    image = Image.fromarray(COLOUR)
    deep = Image.fromarray(GREY.astype(np.uint16) * 257)
    seeds = [
        *(written(image, kind) for kind in ("PNG", "GIF", "JPEG", "BMP", "WEBP", "PPM", "TGA")),
        *(written(image, "TIFF", compression=c) for c in ("raw", "tiff_lzw", "tiff_deflate")),
        *(written(deep, kind) for kind in ("PNG", "TIFF", "JPEG2000")),
        written(image.convert("RGBA"), "PNG"),
        written(image, "ICO", sizes=[(16, 16)]),
        written(image, "AVIF"),
    ]
    contents = []
    for _ in range(3000):
        content = bytearray(drawn.choice(seeds))
        for _ in range(drawn.choice((1, 1, 2, 8))):
            content[drawn.randrange(min(len(content), 400))] = drawn.randrange(256)
        if drawn.random() < 0.2:
            del content[drawn.randrange(len(content)) :]
        contents.append(bytes(content))
    names = [f"{n}.{drawn.choice(('png', 'tga'))}" for n in range(3000)]
    decoded = pictures.Decoded(names, contents.__getitem__, 8)
    rows = np.concatenate([rows for rows, _ in decoded.chunks()])
    assert len(rows) + len(decoded.unreadable) == 3000 and len(rows) > 300
    assert len(decoded.unreadable) > 300
    for why in decoded.unreadable.values():
        assert why and "\n" not in why and " at 0x" not in why


# ---- folders --------------------------------------------------------------------------


def put(path, value=90, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.full((12, 12, 3), value, np.uint8)
    path.write_bytes(written(Image.fromarray(array), "PNG", **more))


@pytest.fixture
def odd(tmp_path):
    root = tmp_path / "odd"
    for number in range(3):
        put(root / "photo" / "cat" / f"{number}.png", 40 + number)
        put(root / "sketch" / "cat" / f"{number}.png", 50 + number)
    put(root / "photo" / unicodedata.normalize("NFC", "café") / "0.png", 1)
    put(root / "sketch" / unicodedata.normalize("NFD", "café") / "0.png", 2)
    return root


def test_hidden_names_are_never_data(odd):
    cat = odd / "photo/cat"
    for hidden in (".ipynb_checkpoints/a.png", "__MACOSX/a.png", "@eaDir/a.png", "._a.png"):
        put(cat / hidden)
        put(odd / "photo" / hidden)
        put(odd / hidden)
    (cat / "Thumbs.db").write_bytes(b"x")
    (cat / ".DS_Store").write_bytes(b"x")
    data = folders.folder(odd, "photo", Input(size=8))
    assert data.classes == ["café", "cat"] == folders.folder(odd, "sketch", Input(size=8)).classes
    assert data.names == ["café/0.png", "cat/0.png", "cat/1.png", "cat/2.png"]
    assert set(data.left_out) == {"hidden"} and len(data.left_out["hidden"]) == 10
    with pytest.raises(InputError, match=r"no such folder; .* holds photo, sketch;"):
        folders.folder(odd, "painting", Input(size=8))


def test_two_unicode_forms_are_one_class_and_one_domain(odd):
    both = odd / "photo" / unicodedata.normalize("NFD", "café")
    put(both / "1.png", 3)
    data = folders.folder(odd, "photo", Input(size=8))
    assert data.classes == ["café", "cat"] and data.labels.tolist() == [0, 0, 1, 1, 1]
    for name in data.names:  # as on disk, to be found again
        assert (odd / "photo" / name).is_file()
    put(odd / unicodedata.normalize("NFD", "dépôt") / "cat" / "0.png")
    assert len(folders.folder(odd, unicodedata.normalize("NFC", "dépôt"), Input(size=8)).names) == 1


def test_whatever_is_found_is_read_or_counted(odd, tmp_path):
    cat = odd / "photo/cat"
    for suffix, kind in (("jfif", "JPEG"), ("jpe", "JPEG"), ("tga", "TGA"), ("ico", "ICO")):
        (cat / f"x.{suffix}").write_bytes(written(Image.fromarray(COLOUR), kind))
    for suffix, kind in (("jp2", "JPEG2000"), ("avif", "AVIF"), ("JPG", "JPEG")):
        (cat / f"x.{suffix}").write_bytes(written(Image.fromarray(COLOUR), kind))
    (cat / "bare").write_bytes(archives.picture(COLOUR))
    (cat / "notes.txt").write_text("x")
    (cat / "text").write_text("x")
    (odd / "photo" / "beside.png").write_bytes(archives.picture(COLOUR))
    put(tmp_path / "elsewhere" / "far.png", 7)
    (cat / "linked").symlink_to(tmp_path / "elsewhere")
    (cat / "loop").symlink_to(odd / "photo")
    (cat / "lost").symlink_to(tmp_path / "nowhere")
    (cat / "round").symlink_to(cat / "round")
    os.mkfifo(cat / "pipe.png")  # reading it would wait for ever
    (cat / "two\nlines.png").write_bytes(archives.picture(COLOUR))
    Path(os.fsdecode(os.fsencode(cat) + b"/\xff.png")).write_bytes(archives.picture(COLOUR))
    put(Path(os.fsdecode(os.fsencode(odd) + b"/photo/\xfe")) / "0.png")
    data = folders.folder(odd, "photo", Input(size=8))
    rows = np.concatenate([rows for rows, _ in data.chunks()])
    read = {data.names[row].removeprefix("cat/") for row in rows}
    assert {"x.jfif", "x.jpe", "x.tga", "x.ico", "x.jp2", "x.avif", "x.JPG", "bare"} < read
    assert {"linked/far.png", "two\nlines.png", "0.png"} < read
    assert set(data.unreadable) == {"cat/text"}
    assert data.left_out == {
        "a link to a folder that it lies in": ["cat/loop"],
        "a link to nothing": ["cat/lost", "cat/round"],
        "a name that is not UTF-8": ["\\xfe", "cat/\\xff.png"],
        "in no class folder": ["beside.png"],
        "no file": ["cat/pipe.png"],
        "suffix .txt": ["cat/notes.txt"],
    }


def test_a_folder_or_file_that_may_not_be_read_is_named(odd, monkeypatch):
    scandir, read = os.scandir, Path.read_bytes

    def locked(path):
        if str(path).endswith("café"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    def no_read(path):
        if path.name == "1.png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(os, "scandir", locked)
    monkeypatch.setattr(Path, "read_bytes", no_read)
    data = folders.folder(odd, "photo", Input(size=8))
    assert data.left_out == {"a folder that cannot be read: Permission denied": ["café"]}
    assert len(next(iter(data.chunks()))[0]) == 2
    assert data.unreadable == {"cat/1.png": "PermissionError: [Errno 13] Permission denied"}


def lists(root, train, test, encoding="utf-8"):
    (root / "photo_train.txt").write_bytes(train.encode(encoding))
    (root / "photo_test.txt").write_bytes(test.encode(encoding))
    return folders.folder(root, "photo", Input(size=8))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lists_of_any_hand(odd, ending):
    put(odd / "photo" / "cat" / "a b  c 1.png")
    lines = ["photo/cat/0.png\t1", "./photo/cat/a b  c 1.png 1", "", "photo/cafe\u0301/0.png 0  "]
    data = lists(odd, ending.join(lines), "photo/cat/2.png" + ending, "utf-8-sig")
    assert data.names == ["cat/0.png", "cat/a b  c 1.png", "café/0.png", "cat/2.png"]
    assert data.train == 3 and data.labels.tolist() == [1, 1, 0, 1]
    assert data.left_out == {"named by no official list": ["cat/1.png"]}


@pytest.mark.parametrize(
    ("train", "test", "says"),
    [
        ("cat/0.png 0\n", "cat/1.png 0\nphoto/cat/0.png 0\n", "what photo_train.txt names too"),
        ("cat/0.png 0\nphoto/cat/0.png 0\n", "cat/1.png 0\n", "names it twice: photo/cat/0.png"),
        ("cat/0.png 0\n", "cat/1.png 1\n", "gives photo/cat/1.png the label 1"),
        ("cat/0.png 0\n", "café/0.png 0\n", "gives photo/café/0.png the label 0"),
        ("cat/9.png 0\n", "cat/1.png 0\n", "names 1 picture not there"),
    ],
)
def test_lists_that_contradict_are_refused(odd, train, test, says):
    whole = [text if text.startswith("photo") else f"photo/{text}" for text in (train, test)]
    with pytest.raises(InputError, match=says) as caught:
        lists(odd, *whole)
    assert "\n" not in str(caught.value)


def test_half_a_split_is_refused(odd):
    (odd / "photo_train.txt").write_text("photo/cat/0.png 0\n")
    with pytest.raises(InputError, match=r"photo_test.txt: is not there, but photo_train.txt is"):
        folders.folder(odd, "photo", Input(size=8))


def test_a_zip_with_what_archivers_leave_behind(tmp_path):
    import zipfile

    archives.eurosat(tmp_path, [np.full((64, 64, 3), 9, np.uint8)] * 3, ["Forest", "River"])
    with zipfile.ZipFile(tmp_path / "EuroSAT.zip", "a") as archive:
        archive.writestr("__MACOSX/2750/Forest/._Forest_0.jpg", b"x")
        archive.writestr("bare.jpg", b"x")
        archive.writestr("2750/Forest/readme.txt", b"x")
    data = folders.eurosat(lambda archive: tmp_path / "EuroSAT.zip")
    assert data.classes == ["Forest", "River"] and len(data.names) == 3
    assert set(data.left_out) == {"hidden", "in no class folder", "suffix .txt"}


# ---- copies, classes without a sample, what a manifest says ---------------------------


def run(script, *flags):
    script.main(script.parser().parse_args([str(flag) for flag in flags]))


def made(tmp_path, root, domain="photo"):
    import json

    paths = {what: tmp_path / what for what in ("inputs", "labels", "manifest")}
    flags = [part for what, path in paths.items() for part in (f"--{what}", path)]
    run(download_dataset, "--folder", root, "--folder-domain", domain, "--input", "size=8", *flags)
    return json.loads(paths["manifest"].read_text())


def test_copies_are_reported_and_stay_in_one_half(tmp_path, caplog):
    root = tmp_path / "pets"
    for number in range(40):
        put(root / "photo" / "cat" / f"{number:02d}.png", number)
        put(root / "photo" / "dog" / f"{number:02d}.png", 100 + number)
        put(root / "photo" / "dog" / f"{number:02d} copy.png", 100 + number)
    put(root / "photo" / "cat" / "dog.png", 100)
    manifest = made(tmp_path, root)
    equal = manifest["equal_rows"]
    assert equal["count"] == 41 and equal["of_another_class"] == 2  # those of the first cat
    assert ["cat/dog.png", "dog/00 copy.png", "dog/00.png"] in equal["groups"]
    assert "41 rows are copies of others" in caplog.text


@pytest.mark.parametrize(
    ("count", "others", "halves", "said"),
    [
        (1, 0, 0, "1 row is a copy of another"),
        (1, 1, 1, "1 row is a copy of another, under another class, 1 is in both official halves"),
        (41, 2, 0, "41 rows are copies of others, 2 of them under another class"),
        (3, 0, 2, "3 rows are copies of others, 0 of them under another class, 2 are in both"),
    ],
)
def test_how_many_copies_there_are_is_said_as_one_or_several(count, others, halves, said):
    found = {"count": count, "of_another_class": others, "in_both_official_halves": halves}
    assert download_dataset.copies(found).startswith(said)


def test_equal_rows_share_a_half_and_other_splits_stay_what_they_were():
    rows = torch.arange(500).view(500, 1).to(torch.int16)
    plain = splits.split(rows, None, 0.7, "name", 0)
    drawn = torch.randperm(500, generator=splits.generator("split", "name", 0))
    assert torch.equal(plain["train"], drawn[:350].sort().values)
    assert torch.equal(plain["test"], drawn[350:].sort().values)
    copied = rows.clone()
    copied[250:] = rows[:250]
    halves = splits.split(copied, None, 0.7, "name", 0)
    train, test = ({*copied[halves[half], 0].tolist()} for half in ("train", "test"))
    assert not train & test and len(train | test) == 250
    assert len(halves["train"]) + len(halves["test"]) == 500 and 300 < len(halves["train"]) < 400
    official = splits.split(copied, 300, 0.7, "name", 0)
    assert official["train"].tolist() == list(range(300))


def test_classes_without_a_sample_are_said_before_training(tmp_path, caplog, capsys):
    root = tmp_path / "pets"
    for number in range(20):
        for label in ("cat", "Cat"):
            put(root / "photo" / label / f"{number}.png", number + 100 * (label == "cat"))
    put(root / "sketch" / "fox & co" / "0.png")
    manifest = made(tmp_path, root)
    assert manifest["classes_without_a_sample"] == ["fox & co"]
    assert manifest["classes_of_one_name_but_for_case"] == [["Cat", "cat"]]
    flags = ["--domain", "a", "--input", "size=8"]
    flags += ["--dataset-inputs", tmp_path / "inputs", "--dataset-labels", tmp_path / "labels"]
    for what in ("train-inputs", "train-labels", "test-inputs", "test-labels"):
        flags += [f"--{what}", tmp_path / what]
    run(construct_domain, *flags)
    assert "a has no train sample of 1 class (fox & co): what learns from its" in caplog.text
    assert "a has no test sample of 1 class (fox & co): nothing will say" in caplog.text


def test_classes_that_may_be_one_or_none_are_said(tmp_path, caplog, capsys):
    root = tmp_path / "pets"
    labels = ("0", "1", "1.0", "01", "NaN", "NA", "None", "nanny", "infinity", "x1")
    for at, label in enumerate(labels):
        put(root / "photo" / label / "0.png", at)
    manifest = made(tmp_path, root)
    assert manifest["classes_of_one_number"] == [["01", "1", "1.0"]]
    assert manifest["classes_that_may_be_gaps"] == ["NA", "NaN", "None"]
    said = caplog.text + capsys.readouterr().err
    assert "01 and 1 and 1.0 are different classes, and one number" in said
    assert "NA, NaN, None: a class each, no gap" in said


def test_one_class_is_no_domain(tmp_path):
    """It was told after the teacher was trained."""
    root = tmp_path / "pets"
    for number in range(20):
        put(root / "photo" / "cat" / f"{number}.png", number)
    with pytest.raises(InputError, match="has cat for its only class; two are needed; add rows of"):
        made(tmp_path, root)
    assert not (tmp_path / "inputs").exists()
    put(root / "photo" / "dog" / "0.png", 100)
    made(tmp_path, root)
    flags = ["--domain", "a", "--input", "size=8", "--classes", "cat"]
    flags += ["--dataset-inputs", tmp_path / "inputs", "--dataset-labels", tmp_path / "labels"]
    for what in ("train-inputs", "train-labels", "test-inputs", "test-labels"):
        flags += [f"--{what}", tmp_path / what]
    with pytest.raises(InputError, match="--classes: has cat for its only class"):
        run(construct_domain, *flags)


# ---- rows and labels that do not belong together --------------------------------------


def test_rows_and_labels_that_cannot_belong_together_are_refused():
    images, labels = np.zeros((4, 1, 2, 2), np.uint8), np.array([0, 1, 1, 0])
    good = Dataset(images, labels, ["a", "b"], "x")
    assert checked("x", good) is good
    for change, says in (
        ({"labels": labels[:3]}, "4 inputs and 3 labels"),
        ({"labels": np.array([0, 1, 2, 0])}, "row 2 has the label 2, there are 2 classes"),
        ({"labels": np.array([0, -1, 1, 0])}, "row 1 has the label -1"),
        ({"names": ["a"]}, "1 names and 4 labels"),
        ({"classes": ["a", "a"]}, "two classes of one name"),
        ({"classes": ["a"], "labels": 0 * labels}, "has a for its only class; two are needed"),
        ({"inputs": images[:0], "labels": labels[:0]}, "no row"),
    ):
        with pytest.raises(InputError, match=says):
            checked("x", good._replace(**change))
    for wrong in (labels[:3], labels / 2, labels[:, None]):
        with pytest.raises(InputError):
            pair("x", images, wrong)


def test_a_row_too_many_in_one_half_and_too_few_in_the_other_is_seen(tmp_path):
    """Twelve images and twelve labels, but eight to seven and four to five."""
    from test_datasets import LABELS, Trusting, loader

    def load(name):
        return loader(name)(Trusting(tmp_path, tmp_path / "down", name))

    small = archives.random(12, 28, 28)
    archives.mnist(tmp_path, small, LABELS, 8)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(archives.idx(LABELS[:7]))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(archives.idx(LABELS[7:]))
    with pytest.raises(InputError, match="8 inputs and 7 labels"):
        load("mnist")
    archives.mnist(tmp_path, small, LABELS, 8)
    images, labels = (tmp_path / f"train-{n}-ubyte.gz" for n in ("images-idx3", "labels-idx1"))
    swapped = images.read_bytes(), labels.read_bytes()
    labels.write_bytes(swapped[0]), images.write_bytes(swapped[1])
    with pytest.raises(InputError, match="labels are uint8"):
        load("mnist")
    archives.svhn(tmp_path, archives.random(12, 3, 32, 32), LABELS + 11, 8)
    with pytest.raises(InputError, match="labels other than 1 to 10"):
        load("svhn")
    archives.cifar10(tmp_path, archives.random(12, 3, 32, 32), LABELS + 3, 10)
    with pytest.raises(InputError, match="has the label 12, there are 10 classes"):
        load("cifar9")


def test_a_download_that_breaks_off_is_no_archive(tmp_path):
    """urllib takes a broken connection for the end of the file."""
    import http.server
    import threading

    from distilshift.data.archives import Archive, Finder

    class Half(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x" * 50)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Half) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/a.npy"
        with pytest.raises(InputError, match=r"50 of 100 bytes came"):
            Finder(None, tmp_path)(Archive("a.npy", "", place))
    assert not (tmp_path / "a.npy").exists()


def test_names_are_known_without_a_library(request):
    """The dictionaries say what there is; what loads it is loaded when it is asked for."""
    code = "import sys; from distilshift.image import datasets, shifts;"
    code += "print(sorted({'numpy', 'torch', 'PIL', 'torchvision', 'scipy'} & set(sys.modules)))"
    scripts = request.config.rootpath / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_every_name_stands_for_a_function():
    for package, entries in (
        ("distilshift.image.datasets", datasets.DATASETS),
        ("distilshift.image.shifts", shifts.SHIFTS),
        ("distilshift.data", of_data.ROW_SHIFTS),
    ):
        for name, entry in entries.items():
            assert callable(registry.load(package, entry)), name
    image = kinds.load("image")
    assert {*shifts.STRENGTHS, *shifts.SEVERITIES} < set(of_data.known(image))
    assert of_data.valid(image, "scale", 0.99) and not of_data.valid(image, "scale", 1)
    assert of_data.valid(image, "rotation", 360) and not of_data.valid(image, "rotation", 361)


def test_a_grey_picture_keeps_its_values_and_a_coloured_one_becomes_its_luma():
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    wanted = Input(size=16, channels=1)
    assert torch.equal(rows.conform(values.expand(1, 3, 16, 16), wanted), values)
    coloured = torch.tensor([200, 100, 50], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    found = rows.conform(coloured, wanted)
    assert found.unique().tolist() == [124]  # 0.2989 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
