"""Hears callbacks over HTTPS, and believes only what the libraries say is whole and signed.

Usage: hooks.py CERTIFICATE KEY PUBLIC_KEY FILE. PUBLIC_KEY is an Ed25519 key in Base64. Prints the
port it listens on; appends to FILE, for each call, a line of JSON. A path that ends with /later is
answered 503 the first time, one that ends with /gone always 410, one with /moved a redirect.
"""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

CERTIFICATE, KEY, PUBLIC_KEY, FILE = sys.argv[1:]
COVERED = ("@method", "@target-uri", "content-type", "content-digest")


class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id):
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY))


class Message:
    def __init__(self, handler):
        self.method = handler.command
        self.url = f"https://{handler.headers['Host']}{handler.path}"
        self.headers = dict(handler.headers.items())


class Hooks(BaseHTTPRequestHandler):
    heard = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = Message(self)
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.ED25519, key_resolver=Keys()
        )
        verifier.verify(
            message, expect_tag="countersign-callback", require_components=COVERED, body=body
        )
        event = from_http_event(HTTPMessage(headers=message.headers, body=body))
        first = self.path not in Hooks.heard
        Hooks.heard.add(self.path)
        with open(FILE, "a", encoding="utf-8") as file:
            line = {
                "path": self.path,
                "id": event.get_id(),
                "type": event.get_type(),
                "source": event.get_source(),
                "subject": event.get_subject(),
                "data": event.get_data(),
            }
            file.write(json.dumps(line) + "\n")
        if self.path.endswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
        else:
            later = self.path.endswith("/later") and first
            gone = self.path.endswith("/gone")
            self.send_response(410 if gone else 503 if later else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
