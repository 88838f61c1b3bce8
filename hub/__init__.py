"""The engine of the retail hub."""
