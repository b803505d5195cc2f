"""The whole chain by hand on a made folder of texts: the same scripts, another kind of data."""

import json
from pathlib import Path

from distilshift.data import domains
from distilshift.files import headers, logits, tables, tensors
from distilshift.learning.training import Views
from distilshift.text.encoding import decode
from distilshift.text.settings import View

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from applied import apply, check_agreement, check_rows
from chain import Chain, flags, joined
from exported import check_parity

WORDS = {
    "glad": "good fine great happy",
    "sad": "bad poor awful dull",
    "mad": "no never stop wrong",
}
OTHER = {"cnn-3": "bytecnn-4", "cnn-2": "bag-4-8", "noise:strength=0.1": "typos:strength=0.2"}


class TextChain(Chain):
    """The flags of every step where rows are texts."""

    ROWS = ("--data", "text", "--input", "length=32")

    def steps(self):
        return {
            name: (script, [OTHER.get(flag, flag) for flag in args])
            for name, (script, args) in super().steps().items()
        }

    def downloaded(self):
        made = ["--folder", self.path("letters"), "--folder-domain", "mail", "--data", "text"]
        made += ["--input", "length=40", "--manifest", self.path("manifest.json")]
        for what in ("inputs", "labels"):
            made += [f"--{what}", self.path("dataset", f"{what}.safetensors")]
        return made


@pytest.fixture(scope="module")
def made(tmp_path_factory, run_script):
    """A folder of 90 texts and all that the chain makes of them."""
    chain = TextChain(tmp_path_factory.mktemp("texts"))
    draw = np.random.default_rng(0)
    for number in range(90):
        label = list(WORDS)[number % 3]
        words = draw.choice([*WORDS[label].split(), "it", "is", "so", "é", "🙂"], 6)
        path = chain.folder / "letters/mail" / label / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number} {' '.join(words)}", encoding="utf-8")
    (chain.folder / "letters/mail/sad/odd.txt").write_bytes(b"caf\xe9")
    status, shown = run_script("download_dataset", chain.downloaded())
    assert status == 0 and "1 row cannot be read" in shown, shown
    for name, (script, args) in chain.steps().items():
        status, shown = run_script(script, args)
        assert status == 0, f"{name}: {shown}"
    return chain


def test_the_dataset_holds_every_text_and_names_what_is_none(made):
    content, header = tensors.load(made.path("dataset", "inputs.safetensors"), "dataset inputs", "")
    assert content["inputs"].shape == (90, 40) and header["classes"] == ["glad", "mad", "sad"]
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    unreadable = {"count": 1, "names": {"sad/odd.txt": "is no UTF-8: byte 0xe9 at 3"}}
    assert manifest["unreadable"] == unreadable


def test_of_texts_no_gradient_is_asked_and_the_rest_is_measured(made, run_script):
    status, shown = run_script("measure_transferred", made.transferred())
    assert status == 0, shown
    lines = [line for line in shown.splitlines() if "left out" in line]
    why = "left out, as rows have no gradient, or a teacher has a frozen part"
    assert len(lines) == 1 and lines[0].endswith(f"{why}: gradients, adversarial")
    args = made.transferred_pictures()
    assert run_script("plot_transferred", args) == (0, "")
    found = pd.read_csv(made.path("transferred.csv"))
    values = found[found["against"] == "teacher"].groupby("measure")["value"].mean()
    assert {"cka", "change_1", "change_1_null", "excess_agreement"} <= set(values.dropna().index)
    assert not [name for name in values.index if name.startswith(("gradients", "adversarial"))]
    assert "student: no gradient" in (made.folder / "attributions.svg").read_text()


def test_domains_are_texts_of_one_length_that_lie_in_the_same_halves(made):
    for split in ("train", "test"):
        source, target = (domains.load_inputs(made.inputs(n, split)) for n in ("source", "target"))
        assert source.inputs.shape[1] == 32 and source.inputs.dtype == torch.uint8
        assert torch.equal(source.ids, target.ids)
        assert not torch.equal(source.inputs, target.inputs)
        pairs = zip(decode(source.inputs.numpy()), decode(target.inputs.numpy()), strict=True)
        assert all(len(one) == len(other) for one, other in pairs)  # typos lose no letter
        assert source.header["input"] == {"length": 32} and source.header["data"] == "text"


def test_the_ladder_has_every_row(made):
    table = pd.read_csv(made.path("ladder.csv"))
    assert {"teacher", "source-only", "oracle", "kd"} <= set(table["method"])
    for name in ("ladder.png", "domains.svg", "curves.pdf", "confusion.png"):
        assert (made.folder / name).stat().st_size > 1000


def test_the_verified_cache_names_its_texts(made):
    found = pd.read_csv(made.path("verification.csv"))
    assert found["argmax_changes"].tolist() == [0]
    held = logits.read([made.folder / "logits.parquet"], {"data": "text"}, None)
    assert held.provenance["preprocessing"] == "UTF-8 as it is"
    assert held.provenance["input"] == {"length": 32}


@pytest.fixture(scope="module")
def viewed(made, run_script):
    """A cache with two views, and the weights of a student that replays them."""
    weights = made.path("adapted", "weights.safetensors")
    augmentation = ["--augmentation", "dropped=0.3", "--augmentation", "masked=0.2"]
    cache = ["--teacher", weights, "--inputs", made.inputs("target"), "--views", "2", *augmentation]
    steps = [
        ("cache_logits", [*cache, "--logits", made.path("views.parquet")]),
        (
            "verify_logits",
            flags(
                made.steps()["verification"][1],
                logits=made.path("views.parquet"),
                csv=made.path("views.csv"),
            ),
        ),
    ]
    for views in ("replayed", "online"):
        args = flags(made.steps()["distilled"][1], logits=made.path("views.parquet"), views=views)
        args = [arg.replace("/distilled/", f"/{views}/") for arg in args]
        steps.append(("distill_student", [*args, *augmentation]))
    for script, args in steps:
        status, shown = run_script(script, args)
        assert status == 0, shown
    return made


def test_views_of_a_cache_are_those_that_the_student_sees(viewed):
    data = domains.load_inputs(viewed.inputs("target"))
    held = logits.read([viewed.folder / "views.parquet"], {"data": "text"}, data.ids.numpy())
    ranges = View(dropped=0.3, masked=0.2)
    online = Views(data, 20, ranges, "student", 0)
    for epoch in (0, 1):
        parameters = torch.from_numpy(held.parameters[held.rows[epoch + 1]])
        assert torch.equal(parameters, online.parameters(epoch))
        rows = torch.arange(len(data.ids))
        seen = data.see(rows, parameters)
        assert torch.equal(seen, online.view(rows, epoch * online.per_epoch))
        assert not torch.equal(seen, data.plain(rows))
    assert pd.read_csv(viewed.path("views.csv"))["views"].tolist() == [2]


def test_a_student_that_replays_the_cache_is_the_one_that_asks_its_teacher(viewed):
    """Six steps of three an epoch: two epochs, and two views are in the cache."""
    replayed, online = (
        tensors.load(viewed.path(name, "weights.safetensors"), "weights", "")[0]
        for name in ("replayed", "online")
    )
    for name, value in replayed.items():
        torch.testing.assert_close(value, online[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("step", "changes", "message"),
    [
        ("source", {"input": "length=4"}, "--input length: must be at least 8, got 4"),
        ("source", {"input": "size=8"}, "--input: got size=8; allowed: length"),
        ("target", {"shift": "noise:strength=0.1"}, "noise is none of typos, lost_letters"),
        ("target", {"shift": "truncation:strength=1"}, "truncation has no strength 1"),
        ("teacher", {"model": "cnn-4"}, "model cnn-4: unknown; allowed: bag-<sizes>"),
        ("teacher", {"augmentation": "rotation=3"}, "got rotation=3; allowed: dropped, masked"),
        ("teacher", {"source_augmentation": "random_convolution=1"}, "allowed: none"),
    ],
)
def test_what_is_only_for_pictures_is_refused_in_one_line(made, run_script, step, changes, message):
    script, args = made.steps()[step]
    status, shown = run_script(script, flags(args, **changes))
    assert status == 1 and shown.strip().splitlines()[-1].count("error:") == 1
    assert message in shown


def test_an_applied_network_says_what_predict_says_to_the_bit(made, run_script):
    check_agreement(run_script, made)
    check_rows(made)


def test_texts_are_read_from_files_and_from_tables(made, run_script):
    folder = made.folder / "letters/mail/sad"
    from_files, shown = apply(run_script, made, "distilled", [folder], "files.csv", 3)
    assert "odd.txt' cannot be read (is no UTF-8" in shown
    texts = [open(name, encoding="utf-8").read() for name in from_files["name"]]  # noqa: PTH123, SIM115
    frame = pd.DataFrame({"id": [f"n{at}" for at in range(len(texts))], "text": texts})
    frame.to_parquet(made.path("texts.parquet"))
    frame.to_csv(made.path("texts.csv"), index=False)
    for table in ("texts.parquet", "texts.csv"):
        found, _ = apply(run_script, made, "distilled", [made.path(table)], "rows.csv")
        assert found["name"].tolist() == frame["id"].tolist()
        assert found.drop(columns="name").equals(from_files.drop(columns="name"))
    frame.loc[0, "text"] = " \n"
    frame.to_csv(made.path("blank.csv"), index=False)
    _, shown = apply(run_script, made, "distilled", [made.path("blank.csv")], "blank.out.csv", 3)
    assert "'n0' cannot be read (no text)" in shown


def test_rows_that_are_called_alike_are_counted_and_said(made, run_script):
    """Numbers stand for ids that are not there, and two tables may have the same."""
    tables = [made.path("one.csv"), made.path("two.csv")]
    for table in tables:
        pd.DataFrame({"text": ["good", "", "bad"]}).to_csv(table, index=False)
    found, shown = apply(run_script, made, "distilled", tables, "alike.csv", 3)
    assert found["name"].tolist() == [0, 2, 0, 2]
    assert "2 inputs cannot be read" in shown and shown.count("'1' cannot be read") == 2
    assert shown.count("several rows are called '0': tell them apart by order") == 1
    _, shown = apply(run_script, made, "distilled", tables[:1], "alike.csv", 3)
    assert "1 input cannot be read" in shown and "called" not in shown


def test_exported_programs_say_the_same(made, run_script):
    check_parity(run_script, made, 27)


def card_flags(made):
    """Flags of ``write_cards`` for both students."""
    paths = {
        what: [made.path(name, file) for name in ("distilled", "second")]
        for what, file in {"weights": "weights.safetensors", "cards": "card.md"}.items()
    }
    return joined(
        ["--weights", *paths["weights"], "--networks", "cnn", "cnn", "--cards", *paths["cards"]],
        ["--inputs", made.inputs("source"), made.inputs("target")],
        ["--manifests", made.path("manifest.json"), "--metrics", made.path("metrics.parquet")],
        ["--table", made.path("ladder.parquet")],
        ["--predictions", made.path("evaluation", "predictions.parquet")],
    )


@pytest.fixture(scope="module")
def cards(made, run_script):
    """The cards of both students: front matter and text of each."""
    assert run_script("write_cards", card_flags(made))[0] == 0
    places = (Path(made.path(name, "card.md")) for name in ("distilled", "second"))
    texts = [place.read_text(encoding="utf-8") for place in places]
    return [(yaml.safe_load(text.split("---\n")[1]), text) for text in texts]


def test_a_card_says_what_a_student_is_for_machines_too(made, cards):
    for (front, text), name in zip(cards, ("distilled", "second"), strict=True):
        _, header = tensors.load(made.path(name, "weights.safetensors"), "weights", "")
        assert front["pipeline_tag"] == "text-classification"
        assert front["weights_sha256"] == header["sha256"] and header["teacher_sha256"] in text
        result = front["model-index"][0]["results"][0]
        assert result["dataset"]["name"] == "target"
        assert f"round {header['round']}, seed 0" in text
        assert f'{header["target"]}: "glad", "mad", "sad".' in text and "typos 0.2" in text
        assert "`weights.safetensors`" in text and "that of its owner" in text


def test_a_card_says_which_classes_its_numbers_are_not_of(made, cards, run_script, monkeypatch):
    """And a class may be called by a comma, or by two lines."""
    assert all("| balanced accuracy |" in text and "no row of" not in text for _, text in cards)
    called = {"glad": "glad, very", "mad": "mad\nor so", "sad": "sad"}
    read_header, read_all = headers.read_header, tables.read_all

    def renamed(*of):
        known = read_header(*of)
        return {**known, "classes": [called[name] for name in known["classes"]]}

    def without_glad(*of):
        found = read_all(*of)
        return found[found["label"] > 0]

    monkeypatch.setattr(headers, "read_header", renamed)
    monkeypatch.setattr(tables, "read_all", without_glad)
    assert run_script("write_cards", card_flags(made))[0] == 0
    text = Path(made.path("distilled", "card.md")).read_text(encoding="utf-8")
    assert ': "glad, very", "mad\\nor so", "sad". Made to measure' in text
    assert "| balanced accuracy over 2 of 3 classes |" in text
    assert 'has no row of "glad, very": its numbers say nothing of these.' in text


def test_a_card_of_a_later_round_says_which_student_taught(made, cards):
    """It gave the first teacher's name and accuracy beside the hash of the student before it."""
    (_, first), (_, second) = cards
    _, header = tensors.load(made.path("distilled", "weights.safetensors"), "weights", "")
    assert f"| student of round 1 | `{header['sha256']}` |" in second
    assert (
        f"Its teacher: the student of round 1; that of the first round: {header['teacher']},"
        in (second)
    )
    assert "a mixture of the probabilities of the student of round 1" in second
    assert "| accuracy of its first teacher |" in second and "| teacher |" not in second
    assert "| accuracy of its teacher |" in first and f"| `{header['teacher_sha256']}` |" in first
    assert "Its teacher: " in first and "round 0" not in first and "mixture" not in first
    assert "1 seed × rows" in first and "1 seeds" not in first


def test_a_cards_numbers_are_those_of_the_tables(made, cards):
    metrics = pd.read_parquet(made.path("metrics.parquet"))
    for (front, text), round_ in zip(cards, (1, 2), strict=True):
        is_own = (metrics["round"] == round_) & (metrics["domain"] == "target")
        own = metrics[is_own & (metrics["method"] == "kd")].set_index("metric")["value"]
        found = front["model-index"][0]["results"][0]["metrics"]
        assert {one["type"]: one["value"] for one in found} == pytest.approx(
            own[[one["type"] for one in found]].to_dict(), abs=1e-6
        )
        p, n, z = own["accuracy"], 27, 1.959964
        middle, half = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
        low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
        assert f"| {100 * p:.1f} % | [{100 * low:.1f}, {100 * high:.1f}], Wilson |" in text
        assert f"| {100 * own['ece_uncalibrated']:.1f} % |" in text


def test_the_explorer_shows_the_texts_themselves(made, run_script, tmp_path):
    pytest.importorskip("altair", reason="to enable: make extras")
    page = tmp_path / "explorer.html"
    assert run_script("explore", [*made.explorer(), "--page", str(page)])[0] == 0
    data = page.read_text().split('<script type="application/json" id="data">')[1]
    content = json.loads(data.split("</script>")[0])
    texts = decode(domains.load_inputs(made.inputs("target", "test")).inputs.numpy())
    assert content["form"] == "text" and content["rows"] and set(content["rows"]) <= set(texts)
