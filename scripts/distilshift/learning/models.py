"""Networks, named by compact strings: ``cnn-16``, ``mlp-256-128``, ``resnet18``.

A torchvision model may start from pretrained weights: ``resnet50:IMAGENET1K_V2``.

A name is a family and its integer sizes. To add a family write one function
``family(classes, channels, size, *sizes) -> nn.Module`` and name it in ``MODELS``.
A module maps float inputs (N, channels, size, size) to logits (N, classes); its last
linear layer is its attribute ``head``, and ``features(inputs)`` gives what enters it.
"""

import hashlib
import inspect
from pathlib import Path

from distilshift.cli import whole_file
from distilshift.errors import InputError, rerun
from distilshift.files import tensors
from distilshift.image.pose import Pose

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """A feature extractor and a linear head, told apart because adaptation needs both.

    ``pose`` is what brings inputs of the target into the pose of the source; None where
    a network sees inputs as they are.
    """

    def __init__(self, body: nn.Module, head: nn.Module):
        super().__init__()
        self.body, self.head = body, head
        self.pose: Pose | None = None

    def features(self, inputs: Tensor) -> Tensor:
        """What the head reads: (N, width)."""
        return self.body(self.pose.apply(inputs) if self.pose else inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.features(inputs)).float()  # also in mixed precision


def cnn(classes: int, channels: int, size: int, width: int = 16) -> Network:
    """Five 3x3 convolutions with BatchNorm, widths w, w, 2w, 2w, 4w.

    It pools after the first and the third: the widest convolutions see the smallest maps,
    and a step costs half of what it does with pooling after the second and the fourth.

    ``cnn-16`` has 35,674 parameters with ten classes and one channel, ``cnn-4`` 2,446.
    """

    def block(wide_in: int, wide_out: int) -> list[nn.Module]:
        # no bias: BatchNorm subtracts it
        conv = nn.Conv2d(wide_in, wide_out, 3, padding=1, bias=False)
        return [conv, nn.BatchNorm2d(wide_out), nn.ReLU(inplace=True)]

    body = nn.Sequential(
        *block(channels, width),
        nn.AvgPool2d(2),
        *block(width, width),
        *block(width, 2 * width),
        nn.AvgPool2d(2),
        *block(2 * width, 2 * width),
        *block(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    return Network(body, nn.Linear(4 * width, classes))


def mlp(classes: int, channels: int, size: int, *hidden: int) -> Network:
    """A multilayer perceptron with ReLU and no normalisation: ``mlp-256-128``."""
    layers: list[nn.Module] = [nn.Flatten()]
    wide = channels * size * size
    for width in hidden or (128,):
        layers += [nn.Linear(wide, width), nn.ReLU(inplace=True)]
        wide = width
    return Network(nn.Sequential(*layers), nn.Linear(wide, classes))


def lenet(classes: int, channels: int, size: int, width: int = 256) -> Network:
    """SHOT's network for MNIST and USPS: LeNet, then a bottleneck of ``width`` with BatchNorm."""
    side = ((size - 4) // 2 - 4) // 2
    body = nn.Sequential(
        nn.Conv2d(channels, 20, 5),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Conv2d(20, 50, 5),
        nn.Dropout2d(0.5),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(50 * side * side, width),
        nn.BatchNorm1d(width),
    )
    return Network(body, nn.Linear(width, classes))


def dtn(classes: int, channels: int, size: int, width: int = 256) -> Network:
    """SHOT's network for SVHN: three strided convolutions, then the same bottleneck."""

    def block(wide_in: int, wide_out: int, drop: float) -> list[nn.Module]:
        conv = nn.Conv2d(wide_in, wide_out, 5, stride=2, padding=2)
        norm = nn.BatchNorm2d(wide_out)
        return [conv, norm, nn.Dropout2d(drop), nn.ReLU(inplace=True)]

    side = -(-size // 8)
    body = nn.Sequential(
        *block(channels, 64, 0.1),
        *block(64, 128, 0.3),
        *block(128, 256, 0.5),
        nn.Flatten(),
        nn.Linear(256 * side * side, width),
        nn.BatchNorm1d(width),
    )
    return Network(body, nn.Linear(width, classes))


MODELS = {"cnn": cnn, "mlp": mlp, "lenet": lenet, "dtn": dtn}


def build(name: str, classes: int, channels: int, size: int, seed: int | None = None) -> nn.Module:
    """The network ``name``, initialised from ``seed`` (the global stream is left alone).

    Raises:
        InputError: the name is neither a family of ``MODELS`` nor a torchvision model.
    """
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        family, *sizes = name.split("-")
        if family in MODELS:
            if not all(part.isdigit() and int(part) > 0 for part in sizes):
                raise InputError(f"model {name}", "sizes must be positive integers", "e.g. cnn-16")
            try:
                inspect.signature(MODELS[family]).bind(classes, channels, size, *sizes)
            except TypeError as error:
                problem = f"{family} does not take the sizes {', '.join(sizes)} ({error})"
                raise InputError(f"model {name}", problem) from None
            return MODELS[family](classes, channels, size, *map(int, sizes))
        # without a seed the weights come from a file of ours, not from torchvision
        return from_torchvision(name, classes, channels, pretrained=seed is not None)


def from_torchvision(name: str, classes: int, channels: int, pretrained: bool) -> nn.Module:
    """A torchvision classifier with a fresh head, perhaps on pretrained weights.

    Args:
        name: ``resnet50``, or ``resnet50:IMAGENET1K_V2`` with the weights' official name.
        pretrained: whether such weights are loaded, or only their place is made.
    """
    import torchvision  # 1.3 s to import: only where it is asked for

    name, _, weights = name.partition(":")
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise InputError(
            f"model {name}",
            f"unknown; allowed: {', '.join(f'{family}-<sizes>' for family in MODELS)}"
            f" or a torchvision classifier ({', '.join(known[:3])}, ...)",
        )
    if channels != 3:
        raise InputError(f"model {name}", f"needs 3 channels, got {channels}", "set image.channels")
    model = torchvision.models.get_model(name, weights=None)
    if weights and pretrained:
        model.load_state_dict(pretrained_weights(name, weights))
    # every torchvision classifier ends in a Linear under one of these three names
    end = next(part for part in ("fc", "classifier", "heads", "head") if hasattr(model, part))
    last = getattr(model, end)
    if isinstance(last, nn.Sequential):
        index = max(i for i, layer in enumerate(last) if isinstance(layer, nn.Linear))
        head, last[index] = nn.Linear(last[index].in_features, classes), nn.Identity()
    else:
        head = nn.Linear(last.in_features, classes)
        setattr(model, end, nn.Identity())
    return Network(nn.Sequential(ImageNetRange(), model) if weights else model, head)


class ImageNetRange(nn.Module):
    """From -1..1, as every domain is preprocessed, to what pretrained weights were given."""

    def forward(self, inputs: Tensor) -> Tensor:
        mean = inputs.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        deviation = inputs.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        return ((inputs + 1) / 2 - mean) / deviation


def pretrained_weights(name: str, weights: str) -> dict[str, Tensor]:
    """torchvision's weights of that official name, from torch's cache or the network.

    The file is read with ``weights_only``: tensors, no code.

    Raises:
        InputError: no such weights; or neither a file nor a network, or another file.
    """
    import torchvision

    enum = torchvision.models.get_model_weights(name)
    if weights not in enum.__members__:
        known = ", ".join(enum.__members__) or "none"
        raise InputError(f"model {name}:{weights}", f"no such weights; allowed: {known}")
    url = enum[weights].url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part:
                torch.hub.download_url_to_file(url, str(part), progress=False)
        except (OSError, RuntimeError) as error:
            problem = f"is not there and cannot be downloaded from {url} ({error})"
            raise InputError(path, problem, "put the file there; TORCH_HOME moves it") from None
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    begins = path.stem.rsplit("-", 1)[1]  # torchvision puts it into the file's name
    if not found.startswith(begins):
        problem = f"sha256 is {found}, expected {begins}..."
        raise InputError(path, problem, "fetch the file again")
    return torch.load(path, map_location="cpu", weights_only=True)


def has_batchnorm(model: nn.Module) -> bool:
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())


def parameter_count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def save_weights(path: Path, model: nn.Module, header: dict) -> str:
    """Write a network with what is needed to build it again; return its sha256.

    Args:
        header: holds ``model``, ``classes``, ``channels``, ``size``, and provenance.
    """
    return tensors.save(path, "weights", model.state_dict(), header)


def load_weights(
    path: Path, rule: str, device: torch.device | str = "cpu"
) -> tuple[nn.Module, dict]:
    """A network in evaluation mode, and its header.

    Args:
        rule: the rule that makes the file, for the error.

    Raises:
        InputError: the file cannot be used, or does not hold the network it names.
    """
    content, header = tensors.load(path, "weights", rule)
    model = build(header["model"], len(header["classes"]), header["channels"], header["size"])
    try:
        model.load_state_dict(content)
    except RuntimeError as error:
        problem = f"does not hold a {header['model']} ({str(error).splitlines()[-1].strip()})"
        raise InputError(path, problem, rerun(rule)) from None
    if header.get("pose"):
        model.pose = Pose(*header["pose"])
    return model.to(device).eval(), header


def check_same(what: str, header: dict, other: dict, fields: tuple[str, ...]) -> None:
    """Refuse to join two artefacts that differ in any of ``fields``."""
    for field in fields:
        if header[field] != other[field]:
            problem = f"{field} is {header[field]}, expected {other[field]}"
            raise InputError(what, problem, "check the flags")
