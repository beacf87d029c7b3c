"""Whisper as ONNX graphs for onnxruntime: exported by optimum, compressed, checked against transformers, run.

What it needs besides numpy is the extra `edgewise[onnx-export]`, imported inside functions.
"""
