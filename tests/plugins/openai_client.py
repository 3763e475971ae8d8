"""Runs the official openai client: python openai_client.py URL KEY; prints JSON.

A process of its own, as users run it: its warnings are not ours.
"""

import json
import sys
from typing import Any

from openai import AuthenticationError, BadRequestError, OpenAI

url, key = sys.argv[1:]
client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
asked: Any = [{"role": "user", "content": "Hello, 世界"}]
before: Any = [
    {"role": "system", "content": "Be brief."},
    *asked,
    {"role": "assistant", "content": "Hi"},
]
seen: dict[str, Any] = {"models": [model.id for model in client.models.list()]}

whole = client.chat.completions.create(
    model="dify", messages=[*before, {"role": "user", "content": [{"type": "text", "text": "Go"}]}]
)
seen["whole"] = [whole.choices[0].message.content, whole.choices[0].finish_reason]
seen["usage"] = whole.usage and whole.usage.total_tokens

chunks = list(
    client.chat.completions.create(
        model="dify", messages=asked, stream=True, stream_options={"include_usage": True}
    )
)
pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
seen["pieces"] = [piece for piece in pieces if piece]
seen["finish"] = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1]
seen["streamed usage"] = chunks[-1].usage and chunks[-1].usage.total_tokens

try:
    client.chat.completions.create(model="dify", messages=[])
except BadRequestError as error:
    seen["bad"] = error.message
try:
    OpenAI(base_url=f"{url}/v1", api_key="a guess", max_retries=0).models.list()
except AuthenticationError as error:
    seen["guess"] = error.code

if "gpt-4o" in seen["models"]:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    answer = client.chat.completions.create(model="gpt-4o", messages=asked, tools=[tool])
    seen["model"] = [answer.choices[0].message.content, answer.usage and answer.usage.total_tokens]
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=asked, stream=True))
    seen["model pieces"] = [each.choices[0].delta.content for each in chunks if each.choices]
    embedded = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    seen["embeddings"] = [each.embedding for each in embedded.data]
print(json.dumps(seen))
