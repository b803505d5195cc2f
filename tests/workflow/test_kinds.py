"""A config says by a key which kind of data its rows are; exactly one."""

import json
import os

import pytest
import tiny
import yaml

WORDS = {
    "glad": "good fine great happy",
    "sad": "bad poor awful dull",
}


def planned(folder, code=0, **changes):
    """What snakemake says to an experiment; None takes a key out."""
    whole = {**tiny.EXPERIMENT, **changes}
    wanted = {key: value for key, value in whole.items() if value is not None}
    (folder / "experiment.yaml").write_text(yaml.safe_dump(wanted), encoding="utf-8")
    flags = ("--dry-run", "--nolock", "--quiet", "rules")
    return tiny.snakemake(folder, *flags, code=code).stdout


def text(**changes):
    """An experiment on texts."""
    domains = {"mine": {"from": {"folder": "letters.csv", "domain": "mail"}}}
    shift = [{"kind": "typos", "strength": 0.3}, {"kind": "shuffled_words", "strength": 20}]
    domains["odd"] = {**domains["mine"], "shift": shift}
    return {
        "image": None,
        "text": {"length": 32},
        "domains": domains,
        "networks": {"small": {"teacher": "bytecnn-4", "student": "bag-4-8"}},
        "transfers": [{"source": "mine", "target": "odd", "networks": ["small"]}],
        "adaptations": {"none": {}, "adabn": {}},
        **changes,
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tiny.project(tmp_path_factory.mktemp("kinds"))
    lines = [
        f"{number} {words.split()[number % 4]},{label},mail"
        for number in range(30)
        for label, words in WORDS.items()
    ]
    table = "\n".join(["text,label,domain", *lines]) + "\n"
    (folder / "letters.csv").write_text(table, encoding="utf-8")
    return folder


def test_an_experiment_on_texts_runs_to_its_figures_and_is_then_done(project):
    wanted = yaml.safe_dump({k: v for k, v in {**tiny.EXPERIMENT, **text()}.items() if v})
    (project / "experiment.yaml").write_text(wanted, encoding="utf-8")
    tiny.snakemake(project, "--cores", 2)
    assert (project / "results/figures/domains.png").stat().st_size > 1000
    ladder = (project / "results/tables/ladder.csv").read_text(encoding="utf-8")
    assert "adabn" in ladder and "oracle" in ladder
    assert "Nothing to be done" in tiny.snakemake(project, "--dry-run").stdout
    # a change of the table makes all of it again, its time too
    os.utime(project / "letters.csv", (1, 1))
    assert "download_dataset" in planned(project, **text())


def test_a_domain_of_a_table_is_any_text_and_no_path(project):
    """An address keeps its slashes; another spelling of it is the same dataset."""
    place, spelt = "http://a.com/caf\N{LATIN SMALL LETTER E WITH ACUTE}", "sites.csv"
    other = place.replace("\N{LATIN SMALL LETTER E WITH ACUTE}", "e\N{COMBINING ACUTE ACCENT}")
    rows = [f"{number} word,{'xy'[number % 2]},{place}" for number in range(30)]
    table = "\n".join(["text,label,domain", *rows]) + "\n"
    (project / spelt).write_text(table, encoding="utf-8")
    domains = {
        "mine": {"from": {"folder": spelt, "domain": place}},
        "odd": {
            "from": {"folder": f"./{spelt}", "domain": f" {other}"},
            "shift": [{"kind": "typos", "strength": 0.3}],
        },
    }
    wanted = {**tiny.EXPERIMENT, **text(domains=domains, results="sites")}
    wanted = yaml.safe_dump({key: value for key, value in wanted.items() if value})
    (project / "experiment.yaml").write_text(wanted, encoding="utf-8")
    tiny.snakemake(project, "--cores", 2, "sites/domains/odd/train_inputs.safetensors")
    (manifest,) = (project / "sites/datasets").glob("*/manifest.json")
    assert json.loads(manifest.read_text(encoding="utf-8"))["counts"] == {"x": 15, "y": 15}
    assert planned(project, **text(domains=domains, results="sites")).count("download_dataset") == 0


MISTAKES = {
    "image": ({"image": {"size": 8}}, "config: top level: got image, text; rows are of one kind"),
    "rows": ({"text": {"size": 8}}, "config: text: unknown key size; "),
    "dataset": ({"domains": {"mine": {"from": "mnist"}}}, "config: domains.mine.from: got mnist; "),
    "shift": (
        {"domains": {"mine": {"from": "spam-sms", "shift": [{"kind": "gamma", "strength": 1}]}}},
        "config: domains.mine.shift.0.kind: got gamma; ",
    ),
    "strength": (
        {
            "domains": {
                "mine": {"from": "spam-sms", "shift": [{"kind": "truncation", "strength": 1}]}
            }
        },
        "config: domains.mine.shift.0.strength: ",
    ),
    "view": (
        {"training": {"teacher": {"augmentation": {"rotation": 1}}, "student": {}}},
        "config: training.teacher.augmentation: unknown key rotation; ",
    ),
    "pose": (
        {"adaptations": {"none": {}, "posed": {"kind": "joint-shot", "pose": True}}},
        "config: adaptations.posed.pose: text rows have no pose; leave it out",
    ),
    "source": (
        {"training": {"random_convolution": 0.5, "teacher": {}, "student": {}}},
        "config: training: unknown key random_convolution; ",
    ),
    "source of a network": (
        {
            "networks": {
                "small": {
                    "teacher": "bag-8-8",
                    "student": "bag-4-8",
                    "training": {"random_convolution": 0.5},
                }
            }
        },
        "config: networks.small.training: unknown key random_convolution; ",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_another_kind_has_is_refused_by_its_key(project, name):
    changes, message = MISTAKES[name]
    shown = planned(project, 1, **text(**changes))
    assert message in shown, shown


def test_an_experiment_on_sounds_is_planned_with_its_own_dials(project):
    noisy = {"from": "digits-espeak", "shift": [{"kind": "noise", "strength": 5}]}
    changes = {
        "image": None,
        "audio": {"rate": 8000},
        "domains": {"clean": {"from": "digits-espeak"}, "noisy": noisy},
        "networks": {"small": {"teacher": "melcnn-8", "student": "melcnn-4"}},
        "transfers": [{"source": "clean", "target": "noisy", "networks": ["small"]}],
    }
    assert "extract_features" not in planned(project, **changes)
    frozen = {"small": {"teacher": "embedding-8", "student": "melcnn-4"}}
    shown = planned(project, 1, **{**changes, "networks": frozen})
    assert "embedding-8 has a frozen part, whose features are kept of plain rows alone" in shown
    still = dict.fromkeys(["shift", "speed", "gain", "noise", "masked_time", "masked_band"], 0)
    training = {"teacher": {"augmentation": still}, "adaptation": {}, "student": {}}
    jobs = planned(project, **{**changes, "networks": frozen, "training": training}).split()
    assert jobs[jobs.index("extract_features") + 1] == "2"  # a domain each, both its halves
    voices = {"small": {**frozen["small"], "training": {"tempo": 0.2}}}
    shown = planned(project, 1, **{**changes, "networks": voices, "training": training})
    assert "features are kept of plain rows alone; set to 0: networks.small.training.tempo" in shown
    training = {"teacher": {"augmentation": {"dropped": 0.1}}, "student": {}}
    assert "unknown key dropped" in planned(project, 1, **changes, training=training)
    networks = {"small": {"teacher": "transformer-2-20", "student": "melcnn-8@4000"}}
    adaptations = {"none": {}, "adabn": {}}
    shown = planned(project, 1, **{**changes, "networks": networks, "adaptations": adaptations})
    assert "got melcnn-8@4000; audio rows are seen as they are kept" in shown
    assert "got transformer-2-20; its width must be a multiple of 16" in shown
    assert "adabn needs BatchNorm and transformer-2-20 has none" in shown


def test_an_encoder_is_planned_by_its_folder(project):
    """Its files are inputs of the jobs that read it; a folder that lacks one is named."""
    networks = {"small": {"teacher": "encoder-8:my enc", "student": "bag-4-8"}}
    plain = {"augmentation": {"dropped": 0}}
    changes = text(networks=networks, training={"teacher": plain, "adaptation": {}, "student": {}})
    shown = planned(project, 1, **changes)
    assert "got encoder-8:my enc; there is no file my enc/config.json; save_pretrained" in shown
    (project / "my enc").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (project / "my enc" / name).write_text("{}")
    planned(project, **changes)
    shown = tiny.snakemake(project, "--dry-run", "--nolock").stdout
    jobs = [job for job in shown.split("rule ") if "input: " in job]
    reading = {job.split(":")[0] for job in jobs if "my enc/model.safetensors" in job}
    assert reading >= {"extract_features", "train_teacher", "adapt_teacher", "cache_logits"}
    assert "train_student" not in reading and "distill_student" not in reading
