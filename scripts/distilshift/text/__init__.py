"""Texts: uint8 (N, L), UTF-8 padded with zeros. A kind of data, see ``distilshift.data.kinds``."""
