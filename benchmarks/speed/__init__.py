"""How fast: whole recordings beside the peers, kernels and decoder steps beside the machine's limits."""
