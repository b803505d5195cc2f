"""Networks on sounds, by family; a name is a family and its sizes: ``melcnn-16``.

All but one read log-mel spectra, which ``prepare`` makes on the device. To add a family write one
function ``family(classes, rate, seconds, *sizes) -> Network`` in a module of its own and name
it here.
"""

NETWORKS = {
    "melcnn": "melcnn:melcnn",
    "dscnn": "dscnn:dscnn",
    "transformer": "transformer:transformer",
    "embedding": "embedding:embedding",
}
OTHERS: dict[str, str] = {}  # no other name is known
