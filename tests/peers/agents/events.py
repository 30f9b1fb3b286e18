"""An agent that reads a stream of events, and asks for the next one only when it has the one before.

Usage: events.py URL CA CERT KEY. Prints each event as it came.
"""

import ssl
import sys

import httpx

url, ca, cert, key = sys.argv[1:]
trust = ssl.create_default_context(cafile=ca)
trust.load_cert_chain(cert, key)
with httpx.Client(verify=trust, trust_env=False, timeout=20) as client:
    client.post(f"{url}/release").raise_for_status()
    with client.stream("GET", f"{url}/stream") as stream:
        print(stream.status_code, stream.headers["content-type"])
        for line in stream.iter_lines():
            if line.startswith("data: "):
                print(line.removeprefix("data: "))
                client.post(f"{url}/release").raise_for_status()
