"""Small language models of the Llama family: Hugging Face folders, GGUF files and ONNX, each from the other.

`export_llm` in `export.llm.export` is the one way in.
"""
