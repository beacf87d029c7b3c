"""Live sound to text: turns of speech, text that comes while somebody speaks, and text that is final."""
