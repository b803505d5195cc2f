"""A bag of hashed words and character n-grams: fastText's recipe."""

from distilshift.errors import InputError
from distilshift.networks import Network
from distilshift.text import words
from distilshift.text.limits import BITS

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NGRAMS = (3, 4, 5)  # bytes
BASE = 0x01000193  # of polynomial hashes modulo 2**32; odd, so that no byte's part is lost


def bag(classes: int, length: int, width: int = 32, bits: int = 15) -> Network:
    """The mean of the embeddings of a text's words, pairs of words and character n-grams.

    ``bag-32`` has 2**15 embeddings for each of the two sorts: 2.1 million parameters, of which
    a text of twenty words touches about three hundred.

    Args:
        width: of an embedding.
        bits: of a hash; 2**bits words and pairs, and as many n-grams, are told apart.

    Source: Joulin et al., "Bag of Tricks for Efficient Text Classification", arXiv:1607.01759;
    character n-grams: Bojanowski et al., arXiv:1607.04606.

    Raises:
        InputError: there are more bits than a hash can have.
    """
    if bits > BITS:
        problem = f"a bag's hashes have at most {BITS} bits, got {bits}"
        raise InputError(f"model bag-{width}-{bits}", problem, f"e.g. bag-{width}")
    return Network(Bag(width, bits), nn.Linear(width, classes))


class Bag(nn.Module):
    """From texts uint8 (N, L) to features (N, width)."""

    def __init__(self, width: int, bits: int):
        super().__init__()
        self.buckets = 2**bits
        self.embeddings = nn.EmbeddingBag(2 * self.buckets, width, mode="mean")
        nn.init.uniform_(self.embeddings.weight, -1 / width, 1 / width)

    def parts(self, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Of words with their pairs, and of n-grams, the hashes and which count (``features``)."""
        rows = reached(rows)
        sizes = [2 * rows.shape[1], len(NGRAMS) * rows.shape[1]]
        return list(zip(*(of.split(sizes, 1) for of in features(rows)), strict=True))

    def forward(self, rows: Tensor) -> Tensor:
        rows = reached(rows)
        found, counted = features(rows)
        buckets = found & (self.buckets - 1)  # the rest of a division by it, quicker
        buckets[:, 2 * rows.shape[1] :] += self.buckets
        if torch.compiler.is_exporting():  # how many count is no size that a graph could hold
            found = F.embedding(buckets, self.embeddings.weight) * counted[..., None]
            return found.sum(1) / counted.sum(1, keepdim=True).clamp_min(1)
        # of one type with the buckets: else both are widened, and the gradient takes longer to sort
        ends = F.pad(counted.sum(1).cumsum(0), (1, 0)).int()
        return self.embeddings(buckets.masked_select(counted), ends[:-1])


def reached(rows: Tensor) -> Tensor:
    """Texts without the places that none reaches, which hold no feature; whole in a graph."""
    return rows if torch.compiler.is_exporting() else rows[:, : longest(rows)]


def longest(rows: Tensor) -> int:
    """Bytes of the longest of texts uint8 (N, L), at least 1."""
    return max(1, int((rows != 0).any(0).sum()))


def features(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Hashes int32 of what texts uint8 (N, L) are made of, and which count: (N, M) each.

    Words, pairs of neighbouring words, then of each length in ``NGRAMS`` an n-gram that begins
    before each byte. Upper case is lower. An n-gram lies between blanks, which with both ends of
    the text are its bounds and may be its first and last byte.
    """
    values = rows.int()
    values = torch.where((values >= ord("A")) & (values <= ord("Z")), values + 32, values)
    kind = words.kinds(rows)
    start = words.starts(kind)
    number = words.numbers(start)
    is_solid = kind != words.BLANK

    length = rows.shape[1]
    places = torch.arange(length, device=rows.device)
    nothing = torch.zeros(rows.shape[0], length + 2, dtype=torch.int64, device=rows.device)
    # where each word begins, by its number
    begun = nothing.scatter_add(1, number, places * start).gather(1, number)
    parts = values * _powers(length, rows.device)[places - begun] * is_solid
    # place 0 gathers what is in no word; words beyond the last are empty
    hashes = words.mixed(nothing.int().scatter_add(1, number, parts))[:, 1:]
    known = number[:, -1:] > places[None]  # of so many words
    pairs = words.mixed(hashes[:, :-1] * 3 + hashes[:, 1:])
    pairs_known = number[:, -1:] > places[None] + 1

    around = (1, max(NGRAMS))
    padded = F.pad(torch.where(is_solid, values, 0), around)  # a bound is 0
    solid = F.pad(is_solid, around)
    grams, grams_known = [], []
    # of one size after another: its hash, and whether no byte between the first and last is blank
    total, inner = torch.zeros_like(values), torch.ones_like(is_solid)
    for step in range(max(NGRAMS)):
        total = total * BASE + padded[:, step : step + length]
        if step + 1 in NGRAMS:
            grams.append(words.mixed(total + step + 1))
            grams_known.append(inner)
        if step:  # that byte is the last of this size, and between the ends of all larger ones
            inner = inner & solid[:, step : step + length]
    found = torch.cat([hashes[:, :length], pairs[:, :length], *grams], 1)
    return found, torch.cat([known, pairs_known, *grams_known], 1)


def _powers(count: int, device: torch.device) -> Tensor:
    """``BASE`` to the powers 0 to count - 1, modulo 2**32: int32 (count,)."""
    found = [1]
    for _ in range(count - 1):
        found.append(found[-1] * BASE % 2**32)
    return torch.tensor(found, device=device).int()
