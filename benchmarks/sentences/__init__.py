"""Closed sentences: what they gain over free readings, and how often they act on what nobody asked for."""
