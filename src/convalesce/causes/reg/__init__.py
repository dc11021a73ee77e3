"""What can be wrong with the regularisation."""
