"""The product against its peers, the kernels against the machine: `python -m benchmarks --help`."""

from .checkout import prefer_compiled_edge

prefer_compiled_edge()  # before any module here imports `edge`, or `export`, which does
