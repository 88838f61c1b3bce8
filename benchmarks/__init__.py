"""The hub's speed and memory beside its peers and limits, measured in one run: `make bench`. See docs/benchmarks.md."""
