"""`python -m tests.golden`: write the golden texts anew, as the code makes them now."""

from tests.golden.mails import FOLDER, golden

if __name__ == "__main__":
    for name, text in golden().items():
        (FOLDER / name).write_text(text, "utf-8")
