"""Decides when a text is believed and when it is dropped: by doubts, what the detector heard, and repeats."""
