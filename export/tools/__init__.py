"""What exporting needs of the system: bounded reads, child processes, packages that may be missing."""
