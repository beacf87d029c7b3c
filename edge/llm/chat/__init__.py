"""Conversations as prompts, by the template that a model file brings."""
