"""Every change, by what it changes: data, architecture, regularisation, hyperparameters."""
