"""Alembic's environment: the connection is handed over by `hub.store.migrate`."""

from alembic import context

from hub.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
