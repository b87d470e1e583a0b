"""An SMTP server on a free port of 127.0.0.1 that keeps each mail as a file in a folder.

It prints its port once it listens. While a file called `busy` is in the folder, it puts mails off.
It ends when its standard input does, so it never outlives who started it.
"""

import asyncio
import os
import sys

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.kept = 0

    async def handle_DATA(self, server, session, envelope):
        if os.path.exists(os.path.join(self.folder, "busy")):
            return "451 Come back later"
        self.kept += 1
        path = os.path.join(self.folder, f"{self.kept:03}")
        with open(path + ".part", "wb") as file:
            file.write(f"X-Envelope-To: {','.join(envelope.rcpt_tos)}\r\n".encode())
            file.write(envelope.content)
        os.rename(path + ".part", path + ".eml")
        return "250 Kept"


async def main(folder):
    loop = asyncio.get_running_loop()
    keeper = Keeper(folder)
    server = await loop.create_server(lambda: SMTP(keeper, hostname="sink"), "127.0.0.1", 0)
    ended = asyncio.Event()
    loop.add_reader(0, lambda: os.read(0, 1) or ended.set())
    print(server.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


asyncio.run(main(sys.argv[1]))
