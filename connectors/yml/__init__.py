"""YML, the feed that price aggregators read: written as a whole, read back for the proof."""
