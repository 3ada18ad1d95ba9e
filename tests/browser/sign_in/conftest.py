"""Where there is no Chromium, no Node, or no provider in `build/oidc-provider`, `.ci/run` says that it was not run."""

import shutil

from deploy import ROOT

_INSTALLED = (ROOT / "build" / "oidc-provider" / "node_modules" / "oidc-provider").is_dir()
collect_ignore_glob = [] if _INSTALLED and shutil.which("chromium") and shutil.which("node") else ["test_*.py"]
