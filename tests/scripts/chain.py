"""The whole chain by hand, on tiny data: what each script is called with."""

from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
FEW = ["--steps", "6", "--batch", "20"]
DOMAIN = ("train-inputs", "train-labels", "test-inputs", "test-labels")
ARTEFACTS = {
    "weights": "weights.safetensors",
    "history": "history.parquet",
    "record": "record.json",
}


def joined(*parts: list[str]) -> list[str]:
    return [flag for part in parts for flag in part]


def flags(args, **values):
    """Flags with other values, or with more flags; a list is several values."""
    args = list(args)
    for flag, value in values.items():
        name = f"--{flag.replace('_', '-')}"
        given = list(map(str, value)) if isinstance(value, list) else [str(value)]
        if name not in args:
            args += [name, *given]
            continue
        start = args.index(name) + 1
        end = start
        while end < len(args) and not args[end].startswith("--"):
            end += 1
        args[start:end] = given
    return args


def called(sample: int) -> str:
    """The name of a sample of a named dataset."""
    return f"class {sample % 10}/é {sample}.png"


class Chain:
    """Flags of each step under one folder; every path is absolute."""

    ROWS = ("--input", "size=8", "--input", "channels=1")  # what a domain's rows become

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, *parts: str) -> str:
        return str(self.folder.joinpath(*parts))

    def domain(self, name: str, *shift: str) -> list[str]:
        flags = ["--domain", name, *self.ROWS, *shift]
        flags += ["--dataset-inputs", self.path("dataset", "inputs.safetensors")]
        flags += ["--dataset-labels", self.path("dataset", "labels.safetensors")]
        for what in DOMAIN:
            flags += [f"--{what}", self.path(name, f"{what.replace('-', '_')}.safetensors")]
        return flags

    def inputs(self, name: str, split: str = "train") -> str:
        return self.path(name, f"{split}_inputs.safetensors")

    def labels(self, name: str, split: str = "train") -> str:
        return self.path(name, f"{split}_labels.safetensors")

    def halves(self) -> list[str]:
        """The inputs that networks are asked about."""
        return joined(
            ["--source-test-inputs", self.inputs("source", "test")],
            ["--target-train-inputs", self.inputs("target", "train")],
            ["--target-test-inputs", self.inputs("target", "test")],
        )

    def artefacts(self, name: str) -> list[str]:
        named = [(f"--{what}", self.path(name, file)) for what, file in ARTEFACTS.items()]
        return [part for pair in named for part in pair]

    def supervised(self, domain: str, model: str, name: str) -> list[str]:
        flags = ["--inputs", self.inputs(domain), "--labels", self.labels(domain)]
        return [*flags, "--model", model, *FEW, *self.artefacts(name)]

    def pictures(self, name: str) -> list[str]:
        return [self.path(f"{name}.{end}") for end in ("pdf", "svg", "png")]

    def explorer(self) -> list[str]:
        """Flags of ``explore``, which takes optional packages: no step of the chain."""
        flags = ["--metrics", self.path("metrics.parquet")]
        flags += ["--history", self.path("history.parquet")]
        flags += ["--predictions", self.path("evaluation", "predictions.parquet")]
        return [*flags, "--inputs", self.inputs("target", "test")]

    def transferred(self) -> list[str]:
        """Flags of ``measure_transferred``, which is asked for by name: no step of the chain."""
        names = ["teacher", "adapted", "distilled", "second", "source-only", "oracle"]
        flags = ["--outputs", self.path("outputs.parquet"), self.path("oracle.parquet")]
        flags += ["--inputs", self.inputs("target", "test")]
        flags += ["--labels", self.labels("target", "test")]
        flags += ["--weights", *(self.path(name, "weights.safetensors") for name in names)]
        flags += ["--measures", self.path("transferred.parquet")]
        return [*flags, "--maps", self.path("attributions.safetensors")]

    def transferred_pictures(self) -> list[str]:
        """Flags of ``plot_transferred``, of that."""
        flags = ["--measures", self.path("transferred.parquet")]
        flags += ["--maps", self.path("attributions.safetensors")]
        flags += ["--csv", self.path("transferred.csv")]
        flags += ["--figures", *self.pictures("transferred")]
        return [*flags, "--pictures", *self.pictures("attributions")]

    def steps(self) -> dict[str, tuple[str, list[str]]]:
        """name -> (script, flags), in an order that works."""
        networks = ["teacher", "adapted", "source-only", "distilled", "second", "oracle"]
        several = {
            what: [self.path(name, file) for name in networks] for what, file in ARTEFACTS.items()
        }
        weights = self.path("adapted", "weights.safetensors")
        cache = ["--logits", self.path("logits.parquet")]
        measured = ["--metrics", self.path("metrics.parquet")]
        measured += ["--predictions", self.path("evaluation", "predictions.parquet")]
        return {
            "source": ("construct_domain", self.domain("source")),
            "target": ("construct_domain", self.domain("target", "--shift", "noise:strength=0.1")),
            "teacher": ("train_teacher", self.supervised("source", "cnn-3", "teacher")),
            "adapted": (
                "adapt_teacher",
                joined(
                    ["--adaptation", "adabn", "--kind", "adabn"],
                    ["--teacher", self.path("teacher", "weights.safetensors")],
                    ["--target-inputs", self.inputs("target"), *self.artefacts("adapted")],
                ),
            ),
            "cache": (
                "cache_logits",
                joined(
                    ["--teacher", weights, "--inputs", self.inputs("target")],
                    ["--adaptation", "adabn", *cache],
                ),
            ),
            "plain cache": (
                "cache_logits",
                joined(
                    ["--teacher", self.path("teacher", "weights.safetensors")],
                    ["--inputs", self.inputs("target")],
                    ["--logits", self.path("plain.parquet")],
                ),
            ),
            "combined": (
                "combine_logits",
                joined(
                    ["--members", self.path("logits.parquet"), self.path("plain.parquet")],
                    ["--combine", "mean", "--source", "source", "--adaptation", "both"],
                    ["--logits", self.path("combined.parquet")],
                ),
            ),
            "verification": (
                "verify_logits",
                joined(
                    [*cache, "--teachers", weights, "--inputs", self.inputs("target")],
                    ["--networks", "cnn", "--csv", self.path("verification.csv")],
                ),
            ),
            "distilled": (
                "distill_student",
                joined(
                    ["--inputs", self.inputs("target"), *cache, "--teacher", weights],
                    ["--model", "cnn-2", *FEW, *self.artefacts("distilled")],
                ),
            ),
            "next cache": (
                "cache_logits",
                joined(
                    ["--teacher", self.path("distilled", "weights.safetensors")],
                    ["--inputs", self.inputs("target"), "--adaptation", "adabn"],
                    ["--previous", self.path("logits.parquet"), "--memory", "0.25"],
                    ["--logits", self.path("next.parquet")],
                ),
            ),
            "second": (
                "distill_student",
                joined(
                    ["--inputs", self.inputs("target"), "--logits", self.path("next.parquet")],
                    ["--teacher", self.path("distilled", "weights.safetensors")],
                    ["--model", "cnn-2", *FEW, *self.artefacts("second")],
                ),
            ),
            "source-only": ("train_student", self.supervised("source", "cnn-2", "source-only")),
            "oracle": ("train_student", self.supervised("target", "cnn-2", "oracle")),
            "outputs": (
                "predict",
                joined(
                    ["--network", "cnn", *self.halves(), "--weights", *several["weights"][:-1]],
                    ["--outputs", self.path("outputs.parquet")],
                ),
            ),
            "oracle outputs": (
                "predict",
                joined(
                    ["--network", "cnn", *self.halves(), "--weights", several["weights"][-1]],
                    ["--outputs", self.path("oracle.parquet")],
                ),
            ),
            "evaluation": (
                "evaluate",
                joined(
                    ["--outputs", self.path("outputs.parquet"), self.path("oracle.parquet")],
                    ["--source-labels", self.labels("source", "test")],
                    ["--target-labels", self.labels("target", "test")],
                    ["--records", *several["record"], "--histories", *several["history"]],
                    ["--predictions", self.path("evaluation", "predictions.parquet")],
                    ["--metrics", self.path("evaluation", "metrics.parquet")],
                    ["--history", self.path("evaluation", "history.parquet")],
                ),
            ),
            "summary": (
                "summarize",
                joined(
                    ["--metrics", self.path("evaluation", "metrics.parquet")],
                    ["--predictions", self.path("evaluation", "predictions.parquet")],
                    ["--histories", self.path("evaluation", "history.parquet")],
                    ["--out-metrics", self.path("metrics.parquet")],
                    ["--out-confusion", self.path("confusion.parquet")],
                    ["--out-history", self.path("history.parquet")],
                ),
            ),
            "neighbours": (
                "find_neighbours",
                joined(
                    ["--source-test-inputs", self.inputs("source", "test")],
                    ["--target-train-inputs", self.inputs("target")],
                    ["--weights", self.path("teacher", "weights.safetensors")],
                    ["--neighbours", self.path("neighbours.parquet")],
                ),
            ),
            "scores": (
                "validate",
                joined(
                    ["--outputs", self.path("outputs.parquet")],
                    ["--neighbours", self.path("neighbours.parquet")],
                    ["--source-labels", self.labels("source", "test")],
                    ["--validators", self.path("validators.parquet")],
                ),
            ),
            "selection": (
                "select_round",
                joined(
                    ["--validators", self.path("validators.parquet")],
                    ["--selection", self.path("selection.parquet")],
                    ["--csv", self.path("selection.csv")],
                ),
            ),
            "picks": (
                "tabulate_selection",
                joined(
                    ["--validators", self.path("validators.parquet")],
                    ["--metrics", self.path("metrics.parquet")],
                    ["--csv", self.path("validators.csv")],
                ),
            ),
            "table": (
                "tabulate_ladder",
                joined(
                    measured,
                    ["--table", self.path("ladder.parquet"), "--csv", self.path("ladder.csv")],
                    ["--tex", self.path("ladder.tex"), "--numbers", self.path("numbers.tex")],
                ),
            ),
            "statistics": (
                "tabulate_statistics",
                joined(
                    measured,
                    ["--comparisons", self.path("comparisons.csv")],
                    ["--comparisons-tex", self.path("comparisons.tex")],
                    ["--decomposition", self.path("decomposition.csv")],
                    ["--decomposition-table", self.path("decomposition.parquet")],
                    ["--classes", self.path("classes.csv")],
                    ["--fidelity", self.path("fidelity.csv")],
                ),
            ),
            "ladder": (
                "plot_ladder",
                joined(
                    ["--metrics", self.path("metrics.parquet")],
                    ["--table", self.path("ladder.parquet")],
                    ["--figures", *self.pictures("ladder")],
                ),
            ),
            "decomposition": (
                "plot_decomposition",
                joined(
                    ["--table", self.path("decomposition.parquet")],
                    ["--figures", *self.pictures("decomposition")],
                ),
            ),
            "calibration": (
                "plot_calibration",
                joined(
                    ["--metrics", self.path("metrics.parquet")],
                    ["--csv", self.path("calibration.csv")],
                    ["--figures", *self.pictures("calibration")],
                ),
            ),
            "rounds": (
                "plot_rounds",
                joined(
                    ["--metrics", self.path("metrics.parquet")],
                    ["--validators", self.path("validators.parquet")],
                    ["--figures", *self.pictures("rounds")],
                ),
            ),
            "domains": (
                "plot_domains",
                joined(
                    ["--inputs", self.inputs("source", "test"), self.inputs("target", "test")],
                    ["--transfers", "source-to-target", "--figures", *self.pictures("domains")],
                ),
            ),
            "curves": (
                "plot_curves",
                ["--history", self.path("history.parquet"), "--figures", *self.pictures("curves")],
            ),
            "confusion": (
                "plot_confusion",
                joined(
                    ["--confusion", self.path("confusion.parquet")],
                    ["--figures", *self.pictures("confusion")],
                ),
            ),
        }
