"""Where it is kept: tables made from the entities, migrations, embedded PostgreSQL, landing store, locks."""
