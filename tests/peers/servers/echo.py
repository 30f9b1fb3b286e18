"""A WebSocket server that sends back what it is sent, to whoever shows the right key.

Usage: echo.py KEY. Prints the port it listens on.
"""

import asyncio
import http
import sys

from websockets.asyncio.server import serve

KEY = sys.argv[1]


def known(connection, request):
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        return connection.respond(http.HTTPStatus.UNAUTHORIZED, "no such key\n")
    return None


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0, process_request=known) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
