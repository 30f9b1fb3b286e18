"""Two model providers' APIs in one: each wants its own key, and streams a few words as events.
Stands in for the real ones; standard library only."""

import hmac
import http.server
import json
import pathlib
import time

SECRETS = pathlib.Path(__file__).with_name("secrets")
OPENAI = "Bearer " + SECRETS.joinpath("openai-key").read_text().strip()
ANTHROPIC = SECRETS.joinpath("anthropic-key").read_text().strip()
WORDS = ["One", " word", " at", " a", " time."]


class Models(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/chat/completions":
            return self.serve("Authorization", OPENAI, openai_events())
        if self.path == "/v1/messages":
            return self.serve("x-api-key", ANTHROPIC, anthropic_events())
        self.refuse(404)

    def serve(self, header, key, events):
        if not hmac.compare_digest(self.headers.get(header, "").encode(), key.encode()):
            return self.refuse(401)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            self.wfile.flush()
            time.sleep(0.3)
        self.wfile.write(b"0\r\n\r\n")

    def refuse(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def openai_events():
    for word in WORDS:
        yield b"data: " + json.dumps({"choices": [{"delta": {"content": word}}]}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def anthropic_events():
    for word in WORDS:
        delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}}
        yield b"event: content_block_delta\ndata: " + json.dumps(delta).encode() + b"\n\n"
    yield b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


http.server.ThreadingHTTPServer(("127.0.0.1", 9003), Models).serve_forever()
