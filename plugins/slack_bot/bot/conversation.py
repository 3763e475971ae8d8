"""A thread's conversation, kept in the plugin's storage: what was said, and Dify's id of it.

The id lets the app go on where it was. Where Dify has forgotten it, what was said is told again.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

LIMIT = 200  # messages kept of a thread
RETOLD = 20  # messages told again to an app that has forgotten


@dataclass
class Conversation:
    """All of a thread that the bot took part in."""

    conversation_id: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)  # {"who", "text"}, oldest first

    def add(self, who: str, text: str) -> None:
        """Note what was said, by a user's id or by `bot`."""
        self.messages = [*self.messages, {"who": who, "text": text}][-LIMIT:]

    def retold(self) -> str:
        """What was said before, as text for an app that has forgotten it."""
        return "\n".join(f"{each['who']}: {each['text']}" for each in self.messages[-RETOLD:])


def key_of(team: str, channel: str, thread: str) -> str:
    """Return the storage key of a thread: short, whatever the ids hold."""
    named = json.dumps([team, channel, thread]).encode()
    return "thread-" + hashlib.sha256(named).hexdigest()


def load(storage: Any, key: str) -> Conversation:
    """Read a conversation; a new one where there is none."""
    if not storage.exist(key):
        return Conversation()
    return Conversation(**json.loads(storage.get(key)))


def save(storage: Any, key: str, conversation: Conversation) -> None:
    """Keep a conversation."""
    storage.set(key, json.dumps(asdict(conversation), ensure_ascii=False).encode())
