"""What can be wrong with the hyperparameters."""
