"""Print docs/openapi.json as the generator is given it: without the forms that browsers send where there is JSON too.

Of an operation with several bodies of one schema it makes a function that cannot be imported.
"""

import json
from pathlib import Path

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
document = json.loads(Path("docs/openapi.json").read_text("utf-8"))
for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
    bodies = operation.get("requestBody", {}).get("content", {})
    for form in FORMS:
        bodies.pop(form, None)
print(json.dumps(document))
