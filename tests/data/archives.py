"""Small archives in the true formats, as the tests make them, with no image of anyone's."""

import bz2
import gzip
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image
from scipy.io import savemat

CORRUPTIONS = ("fog", "contrast")


def random(*shape, seed=0, below=256):
    return np.random.default_rng(seed).integers(0, below, shape, dtype=np.uint8)


def idx(array):
    kind = {"uint8": 8, "int32": 12}[str(array.dtype)]
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return gzip.compress(
        bytes([0, 0, kind, array.ndim])
        + lengths
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def mnist(folder, images, labels, train):
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train", slice(train)), ("t10k", slice(train, None))):
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(images[rows]))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(labels[rows]))


def qmnist(folder, images, labels, train):
    for name, rows in (("train", slice(train)), ("test", slice(train, None))):
        writers = np.full((len(labels[rows]), 8), 7, np.int32)
        writers[:, 0] = labels[rows]
        (folder / f"qmnist-{name}-images-idx3-ubyte.gz").write_bytes(idx(images[rows]))
        (folder / f"qmnist-{name}-labels-idx2-int.gz").write_bytes(idx(writers))


def emnist(folder, images, labels, train):
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        for name, rows in (("train", slice(train)), ("test", slice(train, None))):
            turned = np.ascontiguousarray(images[rows].transpose(0, 2, 1))
            archive.writestr(f"gzip/emnist-digits-{name}-images-idx3-ubyte.gz", idx(turned))
            archive.writestr(f"gzip/emnist-digits-{name}-labels-idx1-ubyte.gz", idx(labels[rows]))
            archive.writestr(f"gzip/emnist-letters-{name}-labels-idx1-ubyte.gz", b"another set")


def usps(folder, images, labels, train):
    """A line a digit: the digit plus one, then index:value, -1..1."""
    for name, rows in (("usps.bz2", slice(train)), ("usps.t.bz2", slice(train, None))):
        lines = []
        for image, label in zip(images[rows], labels[rows], strict=True):
            values = image.reshape(-1) / 255.0 * 2 - 1
            fields = (f"{at}:{value:.6f}" for at, value in enumerate(values, 1))
            lines.append(f"{label + 1} {' '.join(fields)} \n")
        (folder / name).write_bytes(bz2.compress("".join(lines).encode()))


def svhn(folder, images, labels, train):
    """MATLAB 5: X (32, 32, 3, N), y (N, 1) with 10 for the digit 0."""
    for name, rows in (("train", slice(train)), ("test", slice(train, None))):
        marked = np.where(labels[rows] == 0, 10, labels[rows]).reshape(-1, 1)
        content = {"X": images[rows].transpose(2, 3, 1, 0), "y": marked}
        savemat(folder / f"{name}_32x32.mat", content)


def tar(path, members):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def cifar10(folder, images, labels, train):
    def records(rows):
        return b"".join(
            bytes([label]) + image.tobytes()
            for image, label in zip(images[rows], labels[rows], strict=True)
        )

    step = train // 5
    members = {
        f"cifar-10-batches-bin/data_batch_{n + 1}.bin": records(slice(n * step, (n + 1) * step))
        for n in range(5)
    }
    members["cifar-10-batches-bin/test_batch.bin"] = records(slice(train, None))
    members["cifar-10-batches-bin/readme.html"] = b"<html>"
    tar(folder / "cifar-10-binary.tar.gz", members)


def cifar100(folder, images, labels, train, names):
    def records(rows):
        return b"".join(
            bytes([3, label]) + image.tobytes()
            for image, label in zip(images[rows], labels[rows], strict=True)
        )

    members = {
        "cifar-100-binary/train.bin": records(slice(train)),
        "cifar-100-binary/test.bin": records(slice(train, None)),
        "cifar-100-binary/coarse_label_names.txt": b"things\n",
        "cifar-100-binary/fine_label_names.txt": "\n".join(names).encode() + b"\n",
    }
    tar(folder / "cifar-100-binary.tar.gz", members)


def stl10(folder, images, labels, train):
    """Columns first, labels from 1."""
    members = {"stl10_binary/unlabeled_X.bin": b"much"}
    for name, rows in (("train", slice(train)), ("test", slice(train, None))):
        members[f"stl10_binary/{name}_X.bin"] = images[rows].transpose(0, 1, 3, 2).tobytes()
        members[f"stl10_binary/{name}_y.bin"] = (labels[rows] + 1).astype(np.uint8).tobytes()
    tar(folder / "stl10_binary.tar.gz", members)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def cifar10_1(folder, images, labels):
    (folder / "cifar10.1_v6_data.npy").write_bytes(npy(images.transpose(0, 2, 3, 1)))
    (folder / "cifar10.1_v6_labels.npy").write_bytes(npy(labels.astype(np.int32)))


def medmnist(path, images, labels, train, val):
    parts = {"train": slice(train), "val": slice(train, val), "test": slice(val, None)}
    arrays = {f"{name}_images": images[rows] for name, rows in parts.items()}
    arrays |= {f"{name}_labels": labels[rows].reshape(-1, 1) for name, rows in parts.items()}
    np.savez_compressed(path, **arrays)


def picture(array, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def eurosat(folder, arrays, classes):
    with zipfile.ZipFile(folder / "EuroSAT.zip", "w") as archive:
        for number, array in enumerate(arrays):
            name = classes[number % len(classes)]
            archive.writestr(f"2750/{name}/{name}_{number}.jpg", picture(array, "JPEG"))
