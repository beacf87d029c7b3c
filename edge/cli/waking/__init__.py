"""What `edgewise wake` does."""
