"""torchvision's classifiers by name, perhaps on pretrained weights: ``resnet50:IMAGENET1K_V2``."""

import hashlib
from pathlib import Path

from distilshift.cli import whole_file
from distilshift.errors import InputError
from distilshift.image.prepare import Prepare
from distilshift.networks import Elsewhere, Network

import torch
from torch import Tensor, nn

# what torchvision's weights were given: the mean and deviation of ImageNet, in 0..1
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def from_torchvision(
    name: str, classes: int, channels: int, size: int, pretrained: bool, adjusted: bool = False
) -> Network:
    """A torchvision classifier with a fresh head, perhaps on pretrained weights.

    Args:
        name: ``resnet50``, or ``resnet50:IMAGENET1K_V2`` with the weights' official name.
        pretrained: whether such weights are loaded, or only their place is made.
    """
    import torchvision  # 1.3 s to import: only where it is asked for

    name, _, weights = name.partition(":")
    model = torchvision.models.get_model(name, weights=None)
    if weights and pretrained:
        model.load_state_dict(pretrained_weights(name, weights))
    # every torchvision classifier ends in a Linear under one of these three names
    end = next(part for part in ("fc", "classifier", "heads", "head") if hasattr(model, part))
    last = getattr(model, end)
    if isinstance(last, nn.Sequential):
        index = max(i for i, layer in enumerate(last) if isinstance(layer, nn.Linear))
        head, last[index] = nn.Linear(last[index].in_features, classes), nn.Identity()
        end = f"{end}.{index}"
    else:
        head = nn.Linear(last.in_features, classes)
        setattr(model, end, nn.Identity())
    usual = {"mean": MEAN, "deviation": DEVIATION}
    made = Network(model, head, Prepare(**usual) if weights else Prepare())
    made.elsewhere = Elsewhere(end, usual)
    return made


def pretrained_weights(name: str, weights: str) -> dict[str, Tensor]:
    """torchvision's weights of that official name, from torch's cache or the network.

    The file is read with ``weights_only``: tensors, no code.

    Raises:
        InputError: neither a file nor a network, or another file.
    """
    import torchvision

    url = torchvision.models.get_model_weights(name)[weights].url
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
