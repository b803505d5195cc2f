"""What a network says of new data, held against what the step `predict` says of a domain."""

from pathlib import Path

from distilshift import classifiers
from distilshift.data import domains
from distilshift.errors import InputError
from distilshift.files import outputs

import numpy as np
import pandas as pd
import pytest
import torch


def probabilities(chain, name: str, half: tuple[str, str]) -> np.ndarray:
    """Of the network in that folder, by `predict`: (N, C) float32."""
    found = [
        one
        for one in outputs.read(Path(chain.path("outputs.parquet")), [half])
        if one.network["weights_sha256"] == sha256(chain, name)
    ]
    return torch.from_numpy(found[0].logits[half].copy()).softmax(1).numpy()


def sha256(chain, name: str) -> str:
    return pd.read_json(chain.path(name, "record.json"), typ="series")["weights_sha256"]


def apply(run_script, chain, name: str, inputs: list, table: str, code: int = 0, *flags: str):
    """The predictions of the network in that folder, and what was said on the way."""
    args = ["--weights", chain.path(name, "weights.safetensors")]
    args += ["--inputs", *map(str, inputs), "--predictions", chain.path(table), *flags]
    status, shown = run_script("apply_network", args)
    assert status == code, shown
    if code not in (0, 3):
        return None, shown
    read = pd.read_csv if table.endswith(".csv") else pd.read_parquet
    return read(chain.path(table)), shown


def check_rows(chain, name: str = "distilled") -> None:
    """Rows of another type or size are refused in one line; none give none."""
    classifier = classifiers.load(chain.path(name, "weights.safetensors"))
    rows = domains.load_inputs(Path(chain.inputs("target", "test"))).inputs
    kept = classifier.kind.rows.STORED[0]
    for other in (rows.float(), rows[:, None], rows[..., 1:], rows[0]):
        with pytest.raises(InputError, match=rf"rows: are .*, expected {kept} \(n, "):
            classifier(other)
        with pytest.raises(InputError):
            classifier.logits(other)
    assert classifier(rows[:0]).shape == (0, len(classifier.classes))
    with pytest.raises(InputError):
        classifier(torch.empty(0))
    # the lines of the docs, where a whole batch cannot be read
    Path(chain.path("nothing")).mkdir(exist_ok=True)
    Path(chain.path("nothing", f"bad{classifier.kind.reader.SUFFIXES[0]}")).write_bytes(b"\xff")
    (batch,) = classifier.read(chain.path("nothing"))
    assert len(batch.unreadable) == 1 and len(classifier(batch.rows)) == 0


def check_agreement(run_script, chain, name: str = "distilled") -> None:
    """To the bit, on the target's test half."""
    inputs, flags = [chain.inputs("target", "test")], ["--all-probabilities"]
    found, _ = apply(run_script, chain, name, inputs, "applied.parquet", 0, *flags)
    expected = probabilities(chain, name, ("target", "test"))
    classes = [column.removeprefix("probability of ") for column in found.columns[3:]]
    assert np.array_equal(found.iloc[:, 3:].to_numpy(), expected)
    assert np.array_equal(found["probability"], expected.max(1))
    assert found["class"].tolist() == [classes[at] for at in expected.argmax(1)]
