"""Datasets: real images and labels, from installed packages, the network or a folder.

To add one write a function ``dataset(find) -> Dataset`` in a module here and name it in
``DATASETS``: ``"module:function"``, or ``"module:function:argument"`` where what the function
gives for these texts is the loader. ``find(archive)`` gives the verified path of a file: from
``--archive-dir`` if it lies there, else from the package that carries it, else from the
network. No pickle is read.

Nothing is imported here: see ``distilshift.registry``.
"""

from distilshift.image.datasets.by_hand import SETS

# of CIFAR-10-C and CIFAR-100-C, each in five severities
CORRUPTIONS = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur"),
    *("motion_blur", "zoom_blur", "snow", "frost", "fog", "brightness", "contrast"),
    *("elastic_transform", "pixelate", "jpeg_compression"),
)

DATASETS: dict[str, str] = {
    "mnist5k": "packaged:mnist5k",
    "optdigits": "packaged:optdigits",
    "sample-photos": "packaged:sample_photos",
    "mnist": "idx:mnist",
    "usps": "digits:usps",
    "svhn": "digits:svhn",
    "kmnist": "idx:kmnist",
    "qmnist": "idx:qmnist",
    "emnist-digits": "idx:emnist_digits",
    "fashion-mnist": "idx:fashion_mnist",
    "cifar10": "cifar:cifar10",
    "cifar100": "cifar:cifar100",
    "cifar9": "cifar:cifar9",
    "cifar10.1": "cifar:cifar10_1",
    "stl10": "cifar:stl10",
    "stl9": "cifar:stl9",
    "eurosat": "folders:eurosat",
    "organamnist": "medmnist:medmnist:organamnist",
    "organcmnist": "medmnist:medmnist:organcmnist",
    "organsmnist": "medmnist:medmnist:organsmnist",
    "emoji-noto": "emoji:emoji:noto",
    "emoji-twemoji": "emoji:emoji:twemoji",
    "emoji-fluent": "emoji:emoji:fluent",
    "emoji-fluent-black": "emoji:emoji:fluent-black",
    "emoji-openmoji": "emoji:emoji:openmoji",
    "openclipart": "emoji:openclipart",
    "pathmnist": "medmnist:medmnist:pathmnist",
    "dermamnist": "medmnist:medmnist:dermamnist",
    **{
        f"{name}-{domain}": f"folders:known:{name}:{domain}"
        for name, (domains, _) in SETS.items()
        for domain in domains
    },
    **{  # e.g. cifar10-c-fog-3
        f"cifar{classes}-c-{kind}-{severity}": f"cifar:cifar_c:{classes}:{kind}:{severity}"
        for classes in (10, 100)
        for kind in CORRUPTIONS
        for severity in range(1, 6)
    },
}
FOLDER = "folders:folder"  # rows of the user's own
UNSIZED = ["emoji", "folders"]  # modules whose rows come in no common size
