"""Run as a program: `quantizer_script.py SOURCE OUT FILE_TYPE` calls llama.cpp's quantizer. Logs to standard error."""

from __future__ import annotations

import sys


def main(source: str, out: str, file_type: str) -> int:
    """0 if `out` was written; llama.cpp prints why not."""
    import ctypes

    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def log(level: int, text: bytes, data: object) -> None:
        sys.stderr.write(text.decode(errors="replace"))
        sys.stderr.flush()

    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = int(file_type)
    return int(llama_cpp.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(settings)))


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
