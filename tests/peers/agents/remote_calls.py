"""An agent that uses gRPC: a call, a stream, a call that fails there, and one that policy denies.

Usage: remote_calls.py HOST:PORT CA CERT KEY. Prints one line of JSON for each call.
"""

import json
import sys
from pathlib import Path

import grpc

address, *files = sys.argv[1:]
ca, cert, key = (Path(file).read_bytes() for file in files)
credentials = grpc.ssl_channel_credentials(ca, key, cert)


def report(method, call, messages):
    trailing = {name: value for name, value in call.trailing_metadata() or ()}
    print(
        json.dumps(
            {
                "method": method,
                "code": call.code().name,
                "details": call.details(),
                "messages": messages,
                "served_by": trailing.get("served-by"),
            }
        )
    )


with grpc.secure_channel(address, credentials) as channel:
    for method in ("Echo", "Fail", "Remove"):
        ask = channel.unary_unary(f"/shop.Till/{method}")
        try:
            answer, call = ask.with_call(b"hello", timeout=20)
            report(method, call, [answer.decode()])
        except grpc.RpcError as call:
            report(method, call, [])
    stream = channel.unary_stream("/shop.Till/Count")(b"hello", timeout=20)
    report("Count", stream, [message.decode() for message in stream])
