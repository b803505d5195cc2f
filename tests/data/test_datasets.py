"""Every loader on an archive in the true format, and the errors a user meets."""

import json
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

from distilshift import registry
from distilshift.data import kinds
from distilshift.data.archives import Archive, Finder
from distilshift.errors import InputError
from distilshift.files import tensors
from distilshift.image.datasets import DATASETS, by_hand, folders
from distilshift.image.settings import Input

import archives
import numpy as np
import pytest
import torch
import yaml

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
LABELS = np.array([0, 3, 9, 1, 2, 5, 7, 8, 6, 4, 0, 9], np.uint8)


class Trusting(Finder):
    """Takes archives as they are: those of the tests have checksums of their own."""

    def __call__(self, archive):
        return self._locate(archive)


def loader(name):
    return registry.load("distilshift.image.datasets", DATASETS[name])


@pytest.fixture
def load(tmp_path):
    def loaded(name, **more):
        return loader(name)(Trusting(tmp_path, tmp_path / "down", name, **more))

    return loaded


def check(data, images, labels, train, classes=10):
    found = np.concatenate([part for _, part in data.chunks()])
    assert np.array_equal(found, images) and found.dtype == np.uint8
    assert np.array_equal(data.labels, labels) and data.labels.dtype == np.int64
    assert data.train == train and len(data.classes) == classes and data.licence


@pytest.mark.parametrize("name", ["mnist", "kmnist", "fashion-mnist"])
def test_idx(load, tmp_path, name):
    images = archives.random(12, 28, 28)
    archives.mnist(tmp_path / name, images, LABELS, 8)  # a folder of its own, same file names
    check(load(name), images[:, None], LABELS, 8)


def test_qmnist_takes_the_first_label_column(load, tmp_path):
    images = archives.random(12, 28, 28)
    archives.qmnist(tmp_path, images, LABELS, 8)
    check(load("qmnist"), images[:, None], LABELS, 8)


def test_emnist_digits_are_turned_upright(load, tmp_path):
    images = archives.random(12, 28, 28)
    archives.emnist(tmp_path, images, LABELS, 8)
    check(load("emnist-digits"), images[:, None], LABELS, 8)


def test_usps(load, tmp_path):
    images = archives.random(12, 16, 16)
    archives.usps(tmp_path, images, LABELS, 8)
    data = load("usps")
    assert np.abs(data.inputs[:, 0].astype(int) - images).max() <= 1  # torchvision cuts, too
    check(data, data.inputs, LABELS, 8)


def test_svhn_reads_ten_as_zero(load, tmp_path):
    images = archives.random(12, 3, 32, 32)
    archives.svhn(tmp_path, images, LABELS, 8)
    check(load("svhn"), images, LABELS, 8)


def test_cifar(load, tmp_path):
    images = archives.random(12, 3, 32, 32)
    archives.cifar10(tmp_path, images, LABELS, 10)
    check(load("cifar10"), images, LABELS, 10)
    assert load("cifar10").classes[6] == "frog"
    fine = np.array([99, 0, 57, *LABELS[3:]], np.uint8)
    names = [f"thing{n}" for n in range(100)]
    archives.cifar100(tmp_path, images, fine, 10, names)
    check(load("cifar100"), images, fine, 10, 100)
    assert load("cifar100").classes == names


def test_stl10_and_the_nine_classes_it_shares_with_cifar10(load, tmp_path):
    images = archives.random(12, 3, 96, 96)
    archives.stl10(tmp_path, images, LABELS, 8)
    check(load("stl10"), images, LABELS, 8)
    small = archives.random(12, 3, 32, 32)
    archives.cifar10(tmp_path, small, LABELS, 10)
    nine, other = load("stl9"), load("cifar9")
    assert nine.classes == other.classes and len(nine.classes) == 9
    stl, cifar = load("stl10").classes, load("cifar10").classes
    kept = [n for n in LABELS if stl[n] != "monkey"]
    assert [nine.classes[n] for n in nine.labels] == [
        stl[n].replace("car", "automobile") for n in kept
    ]
    assert [other.classes[n] for n in other.labels] == [cifar[n] for n in LABELS if n != 6]
    assert nine.train == 7 and other.train == 9
    assert np.array_equal(nine.inputs, images[[stl[n] != "monkey" for n in LABELS]])


def test_cifar_c_from_the_tar_and_from_its_folder(load, tmp_path):
    """50,000 rows in the true files: severity s is the s-th ten thousand."""
    images = np.zeros((50_000, 32, 32, 3), np.uint8)
    images[:, 0, 0, 1] = np.arange(50_000) // 10_000 + 1
    labels = np.tile(np.arange(10_000) % 10, 5).astype(np.uint8)
    files = {"fog.npy": archives.npy(images), "labels.npy": archives.npy(labels)}
    archives.tar(tmp_path / "CIFAR-10-C.tar", {f"CIFAR-10-C/{k}": v for k, v in files.items()})
    data = load("cifar10-c-fog-3")
    assert data.inputs.shape == (10_000, 3, 32, 32) and isinstance(data.inputs.base, np.memmap)
    assert (data.inputs[:, 1, 0, 0] == 3).all() and data.train is None
    assert np.array_equal(data.labels, labels[:10_000])
    (tmp_path / "CIFAR-10-C.tar").rename(tmp_path / "elsewhere")
    shutil.move(tmp_path / "down/CIFAR-10-C", tmp_path / "CIFAR-10-C")
    assert (load("cifar10-c-fog-5").inputs[:, 1, 0, 0] == 5).all()
    with pytest.raises(InputError, match=r"frost\.npy: no such file"):
        load("cifar10-c-frost-1")


def test_cifar10_1(load, tmp_path):
    images = archives.random(12, 3, 32, 32)
    archives.cifar10_1(tmp_path, images, LABELS)
    check(load("cifar10.1"), images, LABELS, None)


def test_no_pickle_is_loaded(load, tmp_path):
    """A file that would run code when unpickled is refused, whatever its name."""

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    trap = np.empty(1, object)
    trap[0] = Trap()
    for name in ("cifar10.1_v6_data.npy", "cifar10.1_v6_labels.npy"):
        with (tmp_path / name).open("wb") as file:
            np.save(file, trap, allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        load("cifar10.1")
    np.savez(tmp_path / "pathmnist.npz", train_images=trap)
    with pytest.raises(InputError, match="cannot be read"):
        load("pathmnist")
    (tmp_path / "dermamnist.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="cannot be read"):
        load("dermamnist")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("name", "channels", "classes"),
    [
        ("organamnist", 1, 11),
        ("organcmnist", 1, 11),
        ("organsmnist", 1, 11),
        ("pathmnist", 3, 9),
        ("dermamnist", 3, 7),
    ],
)
def test_medmnist(load, tmp_path, name, channels, classes):
    shape = (12, 28, 28) if channels == 1 else (12, 28, 28, 3)
    images, labels = archives.random(*shape), LABELS % 7
    archives.medmnist(tmp_path / f"{name}.npz", images, labels, 6, 9)
    right = images[:, None] if channels == 1 else images.transpose(0, 3, 1, 2)
    check(load(name), right, labels, 9, classes)


def test_the_three_views_of_the_organs_share_their_classes(load, tmp_path):
    for name in ("organamnist", "organcmnist", "organsmnist"):
        archives.medmnist(tmp_path / f"{name}.npz", archives.random(12, 28, 28), LABELS, 6, 9)
    views = [load(name).classes for name in ("organamnist", "organcmnist", "organsmnist")]
    assert views[0] == views[1] == views[2]


def test_eurosat(load, tmp_path):
    flat = [np.full((64, 64, 3), 20 * n, np.uint8) for n in range(12)]
    archives.eurosat(tmp_path, flat, ["AnnualCrop", "Forest", "River"])
    data = load("eurosat")
    assert data.classes == ["AnnualCrop", "Forest", "River"]
    assert np.bincount(data.labels).tolist() == [4, 4, 4]
    (rows, images), *rest = data.chunks()
    assert not rest and images.shape == (12, 3, 64, 64) and rows.tolist() == list(range(12))
    # sorted by name: AnnualCrop_0, _3, _6, _9
    assert np.abs(images[:4].mean((1, 2, 3)) - [0, 60, 120, 180]).max() < 2


@pytest.fixture
def pets(tmp_path):
    """Two domains, <domain>/<class>/*, one of which lacks a class; two broken pictures."""
    root = tmp_path / "pets"
    for domain, classes in (("photo", ["cat", "dog", "owl"]), ("sketch", ["cat", "dog"])):
        for number, label in enumerate(classes):
            (root / domain / label).mkdir(parents=True)
            for at in range(4):
                array = np.full((20 + at, 30, 3), 40 * number + 10 * at, np.uint8)
                array[:, :2] = 255  # cut off: the middle is kept
                (root / domain / label / f"{at}.png").write_bytes(archives.picture(array))
    (root / "photo/cat/1.png").write_bytes(b"no picture at all")
    whole = (root / "photo/dog/2.png").read_bytes()
    (root / "photo/dog/2.png").write_bytes(whole[: len(whole) // 2])
    (root / "photo/dog/notes.txt").write_text("not meant to be a picture")
    return root


def download(tmp_path, *flags):
    command = [sys.executable, ROOT / "scripts/download_dataset.py", *flags]
    for what in ("inputs", "labels", "manifest"):
        command += [f"--{what}", tmp_path / f"out/{what}"]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_folder_of_pictures_and_what_cannot_be_read(pets, tmp_path):
    done = download(tmp_path, "--folder", pets, "--folder-domain", "photo", "--input", "size=16")
    assert done.returncode == 0, done.stderr
    images, header = tensors.load(tmp_path / "out/inputs", "dataset inputs", "x")
    labels, _ = tensors.load(tmp_path / "out/labels", "dataset labels", "x")
    assert images["inputs"].shape == (10, 3, 16, 16)
    assert images["ids"].tolist() == [0, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert torch.equal(images["ids"], labels["ids"])
    assert labels["labels"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    means = images["inputs"].float().mean((1, 2, 3)).tolist()
    assert means == [0, 20, 30, 40, 50, 70, 80, 90, 100, 110]
    manifest = json.loads((tmp_path / "out/manifest").read_text())
    unreadable = manifest["unreadable"]
    assert unreadable["count"] == 2 and list(unreadable["names"]) == ["cat/1.png", "dog/2.png"]
    assert unreadable["names"]["cat/1.png"] == "no picture, or of a kind that is not read"
    assert manifest["left_out"] == {"suffix .txt": {"count": 1, "names": ["dog/notes.txt"]}}
    assert manifest["counts"] == {"cat": 3, "dog": 3, "owl": 4}
    assert "2 rows cannot be read" in done.stderr and header["train"] is None


def test_domains_of_one_root_have_the_same_classes(pets):
    assert folders.folder(pets, "sketch", Input(size=16)).classes == ["cat", "dog", "owl"]
    with pytest.raises(InputError, match=r"no such folder; .* holds photo, sketch"):
        folders.folder(pets, "painting", Input(size=16))


def test_official_lists_are_the_split(pets):
    (pets / "sketch_train.txt").write_text("sketch/dog/3.png 1\nsketch/cat/0.png 0\n")
    (pets / "sketch_test.txt").write_text("sketch/dog/0.png 1\n")
    data = folders.folder(pets, "sketch", Input(size=16))
    assert data.train == 2 and data.labels.tolist() == [1, 0, 1]
    (pets / "sketch_test.txt").write_text("sketch/dog/9.png 1\n")
    with pytest.raises(InputError, match=r"names 1 picture not there"):
        folders.folder(pets, "sketch", Input(size=16))


def test_a_set_fetched_by_hand(load, tmp_path):
    with pytest.raises(InputError, match=r"Office-31's authors.*office31 of archive_dir: amazon"):
        load("office31-dslr")
    for _, inside in (("amazon", "amazon/images"), ("dslr", "dslr")):
        place = tmp_path / "office31" / inside / "mug"
        place.mkdir(parents=True)
        (place / "frame_0001.jpg").write_bytes(
            archives.picture(np.full((40, 40, 3), 90, np.uint8), "JPEG")
        )
    for name in ("office31-amazon", "office31-dslr"):
        data = load(name, wanted=Input(size=24))
        assert data.classes == ["mug"] and next(data.chunks())[1].shape == (1, 3, 24, 24)


@pytest.mark.parametrize("name", sorted(by_hand.SETS))
def test_every_set_fetched_by_hand_says_where_from(name):
    domain = next(iter(by_hand.SETS[name][0]))
    with pytest.raises(InputError) as caught:
        loader(f"{name}-{domain}")(Finder(None, Path("x"), wanted=Input()))
    message = str(caught.value)
    assert "get it from" in message and "archive_dir" in message and "\n" not in message


def test_a_flipped_bit_is_refused_and_the_right_archive_is_not(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"content")
    find = Finder(tmp_path, tmp_path / "down", "some")
    sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    md5 = "9a0364b9e99bb480dd25e1f0284c8555"
    for right in (sha256, md5, ""):
        assert find(Archive("a.bin", right, "http://127.0.0.1:9/a.bin")) == path
    assert find(Archive("a.bin", "0" * 32, "", also=(sha256,))) == path
    path.write_bytes(b"kontent")
    with pytest.raises(InputError, match=r"md5 is .*expected 9a03.*into some/"):
        find(Archive("a.bin", md5, ""))


def test_mirrors_are_tried_in_turn(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"content")
    find = Finder(None, tmp_path / "down")
    dead = "http://127.0.0.1:9/a.bin"
    md5 = "9a0364b9e99bb480dd25e1f0284c8555"
    found = find(Archive("a.bin", md5, f"{dead} {path.as_uri()}"))
    assert found.read_bytes() == b"content" and found.parent == tmp_path / "down"
    assert find(Archive("a.bin", md5, dead)) == found  # kept from before
    with pytest.raises(InputError, match=r"b\.bin: cannot be downloaded.*archive_dir"):
        find(Archive("b.bin", md5, dead))


def test_damaged_archives_are_one_line(load, tmp_path):
    images = archives.random(12, 28, 28)
    archives.mnist(tmp_path, images, LABELS, 8)
    short = archives.idx(images)[:-1]
    broken = {
        "mnist": ("train-images-idx3-ubyte.gz", short),
        "usps": ("usps.bz2", b"x"),
        "svhn": ("train_32x32.mat", b"x" * 200),
        "cifar10": ("cifar-10-binary.tar.gz", b"x"),
        "stl10": ("stl10_binary.tar.gz", short),
        "emnist-digits": ("gzip.zip", b"x"),
        "eurosat": ("EuroSAT.zip", b"x"),
    }
    for name, (file, content) in broken.items():
        (tmp_path / file).write_bytes(content)
        with pytest.raises(InputError) as caught:
            load(name)
        assert file in str(caught.value), name


def test_a_misspelt_dataset_is_answered_with_the_near_ones(tmp_path):
    done = download(tmp_path, "--dataset", "fashionmnist")
    assert (
        done.returncode != 0 and "there is no fashionmnist; allowed: fashion-mnist" in done.stderr
    )


def test_the_schema_knows_every_dataset():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    names, pattern, _ = schema["$defs"]["dataset"]["anyOf"]
    published = [n for n in DATASETS if "-c-" in n]
    of_kinds = {n for kind in kinds.KINDS for n in kinds.load(kind).datasets.DATASETS}
    assert sorted(names["enum"]) == sorted(of_kinds - set(published))
    assert len(published) == 150 and all(re.match(pattern["pattern"], n) for n in published)


def test_rows_written_one_by_one_are_what_save_writes(tmp_path):
    images, ids = torch.from_numpy(archives.random(50, 3, 5, 7)), torch.arange(50) * 2
    facts = {"classes": ["ä" * 500]}
    whole = tensors.save(tmp_path / "a", "inputs", {"inputs": images, "ids": ids}, facts)
    with tensors.writing_rows(tmp_path / "b", "inputs", 80, facts) as rows:  # fewer come
        for some in torch.arange(50).split(7):
            rows.append(images[some], ids[some])
        rows.provenance["train"] = 12
    assert rows.sha256 == whole and rows.shape == (50, 3, 5, 7)
    content, header = tensors.load(tmp_path / "b", "inputs", "x")
    assert torch.equal(content["inputs"], images) and torch.equal(content["ids"], ids)
    assert header["train"] == 12 and header["classes"] == facts["classes"]
    damaged = bytearray((tmp_path / "b").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "b").write_bytes(damaged)
    with pytest.raises(InputError, match="damaged"):
        tensors.load(tmp_path / "b", "inputs", "x")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="no package dataset-fashion-mnist: apt-get install")
def test_fashion_mnist_from_its_true_archives(tmp_path):
    done = download(tmp_path, "--dataset", "fashion-mnist", "--archive-dir", DEBIAN)
    assert done.returncode == 0, done.stderr
    images, header = tensors.load(tmp_path / "out/inputs", "dataset inputs", "x")
    assert images["inputs"].shape == (70_000, 1, 28, 28) and header["train"] == 60_000
    counts = json.loads((tmp_path / "out/manifest").read_text())["counts"]
    assert set(counts.values()) == {7000} and "Ankle boot" in counts
    # the mean of the training images, as published everywhere: 0.2860
    assert abs(images["inputs"][:60_000].float().mean() / 255 - 0.2860) < 1e-4
