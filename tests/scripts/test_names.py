"""What its source calls a row goes with it: domain, predictions, logits of one's own."""

from pathlib import Path

from distilshift.files import headers, names, tables

import pandas as pd
from chain import called


def test_domains_keep_the_names_of_their_rows(named, made):
    for half in ("train", "test"):
        for path, kind in ((named.inputs, "inputs"), (named.labels, "labels")):
            content, _ = headers.load_arrays(Path(path("target", half)), kind, "")
            expected = [called(i) for i in content["ids"].tolist()]
            assert names.of(content).to_pylist() == expected
            plain, _ = headers.load_arrays(Path(getattr(made, kind)("target", half)), kind, "")
            assert names.TEXT not in plain  # and without names nothing is written
            assert (plain[kind] == content[kind]).all()


def test_predictions_say_the_names(named, run_script):
    for step in ("outputs", "oracle outputs", "evaluation"):
        status, shown = run_script(*named.steps()[step])
        assert status == 0, shown
    path = Path(named.path("evaluation", "predictions.parquet"))
    found = tables.read(path, "evaluate")
    assert (found["name"] == found["sample_id"].map(called)).all()
    coded = pd.read_parquet(path)["name"]
    assert isinstance(coded.dtype, pd.CategoricalDtype)
    assert (coded.astype(str) == found["name"]).all()


def test_predictions_of_rows_without_names_say_their_ids(made):
    found = tables.read(Path(made.path("evaluation", "predictions.parquet")), "evaluate")
    assert (found["name"] == found["sample_id"].astype(str)).all()
