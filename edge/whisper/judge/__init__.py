"""Judges texts by sound: what else a model reads in a segment, and how likely given texts are to it."""
