"""A whole retailer to try the hub on: the systems' own wire protocols, stateful, with fault switches.

It imports nothing of the hub and the hub imports nothing of it, so that a misunderstanding of a protocol
cannot be shared through code. `python -m sandbox --help` runs it.
"""
