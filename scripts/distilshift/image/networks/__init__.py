"""Networks on images, by family; a name is a family and its sizes: ``cnn-16``, ``mlp-256-128``.

To add a family write one function ``family(classes, channels, size, *sizes) -> Network`` in a
module of its own and name it here; in ``LIMITS`` too, where it does not take every image.
"""

NETWORKS = {
    "cnn": "cnn:cnn",
    "mlp": "mlp:mlp",
    "lenet": "shot:lenet",
    "dtn": "shot:dtn",
    "wrn": "wide:wrn",
}
# who builds any other name, by how it begins: the first that fits
OTHERS = {
    "frozen": "frozen:frozen",
    "timm/": "timm:from_timm",
    "efficientnet_lite0": "lite:efficientnet_lite0",
    "": "torchvision:from_torchvision",
}

LITE = {"efficientnet_lite0": ["IMAGENET"]}  # ours by a torchvision-like name, and its weights

# What is known of a family before one is built, so that a config is refused before the first
# job; a test holds it against the networks. smallest: pixels a side that it takes; alone: from
# which on it trains on a batch of one, None where BatchNorm always wants two; layernorm: has it
# instead; sizes: how many its name may have, any number where it is not said; depth: (a, b) where
# the first must be a n + b.
LIMITS: dict[str, dict] = {
    "cnn": {"smallest": 4, "alone": 8, "batchnorm": True, "sizes": 1},
    "mlp": {"batchnorm": False},
    "lenet": {"smallest": 16, "alone": None, "batchnorm": True, "sizes": 1},
    "dtn": {"alone": None, "batchnorm": True, "sizes": 1},
    "wrn": {"alone": 5, "batchnorm": True, "sizes": 2, "depth": (6, 4)},
}
# the same of torchvision's, by how their names begin, the first that fits; only: the one side
# that it takes; not: weights of another side; why: it has no place here
TORCHVISION: dict[str, dict] = {
    "alexnet": {"smallest": 63, "batchnorm": False},
    "convnext": {"smallest": 32, "batchnorm": False, "layernorm": True},
    "densenet": {"smallest": 29, "alone": 61, "batchnorm": True},
    "googlenet": {"why": "gives several outputs while it is trained"},
    "inception": {"why": "gives several outputs while it is trained"},
    "squeezenet": {"why": "has no linear head"},
    "maxvit": {"only": 224, "batchnorm": True},
    "vit": {"only": 224, "batchnorm": False, "layernorm": True, "not": "SWAG_E2E"},
    "swin": {"batchnorm": False, "layernorm": True},
    "vgg[0-9]+_bn": {"smallest": 32, "batchnorm": True},
    "vgg": {"smallest": 32, "batchnorm": False},
    "": {"alone": 33, "batchnorm": True},  # resnet, efficientnet, mobilenet, regnet, ...
}
