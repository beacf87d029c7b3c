"""onnxruntime: Silero's graph (edge.listen.vad), and models for where our own engine is not wanted."""
