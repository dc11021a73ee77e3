"""What can be wrong with the data."""
