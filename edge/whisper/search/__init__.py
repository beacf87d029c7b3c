"""Turns the encoding of a window into tokens: which are allowed, which are taken, and in which language."""
