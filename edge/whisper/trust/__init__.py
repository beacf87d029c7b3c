"""When a text is believed, and when thrown away: by the decoder's doubts, what the detector heard, and repeats."""
