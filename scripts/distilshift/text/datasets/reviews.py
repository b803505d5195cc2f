"""Sentences of four sources, each rated by twenty people or more from -4 to 4.

Source: Hutto, Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text", ICWSM 2014; the data lies in the source package of vaderSentiment.
"""

import html
import tarfile

from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.seeds import seed_from
from distilshift.text.datasets.texts import Sample, dataset

ARCHIVE = Archive(
    "hutto_ICWSM_2014.tar.gz",
    "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa",
    "pip:vaderSentiment==3.3.2:vaderSentiment-3.3.2.tar.gz"
    "!vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
)
FILES = {
    "amazon": "amazonReviewSnippets",
    "movies": "movieReviewSnippets",
    "news": "nytEditorialSnippets",
    "tweets": "tweets",
}
TRAIN = 0.7  # of the documents
NEUTRAL = 0.5  # a mean rating of at most so much, either way
WEAK = "rated as neither"
LICENCE = "MIT (vaderSentiment; the texts are those of their authors)"


def rated(name: str, neutral: str = ""):
    """The loader of one source: negative or positive, and neutral between them if asked for.

    Sentences of one review or article (ids such as 17_2) are of one half, drawn by its number.
    """

    def load(find: Finder) -> Dataset:
        path = find(ARCHIVE)
        inside = f"hutto_ICWSM_2014/{FILES[name]}_GroundTruth.txt"
        classes = ["negative", "neutral", "positive"] if neutral else ["negative", "positive"]
        samples, weak = [], []
        with reading(path), tarfile.open(path) as content:
            lines = content.extractfile(inside).read().decode().splitlines()
            for line in lines:
                called, rating, text = line.split("\t")
                if abs(float(rating)) <= NEUTRAL and not neutral:
                    weak.append(called)
                    continue
                if abs(float(rating)) <= NEUTRAL:
                    label = 1
                else:
                    label = len(classes) - 1 if float(rating) > 0 else 0
                document, several, _ = called.partition("_")
                half = seed_from("half", name, document) < TRAIN * 2**63 if several else None
                samples.append(Sample(called, html.unescape(text), label, half))
        out = {WEAK: weak} if weak else {}
        return dataset(path, samples, classes, LICENCE, find.wanted, once=True, left_out=out)

    return load
