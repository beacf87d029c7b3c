"""onnxruntime: Silero's graph (edge.vad), and models for where our own engine is not wanted."""
