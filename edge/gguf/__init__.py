"""GGUF, whatever it holds: read tensor by tensor, written reproducibly, trusted only after it was checked."""
