"""Runs LiteLLM: python litellm_client.py URL KEY; prints JSON.

A process of its own, with an environment of its own: LiteLLM brings a hundred packages.
"""

# The tests' environment has no LiteLLM, whose types mypy would look for.
# mypy: ignore-errors

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches prices
import litellm

url, key = sys.argv[1:]
at = {"api_base": f"{url}/v1", "api_key": key, "num_retries": 0, "max_retries": 0}
asked = [{"role": "user", "content": "Hello"}]
seen = {}
answer = litellm.completion(model="openai/gpt-4o", messages=asked, **at)
seen["whole"] = [answer.choices[0].message.content, answer.usage.total_tokens]
chunks = litellm.completion(model="openai/gpt-4o", messages=asked, stream=True, **at)
pieces = [each.choices[0].delta.content for each in chunks]
seen["pieces"] = [each for each in pieces if each]
embedded = litellm.embedding(model="openai/text-embedding-3-small", input=["a", "b"], **at)
seen["embeddings"] = [each["embedding"] for each in embedded.data]
answer = litellm.completion(model="openai/dify", messages=asked, **at)
seen["app"] = answer.choices[0].message.content
try:
    litellm.completion(model="openai/gpt-4o", messages=asked, **{**at, "api_key": "a guess"})
except litellm.AuthenticationError as error:
    seen["guess"] = error.status_code
print(json.dumps(seen))
