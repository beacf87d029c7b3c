"""Recordings that are read by the workers of a Dask cluster, each of them a task."""
