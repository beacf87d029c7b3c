"""Finds the fastest way to run on this machine within a budget, with few runs: `edgewise tune`."""
