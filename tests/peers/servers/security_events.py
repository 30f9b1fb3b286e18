"""Hears security events by push over HTTPS, and believes only what a JWT library says is signed.

Usage: security_events.py CERTIFICATE KEY JWK FILE. JWK is the transmitter's public key. Prints the
port it listens on; appends to FILE, for each push, a line of JSON. A path that ends with /later is
answered 503 the first time, one that ends with /never always 400 with an error document.
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import OKPKey

CERTIFICATE, KEY, JWK, FILE = sys.argv[1:]


class Receiver(BaseHTTPRequestHandler):
    heard = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = OKPKey.import_key(json.loads(JWK))
        token = jwt.decode(body.decode("ascii"), key, algorithms=["Ed25519", "EdDSA"])
        first = self.path not in Receiver.heard
        Receiver.heard.add(self.path)
        with open(FILE, "a", encoding="utf-8") as file:
            line = {
                "path": self.path,
                "kind": self.headers["Content-Type"],
                "authorization": self.headers["Authorization"],
                "token": body.decode("ascii"),
                "header": token.header,
                "claims": token.claims,
            }
            file.write(json.dumps(line) + "\n")
        answer, status = b"", 202
        if self.path.endswith("/never"):
            answer, status = b'{"err": "invalid_audience", "description": "not us"}', 400
        elif self.path.endswith("/later") and first:
            status = 503
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
