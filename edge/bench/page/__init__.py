"""A page of reports: one HTML file that holds all it needs, to be opened from a disk or put on any server."""
