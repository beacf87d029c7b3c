"""What runs a model: the protocol, our own engine on the C kernels, and onnxruntime."""
