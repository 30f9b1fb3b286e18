"""An agent that uses the vendors' own libraries: OpenAI's, Anthropic's and AWS'.

Each asks for something allowed and something denied; the denied one is counted, because a library
that tried again would do so on its own. AWS' calls are all denied: it has no credential here.

Usage: llm.py URL CA CERT KEY. Prints one line of JSON for each call.
"""

import json
import ssl
import sys

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import httpx
import openai

url, ca, cert, key = sys.argv[1:]
tries = 0


def count(*_, **__):
    global tries
    tries += 1


def client():
    trust = ssl.create_default_context(cafile=ca)
    trust.load_cert_chain(cert, key)
    return httpx.Client(verify=trust, trust_env=False, event_hooks={"request": [count]})


def report(library, asked, call):
    global tries
    tries = 0
    try:
        answer = {"said": call()}
    except (openai.APIStatusError, anthropic.APIStatusError) as refused:
        answer = {"status": refused.status_code, "shown": str(refused)}
    except botocore.exceptions.ClientError as refused:
        status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
        answer = {"status": status, "shown": str(refused)}
    print(json.dumps({"library": library, "asked": asked, "tries": tries, **answer}))


def ask_openai(model):
    library = openai.OpenAI(base_url=f"{url}/openai/v1", api_key="none", http_client=client())
    said = library.chat.completions.create(model=model, messages=QUESTION)
    return said.choices[0].message.content


def ask_anthropic(model):
    library = anthropic.Anthropic(
        base_url=f"{url}/anthropic", api_key="none", http_client=client()
    )
    said = library.messages.create(model=model, max_tokens=10, messages=QUESTION)
    return said.content[0].text


def ask_aws():
    config = botocore.config.Config(client_cert=(cert, key))
    sts = boto3.client(
        "sts",
        endpoint_url=f"{url}/aws",
        region_name="eu-west-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        verify=ca,
        config=config,
    )
    sts.meta.events.register("before-send.sts.GetCallerIdentity", count)
    return sts.get_caller_identity()["Account"]


QUESTION = [{"role": "user", "content": "hello?"}]
for model in ("small", "large"):
    report("openai", model, lambda: ask_openai(model))
    report("anthropic", model, lambda: ask_anthropic(model))
report("boto3", "GetCallerIdentity", ask_aws)
