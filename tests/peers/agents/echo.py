"""An agent that talks over a WebSocket: it sends texts and bytes and wants them back.

Usage: echo.py URL CA CERT KEY. Prints one line of JSON: what came back, or the refusal.
"""

import json
import ssl
import sys

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

url, ca, cert, key = sys.argv[1:]
trust = ssl.create_default_context(cafile=ca)
trust.load_cert_chain(cert, key)
try:
    with connect(url, ssl=trust, proxy=None) as connection:
        returned = []
        for message in ("hello", "x" * 200_000, b"\x00\xff"):
            connection.send(message)
            returned.append(connection.recv() == message)
        print(json.dumps({"returned": returned}))
except InvalidStatus as refused:
    body = json.loads(refused.response.body)
    print(json.dumps({"status": refused.response.status_code, "body": body}))
