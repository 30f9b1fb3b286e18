"""An OpenID Connect provider over HTTPS: whoever asks for a code is whom they say.

Usage: issuer.py CERTIFICATE KEY SECONDS, the last being how long a token counts. Prints the port it
listens on; its issuer is https://localhost:PORT, its keys are at /jwks.
"""

import logging
import sys
from datetime import timedelta

from oidc_provider_mock import app
from werkzeug.serving import make_server

CERTIFICATE, KEY, SECONDS = sys.argv[1:]

logging.disable(logging.WARNING)
server = make_server(
    "localhost",
    0,
    app(access_token_max_age=timedelta(seconds=int(SECONDS))),
    threaded=True,
    ssl_context=(CERTIFICATE, KEY),
)
print(server.server_port, flush=True)
server.serve_forever()
