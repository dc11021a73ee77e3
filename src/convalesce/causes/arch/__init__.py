"""What can be wrong with the architecture."""
