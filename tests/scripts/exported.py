"""Programs written of a network of a chain: parity over a whole test half, and what is in them."""

from pathlib import Path

from distilshift import classifiers, networks
from distilshift.data import domains
from distilshift.files import documents

from chain import ARTEFACTS, flags


def trained(run_script, chain) -> str:
    """The folder of a student that, unlike the chain's of six steps, knows its classes."""
    path = Path(chain.path("trained", "weights.safetensors"))
    if not path.exists():
        script, args = chain.steps()["oracle"]
        here = {what: chain.path("trained", file) for what, file in ARTEFACTS.items()}
        status, shown = run_script(script, flags(args, steps=150, lr=0.02, **here))
        assert status == 0, shown
        model, header = networks.load_weights(path, "")
        del header["kind"], header["sha256"]
        header["calibration"] = {"temperature": 0.5, "rows": 1}
        networks.save_weights(path, model, header)
    return "trained"


def export(run_script, chain, code: int = 0, **values):
    """The parity of what is written of such a student, and what was said."""
    here, name = chain.folder / "exported", trained(run_script, chain)
    given = {
        "weights": chain.path(name, "weights.safetensors"),
        "inputs": chain.inputs("target", "test"),
        "labels": chain.labels("target", "test"),
        "calibration-inputs": chain.inputs("target"),
        "onnx": here / "student.onnx",
        "int8": here / "int8.onnx",
        "program": here / "student.pt2",
        "parity": here / "parity.json",
        **{flag.replace("_", "-"): value for flag, value in values.items()},
    }
    args = [str(part) for flag, value in given.items() if value for part in (f"--{flag}", value)]
    status, shown = run_script("export_network", args)
    assert status == code, shown
    return documents.read(here / "parity.json", "") if code == 0 else None, shown


def check_parity(run_script, chain, rows: int) -> None:
    """No class flipped by floats, most kept by eight bits, and no path of this machine inside."""
    found, _ = export(run_script, chain)
    assert found["rows"] == rows
    classifier = classifiers.load(chain.path("trained", "weights.safetensors"))
    sure, said = classifier(domains.load_inputs(chain.inputs("target", "test")).inputs).max(1)
    assert sure.mean() > 0.5 and len(said.unique()) > 2
    accuracy = found["network"]["accuracy"]
    for name in ("onnx", "program"):
        assert found[name]["classes_flipped"] == 0
        assert found[name]["largest_difference"] < 1e-5
        assert found[name]["accuracy"] == accuracy
    assert found["int8"]["classes_flipped"] <= 1, found["int8"]
    assert found["int8"]["largest_difference"] > 0
    for file in ("student.onnx", "int8.onnx", "student.pt2"):
        content = (chain.folder / "exported" / file).read_bytes()
        assert b"distilshift.classes" in content and b"/scripts/" not in content, file
