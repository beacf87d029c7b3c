"""The parts of `edgewise listen`: where sound comes from, where words go, and the lines on the terminal."""
