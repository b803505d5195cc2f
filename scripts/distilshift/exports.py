"""A classifier as a program for other machines: torch's own, ONNX, and ONNX in eight bits.

All take rows as a domain keeps them (uint8 pictures and texts, int16 sounds), any number at a
time, and give calibrated probabilities: what is done to a row is inside.
"""

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from distilshift import extras
from distilshift.classifiers import Classifier
from distilshift.cli import whole_file
from distilshift.errors import InputError

import torch
from torch import Tensor

INPUT, OUTPUT = "rows", "probabilities"
EXTRA = "export"  # of pyproject.toml
FRONT = "front_"  # begins the names of what prepares a row: it stays float in eight bits
AT_ONCE = 16  # rows whose activations are held while their ranges are taken
QUANTISED = ("Conv", "MatMul", "Gemm", "Gather")
Predict = Callable[[Tensor], Tensor]


def facts(classifier: Classifier) -> dict[str, str]:
    """What an exported file says of itself, as texts."""
    header = classifier.header
    names = ("model", "data", "input", "classes", "calibration", "sha256", "method", "target")
    return {f"distilshift.{n}": json.dumps(header[n]) for n in names if n in header}


@contextlib.contextmanager
def followed(classifier: Classifier) -> Iterator[None]:
    """Turn what an exporter says of a network that it cannot follow into one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each step of torch's raises of its own
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        name = classifier.header["model"]
        raise InputError(f"model {name}", f"torch cannot export it ({line})") from error


def program(classifier: Classifier) -> torch.export.ExportedProgram:
    """The classifier as a graph; how many rows there are stays open.

    Where its lines stand in our source is left out: they would name folders of this machine.

    Raises:
        InputError: torch cannot follow the network, or part of it is outside of torch.
    """
    if outside := getattr(classifier.network.prepare, "OUTSIDE", ""):
        name = classifier.header["model"]
        raise InputError(f"model {name}", f"cannot be exported: {outside}", "apply_network asks it")
    size = torch.export.Dim("rows", min=1)
    row = classifier.kind.rows.STORED[0]
    shape = classifier.row_shape
    example = (torch.zeros(2, *shape, dtype=getattr(torch, row)),)
    with followed(classifier):
        made = torch.export.export(classifier, example, dynamic_shapes=({0: size},))
    for module in made.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)
    return made


def write_program(path: Path, made: torch.export.ExportedProgram, classifier: Classifier) -> None:
    """Torch's own file, for ``torch.export.load`` and what compiles it ahead of time."""
    content = io.BytesIO()
    torch.export.save(
        made, content, extra_files={"distilshift.json": json.dumps(facts(classifier))}
    )
    with whole_file(path) as part:
        part.write_bytes(content.getvalue())


def write_onnx(path: Path, made: torch.export.ExportedProgram, classifier: Classifier) -> None:
    """An ONNX file, by the exporter that torch maintains.

    Raises:
        InputError: an optional package is not installed, or ONNX has no word for what it does.
    """
    for name in ("onnx", "onnxscript"):
        extras.load(name, EXTRA, "--onnx")
    names = {"input_names": [INPUT], "output_names": [OUTPUT], "verbose": False}
    with followed(classifier):
        model = torch.onnx.export(made, dynamo=True, **names).model
    for graph in (model.graph, *(function.graph for function in model.functions.values())):
        for node in graph:
            scopes = node.metadata_props.get("pkg.torch.onnx.name_scopes", "")
            if "network.prepare" in scopes or "network" not in scopes:
                node.name = f"{FRONT}{node.name}"
            node.metadata_props.clear()
            for value in node.outputs:
                value.metadata_props.clear()
        graph.metadata_props.clear()
    model.metadata_props.clear()
    model.metadata_props.update(facts(classifier))
    onnx_ir = extras.load("onnx_ir", EXTRA, "--onnx")
    with whole_file(path) as part:
        part.write_bytes(onnx_ir.to_proto(model).SerializeToString(deterministic=True))


def write_int8(path: Path, source: Path, batches: Iterator[Tensor]) -> None:
    """An ONNX file whose weights and activations have eight bits, from one that has floats.

    Static: the range of each activation is that over the batches, which need no label; a
    weight's is that of its channel. Only what is learned is quantised: ``QUANTISED``, but for
    what prepares a row.

    Args:
        batches: rows (n, ...) as the network's domain keeps them.
    """
    onnx = extras.load("onnx", EXTRA, "--int8")
    quantization = extras.load("onnxruntime.quantization", EXTRA, "--int8")

    # every activation of a pass is held at once: 20 GB of 256 rows of a network of 192 pixels
    passes = (some for batch in batches for some in batch.split(AT_ONCE))

    class Reader(quantization.CalibrationDataReader):
        def get_next(self) -> dict | None:
            some = next(passes, None)
            return None if some is None else {INPUT: some.numpy()}

    kept = [node.name for node in onnx.load(source).graph.node if node.name.startswith(FRONT)]
    logging.disable(logging.WARNING)  # it advises a step that torch's exporter has done
    try:
        with whole_file(path) as part:
            quantization.quantize_static(
                source,
                part,
                Reader(),
                activation_type=quantization.QuantType.QUInt8,
                per_channel=True,
                # weights of seven bits: a processor without VNNI adds two products in 16 bits,
                # and what is cut off there cost a student 14 points of accuracy
                reduce_range=True,
                op_types_to_quantize=list(QUANTISED),
                nodes_to_exclude=kept,
            )
    finally:
        logging.disable(logging.NOTSET)


def run_program(path: Path) -> Predict:
    return torch.export.load(path).module()


def run_onnx(path: Path, threads: int = 1) -> Predict:
    """What an ONNX file says of rows, by onnxruntime on the CPU."""
    runtime = extras.load("onnxruntime", EXTRA, path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def predict(rows: Tensor) -> Tensor:
        return torch.from_numpy(session.run([OUTPUT], {INPUT: rows.numpy()})[0])

    return predict
