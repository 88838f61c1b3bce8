"""What stands behind `make setup`, `run`, `stop`, `price` and `live`."""
