"""The command `edgewise`: one module for each subcommand, each importing what it needs when it runs."""
