"""The parts of `edgewise dictate`: the one that runs, what talks to it, the history, the setup and the check."""
