"""An agent that uses the vendors' own libraries: OpenAI's, Anthropic's and AWS'.

OpenAI's and Anthropic's ask for something allowed, then for something denied; AWS' only for what is
denied. Tries are counted, because a library that tries again does so without being asked.

Usage: llm.py URL CA CERT KEY VENDOR. Prints one line of JSON for each call.
"""

import json
import ssl
import sys

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import httpx
import httpx2
import openai

url, ca, cert, key, vendor = sys.argv[1:]
tries = 0


def count(*_, **__):
    global tries
    tries += 1


def client(library):
    trust = ssl.create_default_context(cafile=ca)
    trust.load_cert_chain(cert, key)
    return library.Client(verify=trust, trust_env=False, event_hooks={"request": [count]})


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
    library = openai.OpenAI(base_url=f"{url}/openai/v1", api_key="none", http_client=client(httpx))
    said = library.chat.completions.create(model=model, messages=QUESTION)
    return said.choices[0].message.content


def ask_anthropic(model):
    library = anthropic.Anthropic(
        base_url=f"{url}/anthropic", api_key="none", http_client=client(httpx2)
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
if vendor == "aws":
    report(vendor, "GetCallerIdentity", ask_aws)
else:
    ask = {"openai": ask_openai, "anthropic": ask_anthropic}[vendor]
    for model in ("small", "large"):
        report(vendor, model, lambda: ask(model))
