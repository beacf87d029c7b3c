"""The model file: GGUF, read tensor by tensor, written reproducibly, trusted only after it was checked."""

from .gguf import GgufFile, MetadataValue, StoredTensor, open_gguf
from .model import ModelFile, open_model
from .types import TensorType
from .writer import TensorToWrite, write_gguf

__all__ = [
    "GgufFile",
    "MetadataValue",
    "ModelFile",
    "StoredTensor",
    "TensorToWrite",
    "TensorType",
    "open_gguf",
    "open_model",
    "write_gguf",
]
