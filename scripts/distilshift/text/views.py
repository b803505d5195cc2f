"""Augmentation of whole batches of texts, on the device that they are on.

A view of a text is three numbers, its parameters, in this order: a ``seed`` below 2**24, which
a float32 holds exactly, and the probabilities that a word is ``dropped`` or ``masked``. Which
words that meets is a function of the seed and of the word's place in its text alone, so that
whoever has the parameters can make the same view again.
"""

from distilshift.seeds import generator
from distilshift.text import words
from distilshift.text.encoding import MASK
from distilshift.text.settings import Source, View

import torch
from torch import Tensor

PREPROCESSING = "UTF-8 as it is"
PARAMETERS = ("seed", "dropped", "masked")
SEEDS = 2**24


def plain(rows: Tensor) -> Tensor:
    """uint8 (N, L): texts as networks read them are texts as they are kept."""
    return rows


def draw(count: int, ranges: View, *stream: object) -> Tensor:
    """Random parameters of ``count`` texts, (count, 3), drawn on the CPU.

    Args:
        ranges: the probabilities, the same for every text.
        stream: names the random stream.
    """
    seeds = torch.randint(SEEDS, (count, 1), generator=generator(*stream)).float()
    return torch.cat([seeds, torch.tensor([[ranges.dropped, ranges.masked]]).expand(count, 2)], 1)


def strengthen(parameters: Tensor, strength: float) -> Tensor:
    """Views (N, 3) whose words are dropped and masked ``strength`` times as often."""
    return torch.cat([parameters[:, :1], (parameters[:, 1:] * strength).clamp(max=1)], 1)


def see(rows: Tensor, parameters: Tensor) -> Tensor:
    """uint8 texts (N, L) as parameters (N, 3) say: words left out, closed up; a mark for others.

    A word goes with the blanks behind it. That which the seed would drop last always stays, so
    that no text becomes empty.
    """
    kind = words.kinds(rows)
    start = words.starts(kind)
    number = words.numbers(start)
    seed, dropped, masked = parameters.unsqueeze(2).unbind(1)
    drawn = words.mixed(words.mixed(seed.int()) ^ number.int())
    chance = ((drawn >> 8) & 0xFFFFFF).float() / 2**24  # in 0..1, one for all bytes of a word
    lasting = chance.masked_fill(number == 0, -1.0)
    is_free = lasting < lasting.amax(1, keepdim=True)
    is_free &= number > 0
    is_dropped = is_free & (chance < dropped)
    is_masked = is_free & ~is_dropped & (chance < dropped + masked)
    is_masked &= kind != words.BLANK
    stays = (rows != 0) & ~is_dropped & (start | ~is_masked)
    shown = torch.where(is_masked, torch.tensor(MASK, dtype=rows.dtype, device=rows.device), rows)
    # what goes is written behind the end, which is cut off
    places = torch.where(stays, stays.cumsum(1) - 1, rows.shape[1])
    closed = torch.zeros(len(rows), rows.shape[1] + 1, dtype=rows.dtype, device=rows.device)
    return closed.scatter_(1, places, shown)[:, :-1]


def disturb(rows: Tensor, source: Source, *stream: object) -> Tensor:
    """Labelled source texts (N, L) as a teacher learns from them: as they are."""
    return rows
