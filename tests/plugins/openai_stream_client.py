"""Streams with the official openai client: python openai_stream_client.py URL KEY; prints JSON.

Returns when each piece of text came, on the monotonic clock, and the piece.
"""

import json
import sys
import time

from openai import OpenAI

url, key = sys.argv[1:]
client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
chunks = client.chat.completions.create(
    model="dify", messages=[{"role": "user", "content": "one two three"}], stream=True
)
came = ((time.monotonic(), chunk.choices[0].delta.content) for chunk in chunks if chunk.choices)
print(json.dumps([(at, piece) for at, piece in came if piece]))
