"""The databases' histories: one folder a service, one line of revisions each. Migrations never import application code.

To add a revision: write `migrations/<service>/versions/0002_<what>.py` with `revision = "0002"`, `down_revision =
"0001"` and `upgrade()`. A read model's table is also described in its service's `read_models/tables.py`, and
tests/migrations/test_tables.py finds every difference between the two.
"""

from migrations.migrator import SERVICES, migrate, migrate_all

__all__ = ["SERVICES", "migrate", "migrate_all"]
