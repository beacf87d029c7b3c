"""A keyboard in place of pynput's, for tests on systems where pynput has nothing to speak to."""
