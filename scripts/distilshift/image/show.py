"""How images are drawn in figures, and shown on a page."""

import base64
import io

import torch.nn.functional as F
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

LABELLED = False  # rows are shown without their classes
SAMPLES, HEIGHT = 10, 0.56  # of a domain in figures/domains: how many, and inches
ON_A_PAGE = "picture"  # what ``embed`` gives
THUMBNAIL = 64  # pixels: larger pictures are made smaller on a page


def draw(axis: Axes, images: Tensor) -> None:
    """uint8 (N, C, H, W) in one row, a white line around each."""
    framed = F.pad(images, (1, 1, 1, 1), value=255).permute(2, 0, 3, 1)
    axis.imshow(framed.flatten(1, 2).expand(-1, -1, 3), interpolation="nearest")
    axis.set_axis_off()


def embed(images: Tensor) -> list[str]:
    """uint8 (N, C, H, W) as texts that a page takes for pictures, at most ``THUMBNAIL`` wide."""
    return [as_text(Image.fromarray(image.permute(1, 2, 0).squeeze(2).numpy())) for image in images]


def as_text(picture: Image.Image) -> str:
    """A data URL: PNG where every pixel counts, JPEG where the picture was made smaller."""
    small = max(picture.size) <= THUMBNAIL
    if not small:
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
    written, kind = io.BytesIO(), "png" if small else "jpeg"
    picture.save(written, kind, **({"optimize": True} if small else {"quality": 80}))
    return f"data:image/{kind};base64,{base64.b64encode(written.getvalue()).decode()}"
