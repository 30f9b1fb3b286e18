"""A gRPC server without generated code: its messages are plain bytes.

`Echo` and `Pay` answer with what they were sent, `Book` with all that it was sent in one, `Count`
streams three messages; all set trailing metadata and `Fail` ends with a status of its own. It must never answer a call that lacks the credential.

Usage: remote_calls.py KEY. Prints the port it listens on.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

KEY = sys.argv[1]


def known(context):
    metadata = dict(context.invocation_metadata())
    if metadata.get("authorization") != f"Bearer {KEY}":
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such key")


def echo(message, context):
    known(context)
    context.set_trailing_metadata((("served-by", "echo"),))
    return message


def book(messages, context):
    known(context)
    return b"".join(messages)


def count(message, context):
    known(context)
    context.set_trailing_metadata((("served-by", "count"),))
    for number in (1, 2, 3):
        yield b"%s %d" % (message, number)


def fail(_, context):
    known(context)
    context.set_trailing_metadata((("served-by", "fail"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the till is closed")


methods = {
    "Book": grpc.stream_unary_rpc_method_handler(book),
    "Pay": grpc.unary_unary_rpc_method_handler(echo),
    "Echo": grpc.unary_unary_rpc_method_handler(echo),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Remove": grpc.unary_unary_rpc_method_handler(echo),
}
server = grpc.server(ThreadPoolExecutor(max_workers=4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Till", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
