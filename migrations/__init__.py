"""The databases' histories: one folder a service, one line of revisions each. Migrations never import application code.

To add a revision: write `migrations/<service>/versions/0002_<what>.py` with `revision = "0002"`, `down_revision =
"0001"` and `upgrade()`.
"""

from migrations.migrator import SERVICES, migrate, migrate_all

__all__ = ["SERVICES", "migrate", "migrate_all"]
