"""Skills: each knows what to do about some intents, and what to answer."""
