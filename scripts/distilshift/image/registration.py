"""Registration: bringing a target into the pose of the source, without a label.

A camera that is turned, a scan of another size or a negative moves every image alike, and
far enough that adaptation starts near chance and settles on swapped classes. Such a shift
can be undone before adaptation begins: ``search`` looks for the one turn, size and
polarity under which the source teacher's predictions are the surest and the most diverse.
"""

import functools
import itertools
from collections.abc import Callable

from distilshift import networks
from distilshift.image import views
from distilshift.image.pose import Pose
from distilshift.seeds import generator

import torch
from torch import Tensor, nn

TURNS = range(-180, 180, 15)  # degrees
ZOOMS = (-0.4, -0.3, -0.15, 0.0, 0.2, 0.4, 0.65)  # relative changes of size
COARSE = (0.0, 0.4)  # those at which every turn is tried: at the wrong size none may stand out
STEPS = (-30, -15, -7, 0, 7, 15, 30)  # degrees, around the best turn
FINE = (-0.1, -0.05, 0.0, 0.05, 0.1)  # relative changes of size, around the best at last
STARTS = 3  # turns from which a size is looked for
PROBE = 512  # images that are looked at, half of them while every turn is tried
MARGIN = 0.125  # nats that a pose must add before it is believed


@torch.no_grad()
def search(model: nn.Module, target: Tensor, uncertainty: Callable[[Tensor], Tensor]) -> Pose:
    """The pose of highest mutual information between images and predicted classes.

    I(x; y) = H(mean_i p_i) - mean_i H(p_i) in nats, of the source teacher on up to
    ``PROBE`` target images, BatchNorm by their own statistics. First every turn and
    polarity at two sizes; then, from each of the ``STARTS`` best of those that their neighbours
    do not better, sizes and finer turns by coordinate ascent, and sizes finer at last: where the
    size differs as well, the best turn at the wrong size may be a wrong one. Sizes that are
    as sure differ in how far BatchNorm's statistics are from the source's (``departures``),
    which is taken off. What adds less than ``MARGIN`` of information is chance: noise and
    backgrounds gain up to 0.11 from a wrong pose, shifts that are a pose 0.15 or more.

    Args:
        target: uint8 images (N, C, H, W).
        uncertainty: maps logits (N, C) to -I(x; y), as information maximisation's loss.

    Source of the information: Bridle, Heading, MacKay, "Unsupervised Classifiers, Mutual
    Information and 'Phantom Targets'", NIPS 1991; the search is ours.
    """
    rows = torch.randperm(len(target), generator=generator("pose"))[:PROBE]
    images = views.plain(target[rows])
    teacher = networks.by_batch_statistics(model)
    departed = departures(teacher)

    def information(pose: Pose, seen: Tensor) -> float:
        departed.clear()
        return -uncertainty(teacher(pose.apply(seen))).item()

    @functools.cache
    def known(pose: Pose) -> tuple[float, float]:
        return information(pose, images), sum(map(float, departed))

    def score(pose: Pose) -> float:
        informed, far = known(pose)
        return informed - far

    peaks = []
    for side, zoom in itertools.product((False, True), COARSE):
        turned = [Pose(turn, zoom, side) for turn in TURNS]
        gained = [information(pose, images[::2]) for pose in turned]
        higher = [
            gained[i] >= max(gained[i - 1], gained[i + 1 - len(turned)]) for i in range(len(turned))
        ]
        peaks += itertools.compress(zip(gained, turned, strict=True), higher)

    def climb(pose: Pose) -> Pose:
        for _ in range(2):
            pose = max((pose._replace(zoom=zoom) for zoom in ZOOMS), key=score)
            pose = max((pose._replace(angle=pose.angle + step) for step in STEPS), key=score)
        sizes = [round(pose.zoom + step, 2) for step in FINE]
        return max((pose._replace(zoom=zoom) for zoom in sizes), key=score)

    best = max((climb(pose) for _, pose in sorted(peaks, reverse=True)[:STARTS]), key=score)
    return best if known(best)[0] > known(Pose())[0] + MARGIN else Pose()


def departures(model: nn.Module) -> list[Tensor]:
    """A list to which each pass adds how far every BatchNorm layer's batch is from its training.

    Of a layer the mean over channels of KL(N(m, v) || N(m0, v0)) in nats, with m and v the mean
    and variance of the batch, m0 and v0 those that the layer has kept of its training. Empty for
    networks without BatchNorm.
    """
    found: list[Tensor] = []

    def watch(layer: nn.Module) -> None:
        mean, variance = layer.running_mean.clone(), layer.running_var + layer.eps

        def hook(_: nn.Module, inputs: tuple[Tensor]) -> None:
            values = inputs[0].transpose(0, 1).flatten(1)
            ratio = (values.var(1, correction=0) + layer.eps) / variance
            apart = (values.mean(1) - mean).square() / variance
            found.append((ratio + apart - 1 - ratio.log()).mean() / 2)

        layer.register_forward_pre_hook(hook)

    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
            watch(module)
    return found
