"""Actions of `edgewise bench` on reports that were written."""
