"""Constructed domain shifts: deterministic a sample, the label stays what it was.

A shift is ``shift(images, draws, strength) -> images``, uint8 (N, C, H, W) in and out.
``draws`` holds one random generator a sample, seeded by its id, so that an image looks
the same whatever is computed beside it. To add one write such a function in a module here
and name it in ``SHIFTS``, ``"module:function"``, and its strengths, if they are others than
0 to 1, in ``STRENGTHS``. Nothing is imported here: see ``distilshift.registry``.

``strength`` of most is a dial: 0 changes nothing, more is more, in the unit that the
function's docstring names. The fifteen of ``corruptions`` take a severity, 1 to 5, as
published.
"""

SHIFTS: dict[str, str] = {
    "noise": "pixels:noise",
    "contrast": "pixels:contrast",
    "inversion": "pixels:inversion",
    "gamma": "pixels:gamma",
    "colour_cast": "pixels:colour_cast",
    "greyscale": "pixels:greyscale",
    "background": "pixels:background",
    "fourier": "pixels:fourier",
    "blur": "pixels:blur",
    "occlusion": "pixels:occlusion",
    "resolution": "pixels:resolution",
    "rotation": "geometry:rotation",
    "scale": "geometry:scale",
    "translation": "geometry:translation",
    "gaussian_noise": "corruptions:gaussian_noise",
    "shot_noise": "corruptions:shot_noise",
    "impulse_noise": "corruptions:impulse_noise",
    "defocus_blur": "corruptions:defocus_blur",
    "glass_blur": "corruptions:glass_blur",
    "motion_blur": "corruptions:motion_blur",
    "zoom_blur": "corruptions:zoom_blur",
    "snow": "corruptions:snow",
    "frost": "corruptions:frost",
    "fog": "corruptions:fog",
    "brightness": "corruptions:brightness",
    "low_contrast": "corruptions:low_contrast",
    "elastic_transform": "corruptions:elastic_transform",
    "pixelate": "corruptions:pixelate",
    "jpeg_compression": "corruptions:jpeg_compression",
}
# the largest strength, and whether it can be reached: at 1 nothing would be left to see
STRENGTHS: dict[str, tuple[float, bool]] = {
    "gamma": (8, True),
    "rotation": (360, True),
    "scale": (1, False),
}
# a published severity, 1 to 5, instead of a dial
SEVERITIES = [name for name, entry in SHIFTS.items() if entry.startswith("corruptions:")]
