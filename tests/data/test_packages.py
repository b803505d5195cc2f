"""Files inside packages of an index, by made packages and clients; no network."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile

from distilshift.data import packages
from distilshift.data.archives import Archive, Finder
from distilshift.errors import InputError

import archives
import pytest

CONTENT = b"rows of a table\n" * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SDIST = "pip:made-set==1.2:made_set-1.2.tar.gz!made_set-1.2/data/table.tsv"


def sdist(folder, marker):
    """A source package whose setup.py leaves a mark if anything runs it."""
    said = b"Metadata-Version: 2.1\nName: made-set\nVersion: 1.2\n"
    setup = f"open({str(marker)!r}, 'w').close()\nimport setuptools\nsetuptools.setup()\n"
    members = {"PKG-INFO": said, "setup.py": setup.encode(), "data/table.tsv": CONTENT}
    path = folder / "made_set-1.2.tar.gz"
    archives.tar(path, {f"made_set-1.2/{name}": content for name, content in members.items()})
    return path


def wheel(folder):
    path = folder / "made_set-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("made_set/data/table.tsv", CONTENT)
        info = "made_set-1.2.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: made-set\nVersion: 1.2\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def deb(path, members, packing="gz", first="debian-binary"):
    """A Debian package in the true format: an ar archive of three members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{packing}") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    parts = {first: b"2.0\n", "control.tar.gz": b"odd", f"data.tar.{packing}": buffer.getvalue()}
    whole = b"!<arch>\n"
    for name, content in parts.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
        whole += head.encode() + content + b"\n" * (len(content) % 2)
    path.write_bytes(whole)
    return path


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A folder that is all that pip may look into; and a client of any name, made of a script."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


@pytest.fixture
def client(tmp_path, monkeypatch):
    """client(name, script): a program of that name, first on the PATH."""

    def made(name, script):
        folder = tmp_path / "clients"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    return made


def finder(tmp_path, archive_dir=None):
    return Finder(archive_dir, tmp_path / "down", "set")


def test_a_file_inside_an_sdist_is_read_and_nothing_of_it_runs(tmp_path, offline):
    marker = tmp_path / "it ran"
    sdist(offline, marker)
    find = finder(tmp_path)
    path = find(Archive("table.tsv", SHA256, SDIST))
    assert path.read_bytes() == CONTENT
    assert find.found == {"table.tsv": SHA256}
    assert not marker.exists()


def test_the_mark_of_an_sdist_can_be_left(tmp_path, offline):
    """What the test above rules out is what pip does by itself."""
    marker = tmp_path / "it ran"
    sdist(offline, marker)
    call = ["python", "-m", "pip", "download", "--no-deps", "--no-build-isolation", "made-set"]
    subprocess.run(call, cwd=tmp_path, capture_output=True, check=False)
    assert marker.exists()


def test_a_file_inside_a_wheel(tmp_path, offline):
    wheel(offline)
    place = "pip:made-set==1.2:made_set-1.2-py3-none-any.whl!made_set/data/table.tsv"
    assert finder(tmp_path)(Archive("table.tsv", SHA256, place)).read_bytes() == CONTENT


def test_a_package_of_npm_whole_and_a_file_inside_it(tmp_path, client):
    tgz = tmp_path / "scope-made-1.2.0.tgz"
    archives.tar(
        tmp_path / "made.tar.gz", {"package/data/a.txt": CONTENT, "package/data/b.txt": b"b"}
    )
    (tmp_path / "made.tar.gz").rename(tgz)
    client("npm", f'test "$*" = "pack --ignore-scripts --silent @scope/made@1.2.0" && cp {tgz} .')
    find = finder(tmp_path)
    inside = find(Archive("a.txt", SHA256, "npm:@scope/made@1.2.0:package/data/a.txt"))
    assert inside.read_bytes() == CONTENT
    given = hashlib.sha256(tgz.read_bytes()).hexdigest()
    whole = find(Archive("scope-made-1.2.0.tgz", given, "npm:@scope/made@1.2.0:"))
    found = {name: read() for name, read in packages.members(whole)}
    assert found == {"package/data/a.txt": CONTENT, "package/data/b.txt": b"b"}


@pytest.mark.parametrize("packing", ["gz", "xz"])
def test_a_file_inside_a_package_of_debian(tmp_path, client, packing):
    made = deb(tmp_path / "made-sounds_1%3a2.0-1_all.deb", {"usr/share/a.wav": CONTENT}, packing)
    client("apt-get", f'test "$*" = "download made-sounds=1:2.0-1" && cp {made} .')
    archive = Archive("a.wav", SHA256, "apt:made-sounds=1:2.0-1:usr/share/a.wav")
    assert finder(tmp_path)(archive).read_bytes() == CONTENT


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb here")
def test_a_package_that_debian_built_is_read(tmp_path):
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: made\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n"
    (tree / "DEBIAN/control").write_text(control)
    (tree / "usr/share").mkdir(parents=True)
    (tree / "usr/share/a.wav").write_bytes(CONTENT)
    (tree / "usr/share/link").symlink_to("a.wav")
    built = tmp_path / "made_1_all.deb"
    call = ["dpkg-deb", "-Zxz", "--build", str(tree), str(built)]
    subprocess.run(call, check=True, capture_output=True)
    assert [(n, read()) for n, read in packages.members(built)] == [("usr/share/a.wav", CONTENT)]


def test_the_packages_file_may_lie_in_archive_dir(tmp_path, client):
    client("npm", "exit 9")
    folder = tmp_path / "archives"
    folder.mkdir()
    archives.tar(folder / "made-1.0.tgz.gz", {"package/a.txt": CONTENT})
    (folder / "made-1.0.tgz.gz").rename(folder / "made-1.0.tgz")
    archive = Archive("a.txt", SHA256, "npm:made@1.0:package/a.txt")
    assert finder(tmp_path, folder)(archive).read_bytes() == CONTENT
    (tmp_path / "down/a.txt").unlink()
    (folder / "a.txt").write_bytes(CONTENT)  # or the file itself
    (folder / "made-1.0.tgz").unlink()
    assert finder(tmp_path, folder)(archive) == folder / "a.txt"


def test_what_was_fetched_once_is_not_fetched_again(tmp_path, client):
    made = deb(tmp_path / "made_1.0-1_all.deb", {"a": CONTENT, "b": CONTENT})
    client("apt-get", f"cp {made} .; echo x >> {tmp_path}/calls")
    for name in ("a", "a", "b"):
        finder(tmp_path)(Archive(name, SHA256, f"apt:made=1.0-1:{name}"))
    assert (tmp_path / "calls").read_text() == "x\n"


def test_a_client_that_fails_is_named_with_what_it_said_and_what_to_do(tmp_path, client):
    client("npm", "echo npm ERR! 404 no such package >&2; exit 1")
    archive = Archive("a.txt", SHA256, "npm:made@1.0:package/a.txt")
    with pytest.raises(InputError) as caught:
        finder(tmp_path)(archive)
    shown = str(caught.value)
    assert "npm package made@1.0: cannot be fetched, npm ended with 1: npm ERR! 404" in shown
    assert "npm pack --ignore-scripts --silent made@1.0; put made-1.0.tgz into a folder" in shown
    assert "\n" not in shown


def test_a_machine_without_the_client_is_told_how_to_bring_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"apt-get is not here; .*: apt-get download made=1; put"):
        finder(tmp_path)(Archive("a", SHA256, "apt:made=1:a"))


def test_another_content_a_missing_file_and_a_damaged_package_are_refused(tmp_path, client):
    made = deb(tmp_path / "made_1_all.deb", {"a": b"other"})
    client("apt-get", f"cp {made} .")
    with pytest.raises(InputError, match=r"a: sha256 is .* expected"):
        finder(tmp_path)(Archive("a", SHA256, "apt:made=1:a"))
    with pytest.raises(InputError, match=r"made_1_all\.deb: does not hold b"):
        finder(tmp_path)(Archive("b", SHA256, "apt:made=1:b"))
    for content in (made.read_bytes()[:200], b"!<arch>\n", b"text", made.read_bytes()[:90]):
        (tmp_path / "down/made_1_all.deb").write_bytes(content)
        with pytest.raises(InputError, match=r"made_1_all\.deb: "):
            finder(tmp_path)(Archive("b", SHA256, "apt:made=1:b"))


@pytest.mark.parametrize("place", ["pip:made:a.whl!b", "npm:made:a", "apt:made=1", "npm:@made:a"])
def test_a_place_without_a_version_is_a_mistake_of_ours(place):
    with pytest.raises(ValueError, match="is not"):
        packages.parsed(place)
