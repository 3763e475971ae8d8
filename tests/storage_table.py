"""The table of a DynamoDB storage, for tests that make it themselves."""

from __future__ import annotations

import itertools
from typing import Any

from tests.moto_server import MotoServer

_numbers = itertools.count()
_clients: dict[str, Any] = {}  # by URL: making one takes longer than all that is asked of it


def make_table(moto: MotoServer) -> str:
    """Make a table like the template's, and give its name."""
    name = f"storage-{next(_numbers)}"
    client_of(moto).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def client_of(moto: MotoServer) -> Any:
    """boto3's client of DynamoDB, made once."""
    if moto.url not in _clients:
        _clients[moto.url] = moto.boto("dynamodb")
    return _clients[moto.url]
