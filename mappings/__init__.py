"""What it means: a closed grammar, named converters, and one YAML per system and record kind."""
