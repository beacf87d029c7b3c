"""How exact: words that are lost, invented, placed in time, given a probability, or listed by the user."""
