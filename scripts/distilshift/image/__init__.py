"""Images: uint8 (N, C, H, W), 0..255. A kind of data, see ``distilshift.data.kinds``."""
