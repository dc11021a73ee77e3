"""What writers know of the user's source: names, calls, layers, training and data in it."""
