"""What the compose files and manifests declare (always), what kubectl builds of these (`built/`, where it is there),
and a deployment that runs (`running/`).

The last kind is for `.ci/compose`, which starts the deployment with compose.subscribers.yml and compose.tests.yml and
says so by GOLEM_COMPOSE=1, with the ports it published in the variables that compose reads.
"""

import os
import shutil

collect_ignore_glob = [
    *([] if os.environ.get("GOLEM_COMPOSE") else ["running/*"]),
    *([] if shutil.which("kubectl") else ["built/*"]),
]
