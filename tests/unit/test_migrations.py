"""The migrations make exactly the tables that the code describes."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hub.store.database import engine
from hub.store.tables import METADATA


def test_a_migrated_database_is_what_the_tables_say(database):
    with engine(database).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA)
    assert differences == []
