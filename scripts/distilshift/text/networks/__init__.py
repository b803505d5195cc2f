"""Networks on texts, by family; a name is a family and its sizes: ``bag-32``, ``transformer-2-64``.

All read bytes, and those that want words or tokens make them, so that a teacher and its student
need no vocabulary in common. To add a family write one function ``family(classes, length,
*sizes) -> Network`` in a module of its own and name it here.
"""

NETWORKS = {
    "bag": "bag:bag",
    "bytecnn": "bytecnn:bytecnn",
    "transformer": "transformer:transformer",
}
# who builds any other name, by how it begins
OTHERS = {"encoder": "encoder:encoder"}
