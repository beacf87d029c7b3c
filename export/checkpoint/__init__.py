"""A Whisper checkpoint in memory: its tensors, vocabulary and mel filters, whatever it was read from."""
