"""Write `published/*.json` anew: `python -m tests.unit.schemas.publish [--unreleased]`.

Refuses a change that would break a reader or a stored event. `--unreleased` publishes it all the same: only
where no installation has ever run the committed version.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.unit.schemas.compatibility import Schema, breaks, schemas_now

PUBLISHED = Path(__file__).parent / "published"


def published_schemas() -> dict[str, Schema]:
    """What is committed: type name -> JSON Schema."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(PUBLISHED.glob("*.json"))}


def publish(*, unreleased: bool) -> list[str]:
    """Write today's schemas; what they break comes back, and then nothing is written unless unreleased."""
    now = schemas_now()
    broken = breaks(published_schemas(), now)
    if broken and not unreleased:
        return broken
    for stale in PUBLISHED.glob("*.json"):
        stale.unlink()
    for name, schema in now.items():
        text = json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False)
        (PUBLISHED / f"{name}.json").write_text(text + "\n")
    return broken


if __name__ == "__main__":
    found = publish(unreleased="--unreleased" in sys.argv[1:])
    for line in found:
        print(line)
    sys.exit(1 if found and "--unreleased" not in sys.argv[1:] else 0)
