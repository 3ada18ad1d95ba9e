"""The SMTP catcher: takes every mail and keeps it as a file, `<time>-<pid>-<n>.eml`, in one folder; sends nothing."""

import argparse
import asyncio
import os
import signal
import time
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_numbers = count(1)


class _ToFiles:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Name fixed by aiosmtpd. The mail is on disk, under its final name, before it is acknowledged."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        to = ", ".join(envelope.rcpt_tos)
        name = f"{time.time_ns() // 1_000_000}-{os.getpid()}-{next(_numbers)}.eml"
        beside = self.folder / f".{name}.part"
        beside.write_bytes(f"X-Envelope-To: {to}\r\n".encode() + raw)
        beside.replace(self.folder / name)
        return "250 kept"


async def serve(port: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    server = await loop.create_server(
        lambda: SMTP(_ToFiles(folder), enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
    )
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.folder))


if __name__ == "__main__":
    main()
