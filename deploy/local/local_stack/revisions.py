"""Revisions: by which migrations the data of a state folder was made.

Until something is released, the text of a revision may still change. Data of its former text lacks what the new one
makes, and nothing would say so before a query fails.
"""

import hashlib
import json
from pathlib import Path

import migrations
from local_stack.report import StackError

FILE = "revisions.json"
_FOLDER = Path(str(migrations.__file__)).parent


def guard_revisions(state: Path, folder: Path = _FOLDER) -> None:
    """StackError where a revision that made this data reads otherwise by now."""
    made_by, now = _kept(state), _digests(folder)
    changed = sorted(name for name, digest in made_by.items() if now.get(name) != digest)
    if changed:
        raise StackError(
            f"the data in {state} was made by an earlier {', '.join(changed)}: forget it with FRESH=1, or choose "
            f"another folder with MAKEWHOLE_STATE"
        )


def keep_revisions(state: Path, folder: Path = _FOLDER) -> None:
    """Notes that this data is of the revisions as they read now."""
    (state / FILE).write_text(json.dumps(_digests(folder), indent=1))


def _kept(state: Path) -> dict[str, str]:
    file = state / FILE
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(
        [*folder.glob("*/versions/*.py"), *folder.glob("event_store/*.py"), *folder.glob("event_store/*.sql")]
    )
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
