"""The whole chain on sounds, through the scripts: no step asks which kind it is."""

from distilshift.audio import views
from distilshift.audio.networks import embedding
from distilshift.data import domains
from distilshift.files import logits, tensors

import numpy as np
import pandas as pd
import pytest
import torch
from applied import apply, check_agreement, check_rows
from chain import Chain
from exported import check_parity
from scipy.io import wavfile
from sounds import tones

CLASSES = ["rising", "falling", "high", "low"]
MODELS = {"cnn-3": "melcnn-2", "cnn-2": "melcnn-2"}
RANGES = ["--augmentation", "noise=0.2", "--augmentation", "masked_band=0.3"]
VOICES = ["--source-augmentation", "pitch=2", "--source-augmentation", "tract=0.1"]


class Sounds(Chain):
    """The chain's flags, for rows of half a second."""

    ROWS = ("--data", "audio", "--input", "rate=8000", "--input", "seconds=0.5")

    def steps(self):
        found = {}
        for name, (script, args) in super().steps().items():
            args = [MODELS.get(arg, arg) for arg in args]
            if script == "train_teacher":
                args += [*RANGES, *VOICES]
            found[name] = script, args
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory, run_script):
    chain = Sounds(tmp_path_factory.mktemp("sounds"))
    rows, labels = tones(80)
    ids = torch.arange(80)
    known = {"dataset": "tones", "classes": CLASSES}
    place = chain.folder / "dataset"
    place.mkdir()
    stored = {"inputs": rows, "ids": ids}
    tensors.save(place / "inputs.safetensors", "dataset inputs", stored, {**known, "train": None})
    tensors.save(
        place / "labels.safetensors", "dataset labels", {"labels": labels, "ids": ids}, known
    )
    for name, (script, args) in chain.steps().items():
        status, shown = run_script(script, args)
        assert status == 0, f"{name}: {shown}"
    return chain


def test_every_row_of_the_ladder_is_measured(ran):
    metrics = pd.read_parquet(ran.path("metrics.parquet"))
    assert {"teacher", "source-only", "oracle"} < set(metrics["method"])
    assert metrics.select_dtypes("number").notna().any().any()
    for name in ("ladder.csv", "domains.png", "domains.pdf", "verification.csv"):
        assert (ran.folder / name).stat().st_size > 100


def test_a_domain_is_int16_rows_of_the_shift_that_was_asked_for(ran):
    source, target = (
        domains.load_inputs(ran.folder / n / "test_inputs.safetensors")
        for n in ("source", "target")
    )
    assert source.inputs.dtype == torch.int16 and source.inputs.shape[1:] == (4000,)
    assert source.header["input"] == {"rate": 8000, "seconds": 0.5}
    assert torch.equal(source.ids, target.ids) and not torch.equal(source.inputs, target.inputs)


def test_replayed_views_are_those_that_a_teacher_labels_online(ran, run_script):
    """What a cache has kept of a view makes it again: a student meets the same losses."""
    shared = [
        "--inputs",
        ran.inputs("target"),
        "--teacher",
        ran.path("adapted/weights.safetensors"),
    ]
    wide = [f"--augmentation={name}" for name in ("noise=0.3", "speed=0.2", "masked_time=0.3")]
    cache = ran.path("views.parquet")
    args = [*shared, "--adaptation", "adabn", "--views", "3", *wide, "--logits", cache]
    status, shown = run_script("cache_logits", args)
    assert status == 0, shown
    data = domains.load_inputs(ran.folder / "target/train_inputs.safetensors")
    kept = logits.read([cache], {}, data.ids.numpy())
    assert kept.parameters.shape[1] == len(views.PARAMETERS)
    drawn = views.draw(
        len(data.ids), views.View(noise=0.3, speed=0.2, masked_time=0.3), "student", 0, "view", 1
    )
    assert (kept.parameters[kept.rows[2]] == drawn.numpy()).all()
    histories = []
    for way in ("replayed", "online"):
        args = [*shared, "--logits", cache, "--views", way, "--model", "melcnn-2", *wide]
        args += ["--steps", "6", "--batch", "20", *ran.artefacts(way)]
        status, shown = run_script("distill_student", args)
        assert status == 0, shown
        histories.append(pd.read_parquet(ran.path(way, "history.parquet"))["loss"])
    assert histories[0].tolist() == pytest.approx(histories[1].tolist(), rel=1e-4)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--shift", "rotation:strength=30"], "rotation is none of noise, babble"),
        (["--shift", "pitch:strength=13"], "pitch has no strength 13"),
        (["--input", "size=8"], "--input: got size=8; allowed: rate, seconds"),
        (["--input", "seconds=0.25"], "holds rows of 4000 samples"),
    ],
)
def test_what_is_only_for_pictures_or_another_length_is_one_line(ran, run_script, flags, why):
    args = ran.domain("other", *flags)
    if flags[0] == "--input":  # the last counts
        args = [a for a in ran.domain("other") if a != "seconds=0.5"]
        args[args.index("rate=8000") + 1 : args.index("rate=8000") + 2] = flags
    status, shown = run_script("construct_domain", args)
    assert status == 1 and why in shown and len(shown.splitlines()) == 1


def test_a_pose_is_refused_in_one_line(ran, run_script):
    script, args = ran.steps()["adapted"]
    place = ["--source-inputs", ran.inputs("source"), "--source-labels", ran.labels("source")]
    status, shown = run_script(script, [*args, *place, "--pose", "--steps", "2"])
    assert status == 1 and "pose" in shown.splitlines()[-1]


# ---- a network with a frozen part, whose features are kept ----------------------------------


@pytest.fixture(scope="module")
def frozen(ran, run_script, tmp_path_factory):
    """run(name, script, flags, ends) -> bytes of what it wrote, the features in place of rows.

    The embedding's two files are stood in for, and what they make hangs on each row alone.
    """
    asked = []

    def made(archive, inputs):
        asked.append(archive.name)
        if archive is embedding.SPECTRUM:
            frames = np.lib.stride_tricks.sliding_window_view(inputs, 512, 1)[:, ::160]
            bands = np.abs(np.fft.rfft(frames, 64)).reshape(*frames.shape[:2], -1)[..., 1:]
            return np.log(bands + 1)[:, None].astype(np.float32)
        return np.repeat(inputs.mean(1), 3, 1)[:, None].reshape(len(inputs), 1, 1, 96)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding, "run", made)
        place = ran.folder / "frozen"
        for domain in ("source", "target"):
            args = ["--inputs", *(ran.inputs(domain, half) for half in ("train", "test"))]
            args += ["--model", "embedding-4", "--features"]
            args += [str(place / domain / f"{half}.safetensors") for half in ("train", "test")]
            (place / domain).mkdir(parents=True)
            status, shown = run_script("extract_features", args)
            assert status == 0, shown

        def run(name, script, args, features, code=0):
            asked.clear()
            given = [f"--{flag}={place / file}.safetensors" for flag, file in features.items()]
            status, shown = run_script(script, [*args, *given])
            assert status == code, shown
            return shown

        run.asked, run.place = asked, place
        yield run


ASIDE = [f"--augmentation={name}=0" for name in ("shift", "speed", "gain", "noise")]
ASIDE += [f"--augmentation={name}=0" for name in ("masked_time", "masked_band")]


def test_features_that_are_kept_change_nothing_but_what_is_computed(ran, frozen):
    kept = []
    for name in ("with", "without"):
        folder = frozen.place / name
        folder.mkdir()
        held = name == "with"
        args = [*ran.supervised("source", "embedding-4", str(folder / "teacher")), *ASIDE]
        frozen(name, "train_teacher", args, {"features": "source/train"} if held else {})
        assert bool(frozen.asked) is not held
        args = ["--adaptation", "joint", "--kind", "joint-sinkhorn", "--steps", "4", "--batch"]
        args += ["20", "--teacher", str(folder / "teacher/weights.safetensors"), *ASIDE]
        args += ["--target-inputs", ran.inputs("target"), "--source-inputs", ran.inputs("source")]
        args += ["--source-labels", ran.labels("source"), *ran.artefacts(str(folder / "adapted"))]
        both = {"target-features": "target/train", "source-features": "source/train"}
        frozen(name, "adapt_teacher", args, both if held else {})
        assert bool(frozen.asked) is not held
        weights = str(folder / "adapted/weights.safetensors")
        args = ["--teacher", weights, "--inputs", ran.inputs("target")]
        args += ["--logits", str(folder / "logits.parquet")]
        frozen(name, "cache_logits", args, {"features": "target/train"} if held else {})
        args = ["--network", "both", *ran.halves(), "--weights", weights]
        args += [ran.path("source-only/weights.safetensors")]
        halves = {
            f"{d}-{h}-features": f"{d}/{h}"
            for d, h in (("source", "test"), ("target", "train"), ("target", "test"))
        }
        args += ["--outputs", str(folder / "outputs.parquet")]
        frozen(name, "predict", args, halves if held else {})
        assert bool(frozen.asked) is not held
        # views pass the frozen part too, whatever is kept of the plain rows
        args = ["--teacher", weights, "--inputs", ran.inputs("target"), "--adaptation", "joint"]
        args += ["--views", "2", "--logits", str(folder / "views.parquet")]
        frozen(name, "cache_logits", args, {"features": "target/train"} if held else {})
        files = ("teacher/weights.safetensors", "adapted/weights.safetensors", "outputs.parquet")
        files += ("views.parquet",)
        kept.append([(folder / file).read_bytes() for file in (*files, "logits.parquet")])
    assert kept[0] == kept[1]


def test_features_of_other_rows_and_of_no_frozen_part_are_refused(ran, frozen):
    args = [*ran.supervised("source", "embedding-4", "nowhere")]
    shown = frozen("other", "train_teacher", args, {"features": "target/train"}, 1)
    assert "holds features of other rows" in shown and len(shown.splitlines()) == 1
    shown = frozen("views", "train_teacher", args, {"features": "source/train"}, 1)
    assert "--augmentation: a frozen part's features are kept of plain rows" in shown
    args = ["--inputs", ran.inputs("source"), "--model", "melcnn-2"]
    args += ["--features", ran.path("never.safetensors")]
    shown = frozen("none", "extract_features", args, {}, 1)
    assert "melcnn-2 has no frozen part" in shown and len(shown.splitlines()) == 1


def test_an_applied_network_says_what_predict_says_to_the_bit(ran, run_script):
    check_agreement(run_script, ran)
    check_rows(ran)


def test_sounds_are_read_from_files(ran, run_script):
    folder = ran.folder / "new"
    folder.mkdir()
    rows, _ = tones(6, seed=5)
    for number, row in enumerate(rows.numpy()):
        wavfile.write(folder / f"{number}.wav", 8000, row)
    (folder / "cut.wav").write_bytes((folder / "0.wav").read_bytes()[:100])
    found, shown = apply(run_script, ran, "distilled", [folder], "new.csv", 3)
    assert "cut.wav' cannot be read" in shown and len(found) == 6
    assert set(found["class"]) <= set(CLASSES) and found["probability"].between(0.25, 1).all()


def test_exported_programs_say_the_same(ran, run_script):
    check_parity(run_script, ran, 24)
