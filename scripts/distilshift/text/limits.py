"""What networks on texts take, known before one is built: the config's check asks here.

No torch here. What stands below is held against the networks themselves by a test.
"""

from pathlib import Path

from distilshift.data.limits import misnamed
from distilshift.model_names import parts

# sizes: how many its name may have; batchnorm: whether it has any; layernorm: has it instead;
# multiple: of what its width, the last size, must be one; parts: whether it counts them
LIMITS = {
    "bag": {"sizes": 2, "batchnorm": False, "parts": True},
    "bytecnn": {"sizes": 1, "batchnorm": True},
    "transformer": {"sizes": 2, "batchnorm": False, "layernorm": True, "multiple": 16},
}
BITS = 30  # of a bag's hashes at most, which with both sorts of them number 2**31 in 32 bits

# a pretrained encoder, by what is done with it
WHOLE = {"batchnorm": False, "layernorm": True}
FROZEN = {"batchnorm": True, "frozen": True, "alone": False}
ENCODER_FILES = ("config.json", "tokenizer.json", "model.safetensors")
MINILM = "MINILM"  # stands for a folder: the encoder that a package carries


def encoder_folder(model: str) -> tuple[str, list[int]]:
    """The folder of a model that is an encoder, and the width of the layer on it, if it is frozen.

    No folder, where the model is none.
    """
    family, _, folder = parts(model)[0].partition(":")
    name, *widths = family.split("-")
    is_width = len(widths) < 2 and all(part.isdigit() and int(part) > 0 for part in widths)
    return (folder, list(map(int, widths))) if name == "encoder" and is_width else ("", [])


def of(model: str) -> dict:
    """The limits of a model, by its name; nothing, where none are known."""
    folder, widths = encoder_folder(model)
    if folder:
        return FROZEN if widths else WHOLE
    return LIMITS.get(parts(model)[0].split("-")[0], {})


def files(model: str) -> list[str]:
    """The files of the user's own that a model is made from."""
    folder, _ = encoder_folder(model)
    return [f"{folder}/{name}" for name in ENCODER_FILES] if folder not in ("", MINILM) else []


def complaint(model: str, length: int) -> str:
    """Why there is no such network for texts of that length; nothing, where there is one.

    Args:
        model: as in a config, without what stands after ``@``.
        length: bytes of a text, as the network reads it.
    """
    folder, _ = encoder_folder(model)
    if model.split("-")[0].partition(":")[0] == "encoder" and not folder:
        return f"an encoder is named encoder:<folder> or encoder-64:<folder>, or with {MINILM}"
    lacking = [file for file in files(model) if not Path(file).is_file()]
    if lacking:
        return f"there is no file {lacking[0]}; save_pretrained of transformers writes it"
    if not folder and (problem := misnamed(model, LIMITS)):
        return f"{problem}, encoder:<folder>" if problem.startswith("unknown") else problem
    family, *sizes = model.split("-")
    if family == "bag" and len(sizes) == 2 and int(sizes[1]) > BITS:
        return f"a bag's hashes have at most {BITS} bits, got {sizes[1]}"
    if length < 8:
        return f"texts must be of at least 8 bytes, got {length}"
    return ""


def fewest_rows(model: str, length: int) -> int:
    """The fewest rows of a batch that the network can be trained on."""
    # BatchNorm over the bytes of one text has values enough
    return 1 if of(model).get("alone", True) else 2
