"""A forge: `git http-backend` over the repositories in work/, behind basic authentication.
Stands in for a real one; standard library and git only."""

import base64
import hmac
import http.server
import os
import pathlib
import subprocess
import urllib.parse

HERE = pathlib.Path(__file__).parent.resolve()
TOKEN = HERE.joinpath("secrets/forge-token").read_text().strip()
EXPECTED = b"Basic " + base64.b64encode(f"git:{TOKEN}".encode())


class Forge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.body()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), EXPECTED):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        url = urllib.parse.urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(HERE / "work"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(url.path),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "agent",
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, stdout=-1)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


http.server.ThreadingHTTPServer(("127.0.0.1", 9002), Forge).serve_forever()
