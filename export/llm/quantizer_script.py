"""Run as a program: `quantizer_script.py SOURCE OUT FILE_TYPE` calls llama.cpp's quantizer.

Standard error gets a line such as "3/272" for each tensor, and what llama.cpp warns of.
"""

from __future__ import annotations

import re
import sys

_WARNING, _CONTINUED = 3, 5
"""Numbers of ggml's log levels; between them are errors."""

_COUNT = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")


def main(source: str, out: str, file_type: str) -> int:
    """Quantize `source`; gives 0 if `out` was written, and llama.cpp prints why not."""
    import ctypes

    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def log(level: int, text: bytes, data: object) -> None:
        said = text.decode(errors="replace")
        count = _COUNT.search(said)
        if count or _WARNING <= level < _CONTINUED:
            print(f"{count[1]}/{count[2]}" if count else said.strip(), file=sys.stderr, flush=True)

    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = int(file_type)
    return int(llama_cpp.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(settings)))


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
