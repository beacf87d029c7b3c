"""What exporting needs of the system: files that are whole or absent, child processes, packages that may be missing."""
