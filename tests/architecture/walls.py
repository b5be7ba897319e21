"""The import walls: `.importlinter`, in which `<service>` stands for every service with a log, given to import-linter.

`python -m tests.architecture.walls` checks the tree.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.events.logs import LOGS

ROOT = Path(__file__).parents[2]
SERVICE = "<service>"


def walls(root: Path, services: Sequence[str] = tuple(LOGS)) -> str:
    """The configuration, written out: a line with `<service>` for each service that has the module it names."""
    lines = (root / ".importlinter").read_text("utf-8").splitlines()
    return "\n".join(out for line in lines for out in _written_out(root, line, services)) + "\n"


def _written_out(root: Path, line: str, services: Sequence[str]) -> Iterator[str]:
    if SERVICE not in line:
        yield line
        return
    for service in services:
        name = line.replace(SERVICE, service)
        if _exists(root / "services" / service.replace("_", "-") / name.strip().replace(".", "/")):
            yield name


def _exists(module: Path) -> bool:
    return module.is_dir() or module.with_suffix(".py").is_file()


def sources(root: Path) -> list[Path]:
    """The folders that hold the tree's packages."""
    return [root, *sorted(path for path in (root / "services").iterdir() if path.is_dir()), root / "deploy" / "local"]


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the tree."""
    with tempfile.NamedTemporaryFile("w", suffix=".ini", encoding="utf-8") as config:
        config.write(walls(root))
        config.flush()
        return subprocess.run(
            [Path(sys.executable).parent / "lint-imports", "--config", config.name],
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources(root)))},
            capture_output=True,
            text=True,
            check=False,
        )


def main() -> None:
    """Prints what does not hold; the exit status is import-linter's."""
    done = linted(ROOT)
    print(done.stdout + done.stderr if done.returncode else done.stdout.splitlines()[-1])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
