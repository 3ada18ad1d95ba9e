"""`python -m tests.planted [WORD ...]`: exit code 1 where a mistake went unseen, or could not be planted any more; so
too where none is called so.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.planted.mistakes import MISTAKES, Mistake

SOURCES = ("services", "shared", "deploy", "tests", "docs", "pyproject.toml")


def main(words: list[str]) -> int:
    asked = [each for each in MISTAKES if all(word in f"{each.kind}: {each.what}" for word in words)]
    if not asked:
        print("no mistake is called so")
        return 1
    unseen = 0
    for mistake in asked:
        began = time.monotonic()
        how = _tried(mistake)
        unseen += not how.startswith("seen")
        print(f"{how:9} {time.monotonic() - began:5.0f} s  {mistake.kind}: {mistake.what} [{mistake.test}]", flush=True)
    return 1 if unseen else 0


def _tried(mistake: Mistake) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in SOURCES:
            if Path(source).is_dir():
                shutil.copytree(source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / source)
        file = folder / mistake.file
        for right, wrong in ((mistake.right, mistake.wrong), *((mistake.also,) if mistake.also else ())):
            text = file.read_text("utf-8")
            if text.count(right) != 1:
                return "NO PLACE"
            file.write_text(text.replace(right, wrong), "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mistake.test.split(" ", 2)]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return {0: "UNSEEN", 1: "seen"}.get(ended.returncode, f"EXIT {ended.returncode}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
