"""A payments API that wants a bearer token. Stands in for a real one; standard library only."""

import hmac
import http.server
import json
import pathlib

KEY = pathlib.Path(__file__).with_name("secrets").joinpath("payments-api-key").read_text().strip()


class Payments(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        presented = self.headers.get("Authorization", "")
        if not hmac.compare_digest(presented.encode(), f"Bearer {KEY}".encode()):
            return self.answer(401, {"error": "no valid bearer token"})
        if self.path == "/v1/balance":
            return self.answer(200, {"balance": {"amount": 120000, "currency": "EUR"}})
        self.answer(404, {"error": "nothing is here"})

    do_DELETE = do_POST = do_GET

    def answer(self, status, document):
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", 9001), Payments).serve_forever()
