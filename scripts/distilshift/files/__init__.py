"""What is written, and its proof. No torch, but in ``tensors``."""
