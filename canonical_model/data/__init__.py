"""Tables of codes, each with its source in its first lines."""
