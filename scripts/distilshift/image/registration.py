"""Registration: bringing a target into the pose of the source, without a label.

A camera that is turned, a scan of another size or a negative moves every image alike, and
far enough that adaptation starts near chance and settles on swapped classes. Such a shift
can be undone before adaptation begins: ``search`` looks for the one turn, size and
polarity under which the source teacher's predictions are the surest and the most diverse.
"""

import copy
import functools
from collections.abc import Callable

from distilshift.image import views
from distilshift.image.pose import Pose
from distilshift.seeds import generator

import torch
from torch import Tensor, nn

TURNS = range(-180, 180, 15)  # degrees
ZOOMS = (-0.4, -0.3, -0.15, 0.0, 0.2, 0.4, 0.65)  # relative changes of size
STEPS = (-30, -15, -7, 0, 7, 15, 30)  # degrees, around the best turn
PROBE = 512  # images that are looked at, half of them while every turn is tried
MARGIN = 0.125  # nats that a pose must add before it is believed


@torch.no_grad()
def search(model: nn.Module, target: Tensor, uncertainty: Callable[[Tensor], Tensor]) -> Pose:
    """The pose of highest mutual information between images and predicted classes.

    I(x; y) = H(mean_i p_i) - mean_i H(p_i) in nats, of the source teacher on up to
    ``PROBE`` target images, BatchNorm by their own statistics. First every turn and
    polarity, then sizes and finer turns by coordinate ascent. What adds less than
    ``MARGIN`` is chance: noise and backgrounds gain up to 0.11 from a wrong pose, shifts
    that are a pose 0.15 or more.

    Args:
        target: uint8 images (N, C, H, W).
        uncertainty: maps logits (N, C) to -I(x; y), as information maximisation's loss.

    Source of the score: Bridle, Heading, MacKay, "Unsupervised Classifiers, Mutual
    Information and 'Phantom Targets'", NIPS 1991; the search is ours.
    """
    rows = torch.randperm(len(target), generator=generator("pose"))[:PROBE]
    images = views.plain(target[rows])
    teacher = copy.deepcopy(model).train()

    def information(pose: Pose, seen: Tensor) -> float:
        return -uncertainty(teacher(pose.apply(seen))).item()

    @functools.cache
    def score(pose: Pose) -> float:
        return information(pose, images)

    turned = [Pose(turn, 0.0, side) for side in (False, True) for turn in TURNS]
    best = max(turned, key=lambda pose: information(pose, images[::2]))
    for _ in range(2):
        best = max((best._replace(zoom=zoom) for zoom in ZOOMS), key=score)
        best = max((best._replace(angle=best.angle + step) for step in STEPS), key=score)
    return best if score(best) > score(Pose()) + MARGIN else Pose()
