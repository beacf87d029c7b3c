"""Language models: texts to log-probabilities, prompts to texts."""
