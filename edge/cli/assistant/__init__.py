"""What `edgewise assist` does."""
