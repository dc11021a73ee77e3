"""Ready questions about a fit, one file each: each trains what it needs and answers in words."""
