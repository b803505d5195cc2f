"""Sounds of every source, on made files of the true formats."""

import hashlib
import io
import shutil
import stat
import struct
import subprocess
import tarfile
import threading
import wave
from pathlib import Path

from distilshift.audio.datasets import (
    DATASETS,
    FOLDER,
    UNSIZED,
    commands,
    folders,
    prompts,
    sounds,
    synthesis,
)
from distilshift.audio.settings import Input
from distilshift.data.archives import Finder
from distilshift.data.base import checked
from distilshift.errors import InputError

import numpy as np
import pytest
from scipy.io import wavfile

WANTED = Input(8000, 0.5)


def wav(seed=0, count=4000, rate=8000, dtype=np.int16, channels=1):
    """Bytes of a WAV of noise."""
    random = np.random.default_rng(seed)
    values = random.uniform(-0.5, 0.5, (count, channels))
    if dtype == np.uint8:
        values = values * 128 + 128
    elif np.dtype(dtype).kind == "i":
        values = values * (np.iinfo(dtype).max + 1)
    file = io.BytesIO()
    wavfile.write(file, rate, values.astype(dtype).squeeze())
    return file.getvalue()


def rows(data):
    """All rows of a dataset, in order, and their numbers."""
    parts = list(data.chunks())
    return np.concatenate([p[1] for p in parts]), np.concatenate([p[0] for p in parts])


def finder(folder, dataset="", archive_dir=None):
    return Finder(archive_dir or folder, folder, dataset, WANTED)


# ---- files ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_a_wav_of_any_depth_is_the_same_sound(dtype):
    found, notes = sounds.row("a.wav", wav(dtype=dtype), WANTED)
    expected, _ = sounds.row("a.wav", wav(dtype=np.float64), WANTED)
    step = 32768 / 128 if dtype == np.uint8 else 1
    assert np.abs(found.astype(int) - expected).max() <= step and notes == []


def test_24_bits_are_read():
    values = np.random.default_rng(0).uniform(-0.5, 0.5, 4000)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(3)
        out.setframerate(8000)
        whole = (values * 2**23).astype(int).tolist()
        out.writeframes(b"".join(v.to_bytes(3, "little", signed=True) for v in whole))
    found, _ = sounds.row("a.wav", file.getvalue(), WANTED)
    expected, _ = sounds.row("a.wav", wav(), WANTED)  # the same draw
    assert np.abs(found - expected).max() <= 1


def test_notes_say_what_was_done():
    _, notes = sounds.row("a.wav", wav(count=9000, rate=6000, channels=2), WANTED)
    assert notes == [sounds.CHANNELS, sounds.LONG, sounds.COARSE]
    silent = io.BytesIO()
    wavfile.write(silent, 8000, np.zeros(500, np.int16))
    assert sounds.row("a.wav", silent.getvalue(), WANTED)[1] == [sounds.SILENT]


def scaled(factor, dtype, channels=1):
    """Bytes of a WAV of noise of up to 0.5, times a factor, as numbers of another kind."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, channels)).squeeze()
    wavfile.write(file, 8000, (noise * factor).astype(dtype))
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_of_other_units_are_no_square_waves(dtype):
    with pytest.raises(ValueError, match=r"values up to 16\d+.*; floats are -1 to 1"):
        sounds.row("a.wav", scaled(32768, dtype), WANTED)
    assert sounds.row("a.wav", scaled(2.5, dtype), WANTED)[1] == [sounds.CLIPPED]
    # int16 over 32767 reaches a little more than 1, and two channels of which one is loud less
    assert sounds.row("a.wav", scaled(2 * 32768 / 32767, dtype), WANTED)[1] == []
    both = np.stack([np.full(4000, 1.5), np.zeros(4000)], 1).astype(dtype)
    file = io.BytesIO()
    wavfile.write(file, 8000, both)
    assert sounds.row("a.wav", file.getvalue(), WANTED)[1] == [sounds.CHANNELS]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_16_bits_in_more_are_not_silence(dtype):
    with pytest.raises(ValueError, match=r"(32|64)-bit values of at most 16\d+: 16-bit ones"):
        sounds.row("a.wav", scaled(32768, dtype), WANTED)
    assert sounds.row("a.wav", scaled(0, dtype), WANTED)[1] == [sounds.SILENT]


def test_the_least_24_bits_are_silence():
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, np.tile([0, 2.0**-23], 2000), 8000, format="WAV", subtype="PCM_24")
    assert sounds.row("a.wav", file.getvalue(), WANTED)[1] == [sounds.SILENT]
    file = io.BytesIO()
    soundfile.write(file, np.tile([0, 2.0**-17], 2000), 8000, format="AIFF", subtype="PCM_32")
    with pytest.raises(ValueError, match="32-bit values of at most 16384"):
        sounds.row("a.aiff", file.getvalue(), WANTED)


def piped(content, total, sound):
    """A WAV with other sizes in its header, as programs write it that cannot go back."""
    order = "<I" if content[:4] == b"RIFF" else ">I"
    at = content.find(b"data") + 4
    said = content[at : at + 4] if sound is None else struct.pack(order, sound)
    return content[:4] + struct.pack(order, total) + content[8:at] + said + content[at + 4 :]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize(
    ("total", "sound"),
    [(0, 0), (2**32 - 1, 2**32 - 1), (0x7FFFF024, 0x7FFFF000), (36, 0), (0, None)],
)
def test_a_wav_from_a_pipe_is_read_to_its_end(total, sound, dtype):
    content = wav(dtype=dtype)
    expected, _ = sounds.row("a.wav", content, WANTED)
    found, notes = sounds.row("a.wav", piped(content, total, sound), WANTED)
    assert np.array_equal(found, expected)
    assert notes == [sounds.UNSAID] * (sound is not None)
    # one that ends in the middle of a sample
    whole = sounds.decode("a.wav", content)[0]
    short = sounds.decode("a.wav", piped(content, total, sound or 0)[:-1])[0]
    assert np.array_equal(short, whole[:-1])


def test_an_empty_wav_with_a_chunk_behind_its_sound_is_no_stream():
    content = wav(count=0)
    total = len(content) - 8 + 12
    content = content[:4] + struct.pack("<I", total) + content[8:] + b"LIST\4\0\0\0INFO"
    with pytest.raises(ValueError, match="no sample"):
        sounds.row("a.wav", content, WANTED)


def test_what_is_cut_off_is_refused_or_noted(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24000)
    for name, given in {
        "a.wav": {"subtype": "ULAW"},
        "b.wav": {"subtype": "MS_ADPCM"},
        "c.wav": {"subtype": "GSM610"},
        "d.wav": {"format": "RF64", "subtype": "PCM_16"},
        "a.aiff": {},
        "b.aiff": {"subtype": "ULAW"},
        "a.au": {},
        "a.mp3": {},
        "a.opus": {"format": "OGG", "subtype": "OPUS"},
        "a.ogg": {},
    }.items():
        soundfile.write(tmp_path / name, noise, 8000, **given)
        content = (tmp_path / name).read_bytes()
        assert sounds.row(name, content, WANTED)[1] == [sounds.LONG], name
        content = content[: len(content) * 3 // 4]
        if name.endswith(("mp3", "opus", "ogg")):
            assert sounds.SHORT in sounds.row(name, content, WANTED)[1], name
        else:
            with pytest.raises(ValueError, match=r"its header says \d+ bytes of sound"):
                sounds.row(name, content, WANTED)


def test_other_formats_from_a_pipe_are_noted_or_named():
    soundfile = pytest.importorskip("soundfile")
    made = {}
    for kind in ("AU", "AIFF", "FLAC", "MP3"):
        file = io.BytesIO()
        soundfile.write(file, np.random.default_rng(0).uniform(-0.5, 0.5, 4000), 8000, format=kind)
        made[kind] = bytearray(file.getvalue())
    made["AU"][8:12] = b"\xff" * 4
    place = made["AIFF"].find(b"SSND") + 4
    made["AIFF"][4:8] = made["AIFF"][place : place + 4] = b"\x7f\xff\xff\xff"
    first = made["MP3"].find(b"Xing") if b"Xing" in made["MP3"] else made["MP3"].find(b"Info")
    made["MP3"][first : first + 4] = bytes(4)
    for kind in ("AU", "AIFF", "MP3"):
        assert sounds.UNSAID in sounds.row("a", bytes(made[kind]), WANTED)[1], kind
    made["FLAC"][21] &= 0xF0  # 36 bits of STREAMINFO: how many samples there are
    made["FLAC"][22:26] = bytes(4)
    with pytest.raises(ValueError, match="its header says no length; write it to a file"):
        sounds.row("a.flac", bytes(made["FLAC"]), WANTED)


def test_why_a_sound_cannot_be_read_is_the_same_in_every_run():
    pytest.importorskip("soundfile")
    data = sounds.Decoded(["a.flac"], lambda: [lambda: b"no sound at all"], WANTED)
    assert list(data.chunks()) == [] and " at 0x" not in data.unreadable["a.flac"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "an empty file"),
        (wav()[:2000], "its header says 8000 bytes of sound, 1956 are there"),
        (wav()[:20], "soundfile|Error"),
        (wav(count=0), "no sample"),
        (b"RIFF\0\0\0\0" + wav(count=0)[8:], "no sample"),
    ],
)
def test_damage_is_named(content, why):
    data = sounds.Decoded(["good.wav", "bad.wav"], lambda: [wav, lambda: content], WANTED)
    chunks = list(data.chunks())
    assert [n.tolist() for n, _ in chunks] == [[0]]
    assert list(data.unreadable) == ["bad.wav"]
    assert why in data.unreadable["bad.wav"] or "|" in why


def test_of_a_folder_no_sound_is_held_but_while_it_is_decoded(tmp_path, monkeypatch):
    for number in range(40):
        path = tmp_path / f"d/{'ab'[number % 2]}/{number:02}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav())
    held, most, lock, row = 0, [], threading.Lock(), sounds.row

    def read(path):
        nonlocal held
        with lock, path.open("rb") as file:
            held += 1
            most.append(held)
            return file.read()

    def decoded(*given):
        nonlocal held
        with lock:
            held -= 1
        return row(*given)

    monkeypatch.setattr(Path, "read_bytes", read)
    monkeypatch.setattr(sounds, "row", decoded)
    data = folders.folder(tmp_path, "d", WANTED)
    assert sum(len(numbers) for numbers, _ in data.chunks()) == 40 == len(most)
    assert max(most) <= 8  # as many as there are threads


def test_other_formats_are_read_by_libsndfile(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    times = np.arange(8000) / 16000
    tone = 0.5 * np.sin(2 * np.pi * 440 * times)
    for suffix, given in {
        "flac": {},
        "ogg": {},
        "wav": {"subtype": "ULAW"},
        "aiff": {},
        "au": {},
        "mp3": {},
        "opus": {"format": "OGG", "subtype": "OPUS"},
        "gsm": {"format": "RAW", "subtype": "GSM610"},
    }.items():
        rate = 8000 if suffix == "gsm" else 16000
        path = tmp_path / f"a.{suffix}"
        soundfile.write(path, tone[:: 16000 // rate], rate, **given)
        found, _ = sounds.row(path.name, path.read_bytes(), WANTED)
        spectrum = np.abs(np.fft.rfft(found))
        assert spectrum.argmax() == 220, suffix  # bins of 2 Hz
        assert 0.3 < np.abs(found).max() / 32768 < 0.7


# ---- a folder ---------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    for domain in ("phone", "studio"):
        for number, label in enumerate(("no", "yes")):
            place = tmp_path / "own" / domain / label
            place.mkdir(parents=True)
            for take in range(3):
                content = wav(10 * number + take, rate=16000 if domain == "studio" else 8000)
                (place / f"{take}.wav").write_bytes(content)
    (tmp_path / "own/studio/maybe").mkdir()
    return tmp_path / "own"


def test_a_folder_is_classes_of_sounds(own):
    data = checked("own", folders.folder(own, "phone", WANTED))
    assert data.classes == ["maybe", "no", "yes"]  # those of every domain
    found, numbers = rows(data)
    assert found.shape == (6, 4000) and found.dtype == np.int16
    assert numbers.tolist() == list(range(6)) and data.labels.tolist() == [1] * 3 + [2] * 3
    assert data.names[4] == "yes/1.wav"
    assert np.array_equal(found[4], sounds.row("", wav(11), WANTED)[0])


def test_what_cannot_be_read_is_counted_and_named(own):
    (own / "phone/yes/1.wav").write_bytes(b"no sound at all")
    (own / "phone/yes/notes.txt").write_text("said twice")
    (own / "phone/no/.hidden.wav").write_bytes(wav())
    data = folders.folder(own, "phone", WANTED)
    found, numbers = rows(data)
    assert len(found) == 5 and numbers.tolist() == [0, 1, 2, 3, 5]
    assert list(data.unreadable) == ["yes/1.wav"]
    assert data.left_out == {"hidden": ["no/.hidden.wav"], "suffix .txt": ["yes/notes.txt"]}


def test_a_sound_whose_reader_is_missing_is_one_line(own, monkeypatch):
    (own / "phone/yes/3.flac").write_bytes(b"fLaC")
    real = sounds.extras.importlib.import_module

    def without(name):
        if name == "soundfile":
            raise ModuleNotFoundError("No module named 'soundfile'", name="soundfile")
        return real(name)

    monkeypatch.setattr(sounds.extras.importlib, "import_module", without)
    with pytest.raises(InputError, match=r"3\.flac: needs soundfile.*\.\[audio\]"):
        folders.folder(own, "phone", WANTED)


def test_a_folder_without_sounds_says_what_lies_there(own):
    (own / "phone/yes").rename(own / "gone")
    shutil.rmtree(own / "phone/no")
    (own / "phone/yes").mkdir()
    (own / "phone/yes/a.txt").write_text("")
    with pytest.raises(InputError, match=r"holds no sound in <class>/\*; left out: 1 suffix .txt"):
        folders.folder(own, "phone", WANTED)


# ---- archives ---------------------------------------------------------------------------


def tar(path, files):
    with tarfile.open(path, "w:gz") as out:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def speech_commands(tmp_path, monkeypatch):
    """Such an archive: members in the archive's own order, lists, noise that is no word."""

    def make(drop=()):
        files = {"./README.md": b"read", "./_background_noise_/hum.wav": wav()}
        for number, word in enumerate(("yes", "no")):
            for take in range(4):
                name = f"./{word}/{take:08x}_nohash_0.wav"
                files[name] = wav(100 * number + take, 16000, 16000)
        files["./testing_list.txt"] = b"yes/00000001_nohash_0.wav\nno/00000003_nohash_0.wav\n"
        files["./validation_list.txt"] = b"no/00000000_nohash_0.wav\n"
        files = {name: content for name, content in files.items() if name not in drop}
        known = commands.SPEECH_COMMANDS
        sha256 = tar(tmp_path / known.name, files)
        monkeypatch.setattr(commands, "SPEECH_COMMANDS", known._replace(checksum=sha256))
        return finder(tmp_path)

    return make


def test_speech_commands_are_split_by_their_list(speech_commands):
    data = checked("sc", commands.speech_commands(speech_commands()))
    found, numbers = rows(data)
    assert (data.train, len(found), data.classes) == (6, 8, ["no", "yes"])
    assert data.names[6:] == ["yes/00000001_nohash_0.wav", "no/00000003_nohash_0.wav"]
    assert data.labels.tolist() == [1, 1, 1, 0, 0, 0, 1, 0]
    assert numbers.tolist() == list(range(8))
    for number, seed in {0: 0, 1: 2, 3: 100, 6: 1, 7: 103}.items():
        assert np.array_equal(found[number], sounds.row("", wav(seed, 16000, 16000), WANTED)[0])
    assert data.left_out == {"background noise": ["_background_noise_/hum.wav"]}
    assert "CC BY 4.0" in data.licence


def test_a_half_archive_of_speech_commands_is_refused(speech_commands):
    with pytest.raises(InputError, match=r"lacks 1 sound of its test list, such as no/00000003"):
        commands.speech_commands(speech_commands(drop=["./no/00000003_nohash_0.wav"]))
    with pytest.raises(InputError, match=r"does not hold testing_list\.txt"):
        commands.speech_commands(speech_commands(drop=["./testing_list.txt"]))


def test_spoken_digits_keep_the_first_five_of_each_for_the_test(tmp_path):
    files = {}
    for digit in range(10):
        for take in (0, 4, 5, 49):
            name = f"free-spoken-digit-dataset-1.0.10/recordings/{digit}_jackson_{take}.wav"
            files[name] = wav(10 * digit + take, 2000)
    files["free-spoken-digit-dataset-1.0.10/README.md"] = b"read"
    tar(tmp_path / commands.FREE_SPOKEN_DIGITS.name, files)
    data = checked("fsdd", commands.free_spoken_digits(finder(tmp_path)))
    found, _ = rows(data)
    assert (data.train, len(found)) == (20, 40) and data.classes == commands.DIGITS
    assert data.names[0].endswith("0_jackson_5.wav") and data.names[-1].endswith("9_jackson_4.wav")
    assert data.labels.tolist() == [*np.repeat(range(10), 2)] * 2


@pytest.fixture
def debs(tmp_path, monkeypatch):
    """Packages of prompts: ar archives of a tar, of three languages."""
    soundfile = pytest.importorskip("soundfile")
    made = {}
    for domain, packages in prompts.PACKAGES.items():
        made[domain] = []
        for number, (name, version, _, licence) in enumerate(packages):
            suffix = "wav" if "wav" in name else "gsm"
            files = {}
            for take in range(8):
                content = wav(100 * number + take, 9000)
                if suffix == "gsm":
                    file = io.BytesIO()
                    raw = {"format": "RAW", "subtype": "GSM610"}
                    soundfile.write(file, sounds.decode("a.wav", content)[0], 8000, **raw)
                    content = file.getvalue()
                files[f"./usr/share/asterisk/sounds/xx/vm-{take}.{suffix}"] = content
            files[f"./usr/share/asterisk/sounds/xx/again.{suffix}"] = content
            files[f"./usr/share/asterisk/sounds/xx/beep.{suffix}"] = content[:600]
            files[f"./usr/share/asterisk/sounds/xx/digits/1.{suffix}"] = content
            files["./usr/share/doc/copyright"] = b"free"
            tar(tmp_path / "data.tar.gz", files)
            data = (tmp_path / "data.tar.gz").read_bytes()
            parts = b"!<arch>\n"
            for member, inside in (("debian-binary", b"2.0\n"), ("data.tar.gz", data)):
                head = f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(inside):<10}`\n"
                parts += head.encode() + inside + b"\n" * (len(inside) % 2)
            path = tmp_path / f"{name}_{version.rpartition(':')[2]}.deb"
            path.write_bytes(parts)
            sha256 = hashlib.sha256(parts).hexdigest()
            made[domain].append((name, version, sha256, licence))
    monkeypatch.setattr(prompts, "PACKAGES", made)
    return tmp_path


@pytest.mark.parametrize("domain", ["a", "b"])
def test_prompts_are_three_languages(debs, domain):
    data = checked("languages", prompts.languages(domain)(finder(debs)))
    found, _ = rows(data)
    assert data.classes == ["es", "fr", "it"] and found.shape == (24, 4000)
    assert np.bincount(data.labels).tolist() == [8, 8, 8] and data.train == 18
    assert data.unreadable == {} and len(data.left_out["equal to an earlier one"]) == 3
    assert not {n for n in data.names if "digits" in n or "beep" in n}
    assert len({n for n in data.left_out["shorter than 0.5 seconds"] if "beep" in n}) == 3


def test_a_prompt_s_length_is_that_of_its_file():
    assert prompts.seconds("a.wav", b"\0" * (44 + 16000)) == 1
    assert prompts.seconds("a.gsm", b"\0" * 33 * 50) == 1
    assert prompts.prompt("usr/share/asterisk/sounds/es_MX/vm-x.wav") == "vm-x.wav"
    assert prompts.prompt("usr/share/asterisk/sounds/es_MX/letters/a.wav") is None
    assert prompts.prompt("usr/share/doc/copyright") is None


# ---- synthesis --------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch):
    """Three takes of each program, two of one voice that sounds alike."""
    for program, takes in synthesis.TAKES.items():
        some = list(takes())
        chosen = [some[0], next(take for take in some if take.is_test), some[4]]
        chosen.append(chosen[0]._replace(name="the same again"))
        monkeypatch.setitem(synthesis.TAKES, program, lambda chosen=chosen: iter(chosen))


@pytest.mark.parametrize("program", synthesis.PROGRAMS)
def test_a_program_says_every_word_in_every_voice(program, few, tmp_path):
    if shutil.which(synthesis.PROGRAMS[program][0]) is None:
        pytest.skip(f"{program} is not here")
    data = checked("x", synthesis.spoken("digits", program)(finder(tmp_path)))
    found, numbers = rows(data)
    assert len(found) == 30 and data.train == 20 and numbers.tolist() == list(range(30))
    assert np.bincount(data.labels).tolist() == [3] * 10
    assert data.left_out == {
        "a waveform equal to an earlier one": [f"the same again/{w}" for w in commands.DIGITS]
    }
    assert data.licence.startswith("synthetic speech by ") and any(map(str.isdigit, data.licence))
    assert (np.abs(found).max(1) > 500).all(), "a word is hardly heard"
    again, _ = rows(synthesis.spoken("digits", program)(finder(tmp_path)))
    assert np.array_equal(found, again)


def program_that(tmp_path, monkeypatch, name, does):
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


def test_a_missing_or_failing_program_is_one_line(tmp_path, monkeypatch, few):
    load = synthesis.spoken("commands", "espeak")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError) as missing:
        load(finder(tmp_path))
    assert str(missing.value) == (
        "commands-espeak: espeak-ng is not on the PATH; apt-get install espeak-ng"
    )
    program_that(tmp_path, monkeypatch, "espeak-ng", "echo no such voice >&2; exit 3")
    with pytest.raises(InputError, match="ended with 3: no such voice; are all its voices"):
        load(finder(tmp_path))
    program_that(tmp_path, monkeypatch, "espeak-ng", "exit 0")
    with pytest.raises(InputError, match="it said nothing"):
        load(finder(tmp_path))


def test_voices_are_dozens_and_no_voice_is_in_both_halves():
    takes = {program: list(make()) for program, make in synthesis.TAKES.items()}
    assert {program: len(some) for program, some in takes.items()} == {
        "espeak": 144,
        "flite": 150,
        "festival": 90,
    }
    for some in takes.values():
        assert len({take.name for take in some}) == len(some)
        assert len({take.flags for take in some}) == len(some)
        assert 0.2 < sum(take.is_test for take in some) / len(some) <= 0.25
    variants = [
        {t.flags[1].split("+")[1] for t in takes["espeak"] if t.is_test == late} for late in (0, 1)
    ]
    assert not variants[0] & variants[1] and len(variants[0]) == 27


def test_every_variant_is_one_that_espeak_has():
    """It says nothing of one that it lacks, and speaks as without."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here")
    done = subprocess.run(["espeak-ng", "--voices=variant"], capture_output=True, text=True)
    known = {line.split("!v/")[1].split()[0] for line in done.stdout.splitlines()[1:]}
    assert set(synthesis.VARIANTS) <= known


def test_every_dataset_is_named_once_and_loads_its_loader():
    from distilshift import registry

    for entry in DATASETS.values():
        assert callable(registry.load("distilshift.audio.datasets", entry))
    # every set is made for the rate and length that is asked for
    assert {entry.split(":")[0] for entry in [*DATASETS.values(), FOLDER]} == set(UNSIZED)
