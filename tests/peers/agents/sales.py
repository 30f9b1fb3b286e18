"""An agent whose gRPC messages are judged: single ones, streams, and what cannot be read.

Usage: sales.py HOST:PORT CA CERT KEY. Prints one line of JSON for each call.
"""

import json
import sys
from pathlib import Path

import grpc

address, *files = sys.argv[1:]
ca, cert, key = (Path(file).read_bytes() for file in files)
credentials = grpc.ssl_channel_credentials(ca, key, cert)

# shop.Sale as its wire has it: amount is field 1.
SMALL, SMALLER, LARGE = b"\x08\x07", b"\x08\x05", b"\x08\xc8\x01"
UNKNOWN = SMALL + b"\x78\x01"


def report(name, ask, asked, **options):
    try:
        answer, call = ask.with_call(asked, timeout=20, **options)
    except grpc.RpcError as failed:
        answer, call = b"", failed
    print(json.dumps({"name": name, "code": call.code().name, "details": call.details(), "answer": answer.hex()}))


with grpc.secure_channel(address, credentials) as channel:
    pay = channel.unary_unary("/shop.Till/Pay")
    book = channel.stream_unary("/shop.Till/Book")
    report("small", pay, SMALL)
    report("large", pay, LARGE)
    report("stream", book, iter([SMALL, SMALLER]))
    report("stream with a large one", book, iter([SMALL, LARGE]))
    report("unknown field", pay, UNKNOWN)
    report("compressed", pay, SMALL * 100, compression=grpc.Compression.Gzip)
    report("unknown method", channel.unary_unary("/shop.Till/Remove"), SMALL)
    report("over the limit", pay, SMALL + b"\x12\x90\x4e" + b"a" * 10000)
