"""Words and names of the user's own, which a search is made to recognize."""
