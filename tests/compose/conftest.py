"""Two kinds of tests: what the compose files declare (always), and a deployment that runs (`running/`).

The second kind is for `.ci/compose`, which starts the deployment with compose.subscribers.yml and compose.tests.yml and
says so by GOLEM_COMPOSE=1, with the ports it published in the variables that compose reads.
"""

import os

collect_ignore_glob = [] if os.environ.get("GOLEM_COMPOSE") else ["running/*"]
