"""From what was confirmed to what mends it."""
