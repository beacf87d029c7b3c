"""Engines that run a model: their protocol, our own on the C kernels, and one on onnxruntime."""
