"""The exact lines that SLURM is sent, without any SLURM: recording stand-ins on PATH."""

import json
import re
import sys

import pytest
import tiny
import yaml

# One program under every name of SLURM's that the plugin calls. sbatch refuses each job
# once, so that all are sent a second time with what a retry asks for; then it puts the
# job's outputs there, as if it had run.
STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
folder = Path(os.environ["STAND_IN"])
name, args = Path(sys.argv[0]).name, sys.argv[1:]
if name == "sbatch":
    comment = args[args.index("--comment") + 1]
    with (folder / "calls").open("a") as file:
        file.write(json.dumps(args) + "\\n")
    calls = [json.loads(line) for line in (folder / "calls").read_text().splitlines()]
    if sum(comment in call for call in calls) == 1:
        sys.exit("sbatch: error: refused, to see the retry")
    rule = comment.removeprefix("rule_").split("_wildcards_")[0]
    for output in json.loads((folder / "outputs").read_text())[rule]:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).touch()
    print(len(calls))
elif name == "squeue":
    lines = (folder / "calls").read_text().splitlines()
    print("\\n".join(f"{{n}}|COMPLETED" for n in range(1, len(lines) + 1)))
elif name == "scontrol":
    print("MinJobAge = 300 sec\\nMaxArraySize = 1001")
elif name == "sacctmgr":
    print("CHANGE-ME")
elif name == "sinfo":
    print("PARTITION\\ncpu*\\ngpu")
"""
PROGRAMS = ("sbatch", "squeue", "scontrol", "sacctmgr", "sinfo", "sacct", "scancel", "sshare")


def derived() -> dict[str, str]:
    """Which rule another is but for its files, by name."""
    text = "\n".join(path.read_text() for path in sorted(tiny.RULES.glob("*.smk")))
    found = re.findall(r"^use rule (\w+) as (\w+) with:", text, flags=re.MULTILINE)
    return {name: of for of, name in found}


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> dict[str, list[list[str]]]:
    """The arguments of each sbatch call, by the job's comment, in the order they came."""
    changes = {"adaptations": {"none": {}, "adabn": {}}, "rounds": 2}
    folder = tiny.project(tmp_path_factory.mktemp("sbatch"), **changes)
    stand_in = folder / "stand-in"
    (stand_in / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        program = stand_in / "bin" / name
        program.write_text(STAND_IN.format(python=sys.executable))
        program.chmod(0o755)
    outputs: dict[str, list[str]] = {}
    rule = ""
    for line in tiny.snakemake(folder, "--dry-run", "--cores", 1).stdout.splitlines():
        if line.startswith(("rule ", "localrule ")):
            rule = line.split()[1].rstrip(":")
        for word in ("output: ", "benchmark: "):
            if line.strip().startswith(word):
                outputs.setdefault(rule, []).extend(line.strip().removeprefix(word).split(", "))
    (stand_in / "outputs").write_text(json.dumps(outputs))
    path = f"{stand_in / 'bin'}:{tiny.environment()['PATH']}"
    tiny.snakemake(
        folder,
        *("--profile", "workflow/profiles/slurm"),
        *("--slurm-init-seconds-before-status-checks", 1),
        *("--latency-wait", 2),
        timeout=600,
        env=tiny.environment(PATH=path, STAND_IN=str(stand_in)),
    )
    found: dict[str, list[list[str]]] = {}
    for line in (stand_in / "calls").read_text().splitlines():
        args = json.loads(line)
        found.setdefault(args[args.index("--comment") + 1], []).append(args)
    return found


def rule_of(comment: str) -> str:
    return comment.removeprefix("rule_").split("_wildcards_")[0]


def value(args: list[str], flag: str) -> int:
    return int(args[args.index(flag) + 1])


def test_every_rule_is_sent_twice(calls):
    targets = {"all", "everything", "figures", "tables", "download_dataset"}
    elsewhere = {"gallery", "plot_gallery", "plot_dial", "plot_matrix", "plot_ranks"}
    elsewhere |= {"combine_logits", "import_logits", "extract_features", "select_settings"}
    elsewhere |= {"explore", "write_explorer", "paper", "join_tables", "typeset_paper"}
    elsewhere |= {"transferred", "measure_transferred", "plot_transferred"}
    expected = set(tiny.rules()) - targets - elsewhere  # that are not in its `all`
    assert {rule_of(comment) for comment in calls} == expected
    assert all(len(attempts) == 2 for attempts in calls.values())


def test_one_gpu_for_gpu_rules_and_none_for_others(calls):
    sources = tiny.rules()
    for comment, attempts in calls.items():
        for args in attempts:
            gpus = [arg for arg in args if "gpu" in arg and not arg.startswith("--wrap")]
            if tiny.asks_for_gpu(sources[rule_of(comment)]):
                assert gpus == ["--gpus=1", "gpu"] or gpus == ["gpu", "--gpus=1"], (comment, gpus)
            else:
                assert gpus == [], (comment, gpus)


def test_exact_line(calls):
    """All but the run's own id, the log's path and the command."""
    comment = "rule_train_teacher_wildcards_optdigits_cnn_0"
    first, second = ([a for a in args if not a.startswith("--wrap")] for args in calls[comment])
    for args, memory, minutes in ((first, 3000, 60), (second, 6000, 120)):
        for flag in ("--job-name", "--output", "-D"):
            at = args.index(flag)
            del args[at : at + 2]
        assert " ".join(args) == (
            f"--parsable --export=ALL --comment {comment} -A CHANGE-ME -p gpu"
            f" -t {minutes} --mem {memory} --cpus-per-task=1 --gpus=1"
        )


def test_memory_and_time_grow_on_retry(calls):
    for comment, (first, second) in calls.items():
        for flag in ("--mem", "-t"):
            assert value(second, flag) == 2 * value(first, flag) > 0, comment


def test_jobs_get_memory_for_torch_and_the_plugin(calls):
    for comment, attempts in calls.items():
        assert value(attempts[0], "--mem") >= 1500, comment


def test_gpu_rules_go_to_the_gpu_partition_of_the_profile():
    """The profile must name each of them, or SLURM would send it to a node without a GPU."""
    profile = yaml.safe_load((tiny.ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    gpu_rules = {name for name, source in tiny.rules().items() if tiny.asks_for_gpu(source)}
    gpu_rules |= {name for name, of in derived().items() if of in gpu_rules}
    named = {name for name, given in profile["set-resources"].items() if "slurm_partition" in given}
    assert named == gpu_rules


def test_rules_ask_for_nothing_that_the_plugin_forgets():
    """``gpus=`` asks for no GPU, ``slurm_extra`` is refused, rule-level retries never grow."""
    for name, source in tiny.rules().items():
        for word in ("gpus=", "nvidia_gpu=", "slurm_", "gpu_model=", "gres="):
            assert word not in source, (name, word)
        assert "retries:" not in source or name.startswith("download"), name
        assert tiny.asks_for_gpu(source) == ("gpu=1," in source), name
