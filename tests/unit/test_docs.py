"""What the documents point at is there."""

import re
import tomllib

import pytest

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/*.md")
FOLDERS = "scripts|workflow|tests|docs|experiments|benchmarks"


@pytest.fixture(scope="module")
def documents(request):
    root = request.config.rootpath
    return {path: path.read_text() for pattern in DOCUMENTS for path in root.glob(pattern)}


def test_every_link_leads_somewhere(documents):
    links = [
        (path, link)
        for path, text in documents.items()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]*)?\)", text)
    ]
    assert len(links) > 20
    assert [(path.name, link) for path, link in links if not (path.parent / link).exists()] == []


def test_every_file_that_is_named_is_there(documents, request):
    """In the text, not in blocks of code, which may show what a reader is to write."""
    named = set()
    for path, text in documents.items():
        prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        named |= {(path.name, name) for name in re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", prose)}
    assert len(named) > 20
    assert {pair for pair in named if not (request.config.rootpath / pair[1]).exists()} == set()


def test_the_site_shows_every_page(documents, request):
    site = tomllib.loads((request.config.rootpath / "zensical.toml").read_text())["project"]
    shown = [page for entry in site["nav"] for page in entry.values()]
    assert sorted(shown) == sorted(path.name for path in documents if path.parent.name == "docs")
