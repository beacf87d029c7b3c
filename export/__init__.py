"""The export toolchain: foreign checkpoints in, quantized model files out."""
