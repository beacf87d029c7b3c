"""The product against its peers, the kernels against the machine: `python -m benchmarks --help`."""
