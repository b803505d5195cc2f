"""What the figures' font has a picture of."""

from matplotlib import font_manager


def drawable(text: str) -> str:
    """A text in which what the font has no picture of is a square, which is warned of else."""
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    return "".join(c if c.isspace() or font.get_char_index(ord(c)) else "□" for c in text)
