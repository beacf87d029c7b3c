"""GGUF files of any content: read tensor by tensor, written reproducibly, and used only after a check."""
