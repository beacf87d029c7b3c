"""Float tensors to INT8 and INT4: what becomes of which tensor, and how its rounding loses least."""
