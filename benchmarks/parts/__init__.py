"""The parts of `make bench`: each measures what it needs and returns rows of the table."""
