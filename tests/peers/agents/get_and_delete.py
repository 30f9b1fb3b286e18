"""An agent that uses httpx: one GET and one DELETE, over HTTP/1.1 and over HTTP/2.

Usage: get_and_delete.py URL CA CERT KEY. Prints one line of JSON for each answer.
"""

import json
import ssl
import sys

import httpx

url, ca, cert, key = sys.argv[1:]
for http2 in (False, True):
    trust = ssl.create_default_context(cafile=ca)
    trust.load_cert_chain(cert, key)
    with httpx.Client(verify=trust, http1=not http2, http2=http2, trust_env=False) as client:
        for method in ("GET", "DELETE"):
            answer = client.request(method, url)
            print(
                json.dumps(
                    {
                        "method": method,
                        "version": answer.http_version,
                        "status": answer.status_code,
                        "type": answer.headers.get("content-type"),
                        "retry": answer.headers.get("x-should-retry"),
                        "body": answer.json(),
                    }
                )
            )
