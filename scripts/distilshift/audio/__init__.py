"""Sounds: int16 (N, T) at one rate. A kind of data, see ``distilshift.data.kinds``."""
