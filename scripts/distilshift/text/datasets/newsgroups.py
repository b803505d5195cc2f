"""20 Newsgroups by date: four classes, in two domains of other groups."""

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
    groups = {
        group: label for label, named in enumerate(GROUPS[domain].values()) for group in named
    }

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
