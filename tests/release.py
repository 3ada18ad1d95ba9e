"""`python -m tests.release`: keep the contract as it is now as a release, in `docs/released/<its version>`.

Then give `shared/http/declare/merging.py` the next version, and `deploy/docs/changelog.md` its section; take out what
`tests/contract/test_compatible.py` had decided of the release before.
"""

import json
import sys

from deploy.docs import changelog, openapi
from shared.events.catalogue import CATALOGUE
from shared.events.jsonschemas import json_schema
from shared.http.declare.merging import VERSION


def main() -> int:
    """Exit code 1 where that version was released before."""
    folder = changelog.FOLDER / VERSION
    if folder.exists():
        print(f"{VERSION} is kept already: a release never changes", file=sys.stderr)
        return 1
    folder.mkdir()
    events = {f"{one.name}.v{one.version}": json_schema(one) for one in CATALOGUE.values() if not one.internal}
    for name, document in (("openapi", openapi.described()), ("events", events)):
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
