"""Text is UTF-8 in every locale: each reading and writing of it says so."""

import ast

import pytest

BINARY = {"os", "Image", "tarfile", "gzip", "zipfile"}  # whose `open` gives bytes
SETTLED = {"rb", "wb", "ab", "r+b", "w+b", "utf-8", "utf-8-sig"}
TEXT = {"read_text", "write_text", "open"}


def silent(source):
    """Lines that read or write text in whatever encoding the locale has."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        constants = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
        settled = SETTLED & set(constants)
        given = {keyword.arg for keyword in node.keywords}
        whose = getattr(getattr(node.func, "value", None), "id", "")
        if name in TEXT and whose not in BINARY and not settled and "encoding" not in given:
            found.append(ast.unparse(node))
    return found


@pytest.fixture(scope="module")
def files(request):
    root = request.config.rootpath
    return [*(root / "scripts").rglob("*.py"), *(root / "workflow/common").glob("*.smk")]


def test_every_text_names_its_encoding(files):
    assert len(files) > 60
    found = {path.name: silent(path.read_text("utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_search_sees_what_is_silent():
    source = "p.read_text()\nopen(p)\nopen(p, 'rb')\np.open('w', encoding='utf-8')\n"
    assert silent(source) == ["p.read_text()", "open(p)"]
