"""The options of the commands: groups made from the tables of settings, and what is the command line's alone."""
