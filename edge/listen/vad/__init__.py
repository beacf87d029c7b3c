"""Finds where somebody speaks: Silero's voice activity detector, stretches of speech, and chunks of them."""
