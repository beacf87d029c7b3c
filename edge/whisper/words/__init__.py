"""Tokens to words, and when each is said."""
