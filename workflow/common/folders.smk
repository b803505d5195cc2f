# folders of pictures: a name for each place, and what lies in it, so that a change is noticed
import hashlib
import json
import os
import re
import unicodedata
from functools import cache
from pathlib import Path


def dataset_name(given):
    """What a dataset is called in paths; a folder of pictures after its place.

    Rows in no common size are made for one, which is a part of the name. Words of the place,
    to be recognised, and a hash of it: 照片 and 素描 leave no words. The same place in another
    spelling is the same dataset.
    """
    size = "".join(f"-{value}" for value in sizes_of(given).values())
    if isinstance(given, str):
        return f"{given}{size}"
    folder, domain = Path(given["folder"]).resolve(), folder_domain(given)
    words = re.sub("[^a-z0-9]+", "-", f"{folder.name} {domain}".lower()).strip("-")
    # datasets that lie elsewhere may be those of other folders of analysis too
    is_shared = not Path(config["datasets"] or "").resolve().is_relative_to(Path.cwd())
    whole = os.fsencode(f"{folder if is_shared else from_here(folder)}/{domain}")
    parts = ["folder", words[:60].strip("-"), hashlib.sha256(whole).hexdigest()[:10]]
    return "-".join(filter(None, parts)) + size


def sizes_of(given):
    """What rows of a dataset become that have no size of their own; nothing for others.

    Those are of the modules that the registry names, or of the module of folders alone.
    """
    known = contents(f"{WING}.datasets")
    entry = (
        known["DATASETS"].get(given, "") if isinstance(given, str) else known["FOLDER"]
    )
    unsized = known.get("UNSIZED", [known["FOLDER"].split(":")[0]])
    field, sizes = literal(f"{WING}.settings", "ADJUSTABLE"), config[KIND]
    if entry.split(":")[0] not in unsized:
        return {}
    return {field: sizes[field]} if field else dict(sizes)


def from_here(path):
    """A path as jobs are told it: relative inside of this folder, which may be moved."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def folder_place(given):
    """The folder of a dataset; its spelling seeds the split, so there is one for a place.

    Links stay: behind one that lies in this folder data may be elsewhere on each machine.
    """
    return from_here(Path(os.path.abspath(given["folder"])))


def folder_domain(given):
    """Which domain of a folder, as a path in it; of a table any text, such as an address."""
    place, domain = Path(given["folder"]), given["domain"]
    tables = contents(f"{WING}.datasets").get("TABLES", [])
    is_table = place.suffix.lower() in tables and not place.is_dir()
    domain = domain.strip() if is_table else os.path.normpath(domain)
    return unicodedata.normalize("NFC", domain)


def named_datasets():
    """name -> what the config says; of two spellings of a place the first."""
    found = {}
    for domain in config["domains"].values():
        found.setdefault(dataset_name(domain["from"]), domain["from"])
    return found


DATASETS = named_datasets()


def archive_folders(dataset):
    """The folders in `archive_dir` that a set may be read from, e.g. office31 for office31-dslr."""
    archives = Path(config["archive_dir"] or os.devnull)
    names = [dataset[: match.start()] for match in re.finditer("-|$", dataset)]
    return [archives / name for name in names if (archives / name).is_dir()]


@cache
def listing(dataset):
    """A hash of what lies in the folders of a dataset; "" for one that has none.

    Names, sizes and times of modification of every file of the domain, links followed,
    hidden names left out, and the classes of the other domains: an added, changed or
    removed picture makes the dataset again. Reads no picture. Where a folder was moved away
    after its dataset was made, the hash is what it was then, and that is said: a finished
    experiment stays finished.
    """
    given = DATASETS.get(dataset, dataset)
    if isinstance(given, str):
        found = [files_below(f, b"", frozenset()) for f in archive_folders(given)]
    else:
        root, domain = Path(folder_place(given)), folder_domain(given)
        if root.is_file():  # a table, with the rows of every domain
            status = root.stat()
            return hash_of([f"{status.st_size}\0{status.st_mtime_ns}\n".encode()])
        here = next(
            (path for path in visible(root) if is_named(path, domain)), root / domain
        )
        if not here.is_dir():
            return kept_listing(dataset, here)
        found = [files_below(here, b"", frozenset()), around(root, domain)]
    return hash_of(line for part in found for line in part)


def hash_of(lines):
    """Of lines in any order; "" for none."""
    lines = sorted(lines)
    return hashlib.sha256(b"".join(lines)).hexdigest()[:16] if lines else ""


def visible(folder):
    """What lies in a folder and is not hidden; nothing, where it cannot be looked into."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def is_named(path, name):
    """Whether it has that name, in any Unicode form."""
    return unicodedata.normalize("NFC", path.name) == name


def around(root, domain):
    """A line for each class of any domain, and for the official lists of this one."""
    for path in visible(root):
        if path.is_dir():
            yield from (
                os.fsencode(label.name) + b"\n"
                for label in visible(path)
                if label.is_dir()
            )
        elif path.name in (f"{domain}_train.txt", f"{domain}_test.txt"):
            status = path.stat()
            yield f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode()


def folder_classes(given):
    """The classes that a folder of the user's own will have: those of all of its domains.

    As ``distilshift.data.folders`` finds them; None where there are none, or of a table.
    """
    root, domain = Path(folder_place(given)), folder_domain(given)
    here = next(
        (path for path in visible(root) if is_named(path, domain)), root / domain
    )
    found = {
        unicodedata.normalize("NFC", label.name)
        for place in [*class_folders(root), here]
        for label in class_folders(place)
    }
    return sorted(found) if here.is_dir() and found else None


def class_folders(folder):
    """The folders in a folder that may be domains or classes: no hidden ones, names in UTF-8."""
    hidden = literal("distilshift.data.folders", "HIDDEN")

    def is_one(path):
        try:
            os.fsencode(path.name).decode()
        except UnicodeDecodeError:
            return False
        return path.is_dir() and path.name.lower() not in hidden

    return list(filter(is_one, visible(folder)))


def kept_listing(dataset, folder):
    """The hash that a manifest keeps."""
    made = config["datasets"] or f"{config['results']}/datasets"
    manifest = Path(made, dataset, "manifest.json")
    try:
        kept = json.loads(manifest.read_text(encoding="utf-8")).get("listing", "")
    except (OSError, ValueError):
        return ""
    logger.warning(
        f"{folder} is not there any more; what was made of it stays: {manifest}"
    )
    return kept


def files_below(folder, inside, above):
    """A line for each file: its path, size and time; what cannot be read is a line too."""
    try:
        status = os.stat(folder)
        here = (status.st_dev, status.st_ino)
        entries = [] if here in above else list(os.scandir(folder))
    except OSError:
        yield inside + b"\0unreadable\n"
        return
    yield inside + b"\0folder\n"  # an empty one may be a class
    for entry in entries:
        if entry.name.startswith(".") or entry.name in ("Thumbs.db", "desktop.ini"):
            continue
        name = os.path.join(inside, os.fsencode(entry.name))
        try:
            if entry.is_dir():
                yield from files_below(entry.path, name, above | {here})
                continue
            status = entry.stat()
            yield name + f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode()
        except OSError:
            yield name + b"\0unreadable\n"
