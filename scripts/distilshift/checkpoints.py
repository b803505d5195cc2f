"""Weights of one's own, in a file that others made: where a network's training starts from."""

import dataclasses
import hashlib
import inspect
import math
from pathlib import Path

from distilshift.cli import log
from distilshift.errors import InputError
from distilshift.networks import Network, build
from distilshift.settings import Settings, setting

import torch
from safetensors.torch import load_file
from torch import Tensor

WRAPPED = ("state_dict", "model_state_dict", "model")  # in what checkpoints keep their tensors
FEW = 4  # names that an error lists
NEW = ("head.", "neck.")  # parts that a checkpoint is not asked for, unless told


def _numbers_problem(text: str) -> str:
    try:
        right = all(map(math.isfinite, numbers(text)))
    except ValueError:
        right = False
    return "" if right else f"must be numbers with commas between, such as 0.5,0.5,0.5, got {text}"


def _deviations_problem(text: str) -> str:
    wrong = _numbers_problem(text)
    if not wrong and not all(value > 0 for value in numbers(text)):
        wrong = f"must be above 0, got {text}"
    return wrong


def _keys_problem(text: str) -> str:
    right = all("=" in pair for pair in text.split(",") if pair)
    return "" if right else f"must be like theirs=ours,other=, got {text}"


@dataclasses.dataclass(frozen=True)
class Start(Settings):
    """A checkpoint that a network's first weights come from, and how it is read."""

    start: Path | None = setting(
        None, "checkpoint to start from: safetensors, or a state dict that torch saved"
    )
    start_keys: str = setting(
        "",
        "how names in it begin, and what stands there in the network: theirs=ours,...",
        check=_keys_problem,
    )
    start_head: bool = setting(False, "take its head too; else the head is new")
    start_mean: str = setting(
        "", "of each channel in 0..1, that it was trained with", check=_numbers_problem
    )
    start_deviation: str = setting("", "likewise", check=_deviations_problem)

    @property
    def renamed(self) -> dict[str, str]:
        """Theirs to ours, longer beginnings first."""
        pairs = (pair.split("=", 1) for pair in self.start_keys.split(",") if pair)
        return dict(sorted(pairs, key=lambda pair: -len(pair[0])))


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",") if part]


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU; no code in it is run.

    Raises:
        InputError: it is not there, or is neither safetensors nor a state dict.
    """
    if not path.is_file():
        raise InputError(path, "is not there", "networks.<name>.<role>.weights names it")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign file: torch and safetensors raise many kinds
        line = " ".join(str(error).split())[:200]
        problem = f"cannot be read ({type(error).__name__}: {line})"
        raise InputError(path, problem, "save a state dict, or safetensors") from None
    for name in WRAPPED:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    tensors = content if isinstance(content, dict) else {}
    found = {key: value for key, value in tensors.items() if torch.is_tensor(value)}
    if not found:
        problem = f"holds no state dict but a {type(content).__name__}"
        raise InputError(path, problem, "save model.state_dict()")
    return found


def place(name: str, head: str, wanted: dict[str, Tensor]) -> str:
    """What a tensor of the file is called in the network; its own name, where it has no place.

    Args:
        head: what the head is called in such files.
        wanted: the network's tensors.
    """
    if head and name.startswith(f"{head}."):
        name = f"head.{name.removeprefix(f'{head}.')}"
    return next((full for full in (name, f"body.{name}") if full in wanted), name)


def begin(model: str, needs: dict, seed: int, how: Start | None = None) -> Network:
    """The network ``model`` with its first weights: drawn from ``seed``, or a checkpoint's.

    Args:
        needs: the classes, the kind of data, and what every row is, as ``networks.build``
            wants them.

    Raises:
        InputError: as ``networks.build`` and ``fill``.
    """
    network = build(model, **needs, seed=seed)
    if how and how.start:
        fill(network, how, needs["input"].get("channels", 0))
    return network


def fill(network: Network, how: Start, channels: int) -> None:
    """Give a network its first weights from a file, and what such weights want of the input.

    Every tensor of the body must be there and fit, those of the head only where it is taken;
    what the file holds besides is listed in the log. Normalisation is what is given, else what
    weights of that network usually want.

    Args:
        channels: of the rows; 0 where they have none.

    Raises:
        InputError: the file cannot be read, does not fit, or holds what is no finite number;
            says which tensors. The normalisation is of other rows.
    """
    facts = normalised(network, how, channels)
    given, wanted = {}, network.state_dict()
    for theirs, value in read(how.start).items():
        old = next((old for old in how.renamed if theirs.startswith(old)), "")
        ours = how.renamed.get(old, "") + theirs.removeprefix(old)
        given[place(ours, network.elsewhere.head, wanted)] = value
    needed = {
        name
        for name in wanted
        if not name.endswith("num_batches_tracked") and (how.start_head or name[:5] not in NEW)
    }
    wrong = [
        f"{name} is {tuple(given[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in sorted(needed & given.keys())
        if given[name].shape != wanted[name].shape
    ]
    lacking, beyond = sorted(needed - given.keys()), sorted(given.keys() - wanted.keys())
    if lacking or wrong:
        found = {"lacks": lacking, "": wrong, "holds besides": beyond}
        problem = "; ".join(
            f"{what} {listed(names)}".strip() for what, names in found.items() if names
        )
        raise InputError(how.start, problem, "keys says how names begin: {theirs: ours}")
    if beyond:
        log.warning("%s: has no place for %s", how.start, ", ".join(beyond))
    taken = {name: value for name, value in given.items() if name in wanted}
    if not how.start_head:
        taken = {name: value for name, value in taken.items() if name[:5] not in NEW}
    broken = [name for name, value in taken.items() if not value.isfinite().all()]
    if broken:  # a loss of it is none: it would be said to have diverged
        problem = f"{listed(broken)} holds what is no finite number"
        raise InputError(how.start, problem, "take a checkpoint from before its training broke")
    network.load_state_dict(taken, strict=False)
    log.info("%s: %d of %d tensors taken", how.start, len(taken), len(given))
    if facts:
        network.prepare = type(network.prepare)(**facts)
    with how.start.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    known = {"sha256": sha256, "keys": how.start_keys, "head": how.start_head}
    network.origin = {**network.origin, "start": known}


def normalised(network: Network, how: Start, channels: int) -> dict:
    """What a network that starts from a checkpoint does to its input, as facts of its ``prepare``.

    Raises:
        InputError: a normalisation is given that such rows cannot have, or half of one.
    """
    facts = {**(network.elsewhere.prepare or {}), **network.prepare.facts}
    for name in ("mean", "deviation"):
        text, flag = getattr(how, f"start_{name}"), f"--start-{name}"
        if not text:
            continue
        if name not in inspect.signature(type(network.prepare)).parameters:
            raise InputError(flag, f"got {text}; this network normalises nothing", "leave it out")
        facts[name] = numbers(text)
        if len(facts[name]) not in (1, channels):
            allowed = f"one for each channel: rows have {channels}"
            raise InputError(flag, f"got {text}", f"give one number, or {allowed}")
    if ("mean" in facts) != ("deviation" in facts):
        raise InputError("--start-mean, --start-deviation", "one is given", "give both")
    return facts


def listed(names: list[str]) -> str:
    """The first few of names, and how many there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more
