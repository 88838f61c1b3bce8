"""The one format: entities, references, money, codes, errors, expectations. Pure: no SQL, no I/O."""
