"""Networks on images, by family; a name is a family and its sizes: ``cnn-16``, ``mlp-256-128``.

To add a family write one function ``family(classes, channels, size, *sizes) -> Network`` in a
module of its own and name it here.
"""

NETWORKS = {
    "cnn": "cnn:cnn",
    "mlp": "mlp:mlp",
    "lenet": "shot:lenet",
    "dtn": "shot:dtn",
}
OTHERS = "torchvision:from_torchvision"  # builds any other name
