"""What a browser makes of the pages. Where there is no Chromium, `.ci/run` says that it was not run."""

import shutil

collect_ignore_glob = [] if shutil.which("chromium") else ["test_*.py"]
