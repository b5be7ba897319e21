"""Alembic's entry: runs the revisions of one service on the connection that the migrator hands over, all in one
transaction.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
