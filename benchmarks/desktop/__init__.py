"""A desktop without a display or a sound card, for tests and for measurements: real servers, windows and processes."""
