"""How the tables of the docs show a share of the gap."""

import math


def percent(share: float) -> str:
    """Whole percent; blank where there is no gap to recover."""
    if math.isnan(share):
        return ""
    return f"{100 * share:.0f}".replace("-", "−").replace("inf", "∞")
