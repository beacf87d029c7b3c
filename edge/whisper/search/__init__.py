"""The encoding of a window to tokens: which are allowed, which are taken, and in which language."""
