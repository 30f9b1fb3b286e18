"""A tiny LLM provider: OpenAI's and Anthropic's chat calls, for whoever shows the right key.

It stands for the real APIs, which want their key in different headers. It must never be kind: a
missing or wrong key is a 401, as it is there.

Usage: llm.py KEY. Prints the port it listens on.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = sys.argv[1]


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/openai/"):
            known = self.headers.get("Authorization") == f"Bearer {KEY}"
            answer = completion(question["model"])
        else:
            known = self.headers.get("x-api-key") == KEY
            answer = message(question["model"])
        self.answer(200 if known else 401, answer if known else {"error": "no such key"})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def completion(model):
    said = {"role": "assistant", "content": "hello"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": said}],
    }


def message(model):
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
print(server.server_port, flush=True)
server.serve_forever()
