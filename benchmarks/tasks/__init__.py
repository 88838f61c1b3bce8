"""What is measured, each in a process of its own: `python -m benchmarks.task NAME` runs `main` of one module here."""
