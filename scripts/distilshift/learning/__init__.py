"""How networks are trained, adapted and distilled, whatever kind of data they see."""
