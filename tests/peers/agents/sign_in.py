"""Signs somebody in with a library of OpenID Connect, as a console does, and prints their ID token.

Usage: sign_in.py ISSUER CA CLIENT SUBJECT.
"""

import sys

import httpx
from authlib.integrations.httpx_client import OAuth2Client

ISSUER, CA, CLIENT, SUBJECT = sys.argv[1:]
BACK = "https://console.example.org/back"

provider = httpx.get(f"{ISSUER}/.well-known/openid-configuration", verify=CA).json()
client = OAuth2Client(
    CLIENT, "secret", scope="openid", redirect_uri=BACK, verify=CA, code_challenge_method="S256"
)
url, state = client.create_authorization_url(provider["authorization_endpoint"])
form = httpx.post(url, data={"sub": SUBJECT}, verify=CA)
assert form.status_code == 302, form.text
token = client.fetch_token(
    provider["token_endpoint"], authorization_response=form.headers["Location"], state=state
)
print(token["id_token"])
