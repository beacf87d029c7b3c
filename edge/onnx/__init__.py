"""ONNX graphs: run by onnxruntime (Silero's, and models for where our own engine is not wanted), or read without it."""
