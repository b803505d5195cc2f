"""Reviews of four kinds of products: the Multi-Domain Sentiment Dataset.

Source: Blitzer, Dredze, Pereira, "Biographies, Bollywood, Boom-boxes and Blenders", ACL 2007.
"""

import html
import re
import tarfile

from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.errors import InputError
from distilshift.text.datasets.texts import Sample, dataset

ARCHIVE = Archive(
    "domain_sentiment_data.tar.gz",
    "",
    "https://www.cs.jhu.edu/~mdredze/datasets/sentiment/domain_sentiment_data.tar.gz",
)
FOLDERS = {
    "books": "books",
    "dvd": "dvd",
    "electronics": "electronics",
    "kitchen": "kitchen_&_housewares",
}
CLASSES = ["negative", "positive"]
# the files look like XML and are none: nothing is escaped, there is no root
REVIEW = re.compile(r"<review_text>(.*?)</review_text>", re.DOTALL)


def products(name: str):
    """The loader of one kind: a thousand reviews a class; of equal ones the first."""

    def load(find: Finder) -> Dataset:
        path = find(ARCHIVE)
        samples = []
        with reading(path), tarfile.open(path) as content:
            for label, which in enumerate(CLASSES):
                inside = f"sorted_data_acl/{FOLDERS[name]}/{which}.review"
                text = content.extractfile(inside).read().decode("latin-1")
                for number, found in enumerate(REVIEW.findall(text)):
                    called = f"{which}/{number}"
                    samples.append(Sample(called, html.unescape(found), label))
        if not samples:
            raise InputError(path, f"holds no review of {name}", "fetch the file again")
        licence = "unstated, for research (Multi-Domain Sentiment Dataset)"
        return dataset(path, samples, CLASSES, licence, find.wanted, once=True)

    return load
