"""What making a model smaller costs: rounding its weights, taking some of them away."""
