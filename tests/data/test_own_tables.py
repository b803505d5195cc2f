"""Tables of the user's own: what stands in them is what is trained on and what is asked about."""

import decimal
import json

from distilshift.data import kinds, own_tables, streams
from distilshift.errors import InputError
from distilshift.text.datasets import folders
from distilshift.text.encoding import decode
from distilshift.text.settings import Input

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BIG = 12_345_678_901_234_567  # between two floats


def asked(path, kind="text", wanted=None):
    """name -> text, and name -> why, as a network that is applied sees them."""
    found, why = {}, {}
    for batch in streams.read([path], kinds.load(kind), wanted or Input(length=32)):
        rows = decode(batch.rows.numpy()) if batch.names else []
        found |= dict(zip(batch.names, rows, strict=True))
        why |= batch.unreadable
    return found, why


def trained(path):
    data = folders.folder(path, "d", Input(length=32))
    return {
        data.names[number]: text
        for numbers, rows in data.chunks()
        for number, text in zip(numbers, decode(rows), strict=True)
    }


def write(path, rows):
    """Rows as they are, where pandas would make floats of whole numbers."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        pd.DataFrame(rows, dtype=object).fillna("").to_csv(path, index=False)
    return path


@pytest.fixture(params=list(own_tables.READERS))
def path(request, tmp_path):
    return tmp_path / f"rows{request.param}"


def test_a_row_is_the_same_text_and_has_the_same_name_in_training_and_in_use(path):
    """An id is as it stands, whichever rows lie around it: a gap in a later part too."""
    rows = [{"id": number, "text": f"{number}"} for number in range(255)]
    rows += [{"id": BIG, "text": "big"}, {"id": BIG + 2, "text": "bigger"}]
    rows += [{"id": None, "text": "nameless"}, {"id": 300, "text": "last"}]
    write(path, [{**row, "label": "x", "domain": "d"} for row in rows])
    expected = {str(number): str(number) for number in range(255)}
    expected |= {str(BIG): "big", str(BIG + 2): "bigger", "257": "nameless", "300": "last"}
    assert trained(path) == expected
    assert asked(path) == (expected, {})


def test_a_number_is_a_text_in_training_and_in_use(path):
    write(path, [{"text": 5, "label": 1.0, "domain": "d"}, {"text": 7, "label": 2, "domain": "d"}])
    assert trained(path) == {"0": "5", "1": "7"} == asked(path)[0]
    if path.suffix != ".csv":  # which knows no numbers
        assert folders.folder(path, "d", Input()).classes == ["1", "2"]


def test_a_decimal_is_the_number_that_it_is(tmp_path):
    """A label 1.00 of a column of decimals was a class beside 1."""
    values = {"1.00": "1", "1.50": "1.5", "-0.05": "-0.05", "0.00": "0", "100.00": "100"}
    values |= {f"{BIG * 10**12}.10": f"{BIG * 10**12}.1"}  # more digits than a context keeps
    held = pa.array([decimal.Decimal(value) for value in values], pa.decimal128(38, 2))
    more = pa.array(["d"] * len(values))
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": held, "label": held, "domain": more, "id": held}), path)
    assert trained(path) == {value: value for value in values.values()} == asked(path)[0]
    assert folders.folder(path, "d", Input()).classes == sorted(values.values())


def test_columns_that_are_an_index_are_columns(tmp_path):
    frame = pd.DataFrame({"text": ["a"], "label": ["x"], "domain": ["d"], "id": ["r7"]})
    path = tmp_path / "rows.parquet"
    for index in (["id"], ["domain"], ["id", "domain"]):
        frame.set_index(index).to_parquet(path)
        assert trained(path) == {"r7": "a"} == asked(path)[0]


def test_texts_as_bytes_are_read_alike(tmp_path):
    rows = [{"id": b"r1", "text": b"good", "label": "x", "domain": "d"}]
    path = write(tmp_path / "rows.parquet", rows)
    assert trained(path) == {"r1": "good"} == asked(path)[0]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_what_is_no_text_is_named_and_the_rest_is_asked_about(tmp_path, suffix):
    rows = [{"text": {"a": "b"}}, {"text": None}] if suffix == ".parquet" else []
    rows = rows or [{"text": {"a": "b"}}, {"text": None}, {"text": ["a"]}, {}, {"text": "fine"}]
    found, why = asked(write(tmp_path / f"rows{suffix}", rows))
    assert why["0"] == "is an object, not a text" and why["1"] == "nothing there"
    if suffix == ".jsonl":
        assert why["2"] == "is a list, not a text" and why["3"] == "nothing there"
        assert found == {"4": "fine"}


def test_a_text_with_a_null_is_named_in_training_and_in_use(path):
    """UTF-16 that was read as bytes: a letter and a null each."""
    rows = [{"text": text, "label": "x", "domain": "d"} for text in ("fine", "w\0i\0d\0e\0")]
    write(path, rows)
    why = {"1": "is no text: U+0000 at 1"}
    assert trained(path) == {"0": "fine"} and asked(path) == ({"0": "fine"}, why)
    assert folders.folder(path, "d", Input(length=32)).unreadable == why
    write(path, [{**rows[0], "label": "x\0"}])
    with pytest.raises(InputError, match=r"row 0, column label: is no text: U\+0000 at 1; write a"):
        trained(path)


def test_a_table_names_files_by_texts_bytes_and_not_at_all(tmp_path):
    rows = [{"path": b"a.wav"}, {"path": None}, {"path": b""}]
    found = list(streams.of_table(write(tmp_path / "rows.parquet", rows), "path"))
    (tmp_path / "a.wav").write_bytes(b"sound")
    assert [name for name, _ in found] == ["0", "1", "2"]
    assert [content() for _, content in found] == [b"sound", None, None]


@pytest.mark.parametrize(
    ("before", "line"), [(0, 2), (1, 3), (254, 256), (255, 257), (256, 258), (600, 602)]
)
@pytest.mark.parametrize("more", ["a,x,d,e", "a,x,d,"])
def test_a_comma_too_many_is_refused_with_its_line(tmp_path, before, line, more):
    """In the first row, where pandas takes it for an index, and where a part of the rows begins."""
    path = tmp_path / "rows.csv"
    path.write_text("text,label,domain\n" + "a,x,d\n" * before + f"{more}\n" * 3, encoding="utf-8")
    message = (
        rf"rows\.csv: cannot be read .*Expected 3 fields in line {line}, saw 4.* as many fields"
    )
    for read in (trained, asked):
        with pytest.raises(InputError, match=message):
            read(path)


def test_short_rows_and_a_comma_behind_every_line_lose_nothing(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label,domain\n" + "a,x,d\n" * 300 + "b\n" * 300, encoding="utf-8")
    assert asked(path)[0]["599"] == "b" and len(trained(path)) == 300
    path.write_text("text,label,domain,\na,x,d,\n", encoding="utf-8")
    assert trained(path) == {"0": "a"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"text,label,domain\ncaf\xe9,x,d\n", "UnicodeDecodeError.*write it as UTF-8"),
        ("b.csv", "text,label,domain\na,x,d\n".encode("utf-16"), "write it as UTF-8"),
        ("c.csv", b'text,label,domain\n"a,x,d\n', "EOF inside string.*write it as UTF-8.* quotes"),
        ("d.jsonl", b'{"text": "caf\xe9"}\n', "UnicodeDecodeError.*write it as UTF-8, an object"),
        ("e.jsonl", b'{"text": "a"}\n\n{"text": a}\n', "line 3, column 10: Expecting value"),
        ("f.jsonl", b'{"text": "a"}\n"b"\n', "line 2 is no object.*an object a line"),
        ("l.jsonl", b'{"text": ' + b"[" * 100_000 + b"\n", "line 1 is nested too deep"),
        ("g.jsonl", b"", "has no column .*; it has none"),
        ("h.parquet", b"PAR1", "write it again"),
        ("i.csv", b"text,text,label,domain\na,b,x,d\n", "several columns text"),
        ("j.csv", b"Text,Label,Domain\na,x,d\n", "did you mean 'Text'.*[?] it needs text"),
        ("m.csv", b"text;label;domain\na, b;x;d\n", "is separated by ;; write commas between"),
        ("n.csv", b"text;label;domain\nab;x;d\n", "is separated by ;; write commas between"),
        ("o.csv", b"text\tlabel\tdomain\na, b\tx\td\n", "is separated by tabs; write commas"),
        (
            "k.csv",
            b"text, label, domain\na, x, d\n",
            "no column .*did you mean ' label', ' domain'",
        ),
    ],
)
def test_a_table_of_ones_own_is_not_to_be_fetched_again(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        trained(path)
    assert "fetch" not in str(error.value)
    if "label" not in message and "it has none" not in message:
        with pytest.raises(InputError, match=message):
            asked(path)


@pytest.mark.parametrize("path", [".csv", ".jsonl"], indirect=True)
def test_a_mark_of_byte_order_is_no_part_of_a_table(path):
    write(path, [{"text": "a", "label": "x", "domain": "d"}])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert trained(path) == {"0": "a"} == asked(path)[0]


def test_a_column_may_stand_in_a_late_line_alone(tmp_path):
    rows = [{"text": f"{number}"} for number in range(300)]
    rows += [{"text": "last", "label": "x", "domain": "d"}]
    assert trained(write(tmp_path / "rows.jsonl", rows)) == {"300": "last"}


@pytest.mark.parametrize("kind", ["text", "image"])
@pytest.mark.parametrize("suffix", own_tables.OTHERS)
def test_a_table_that_is_not_read_is_not_taken_for_one_text(tmp_path, kind, suffix):
    path = tmp_path / f"rows{suffix.upper()}"
    path.write_text("text\tid\ngood\t1\nbad\t2\n")
    with pytest.raises(InputError, match=r"is not read; allowed: .csv, .jsonl, .parquet"):
        list(streams.read([path], kinds.load(kind), Input(length=32)))
