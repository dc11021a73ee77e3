"""convalesce: why a Keras training goes wrong, and what mends it."""

__version__ = "0.1.0"
