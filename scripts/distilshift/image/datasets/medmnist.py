"""MedMNIST v2, 28x28: the .npz files, which hold arrays and no code."""

from distilshift.data.archives import Archive, Find, reading
from distilshift.data.base import Dataset, pair, words

import numpy as np

PLACE = "https://zenodo.org/records/10519652/files/{}.npz?download=1"
ORGANS = words(
    "bladder, femur-left, femur-right, heart, kidney-left, kidney-right, liver, lung-left,"
    " lung-right, pancreas, spleen",
    ", ",
)
TISSUES = words(
    "adipose, background, debris, lymphocytes, mucus, smooth muscle, normal colon mucosa,"
    " cancer-associated stroma, colorectal adenocarcinoma epithelium",
    ", ",
)
LESIONS = words(
    "actinic keratoses and intraepithelial carcinoma, basal cell carcinoma, benign keratosis-like"
    " lesions, dermatofibroma, melanoma, melanocytic nevi, vascular lesions",
    ", ",
)
FILES = {  # md5 and classes, as the package medmnist 3.0.2 lists them
    "organamnist": ("68e3f8846a6bd62f0c9bf841c0d9eacc", ORGANS),
    "organcmnist": ("b9ceb9546e10131b32923c5bbeaea2b1", ORGANS),
    "organsmnist": ("9ab87b696fb54e2a387ebe992d6ed5f1", ORGANS),
    "pathmnist": ("a8b06965200029087d5bd730944a56c1", TISSUES),
    "dermamnist": ("0744692d530f8e62ec473284d019b0c7", LESIONS),
}


def medmnist(name: str):
    """The loader of one set; its validation images count as training images."""
    md5, classes = FILES[name]

    def load(find: Find) -> Dataset:
        path = find(Archive(f"{name}.npz", md5, PLACE.format(name)))
        splits = ("train", "val", "test")
        with reading(path), np.load(path, allow_pickle=False) as file:
            images = [file[f"{split}_images"] for split in splits]
            labels = [file[f"{split}_labels"].reshape(-1) for split in splits]
            labels = [pair(path, *both)[1] for both in zip(images, labels, strict=True)]
            whole = np.concatenate(images)
        whole = whole[:, None] if whole.ndim == 3 else whole.transpose(0, 3, 1, 2)
        licence = "CC BY-NC 4.0" if name == "dermamnist" else "CC BY 4.0"
        train = len(images[0]) + len(images[1])
        return Dataset(whole, np.concatenate(labels), classes, f"{licence} (MedMNIST)", train=train)

    return load
