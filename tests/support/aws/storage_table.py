"""The table of a DynamoDB storage, for tests that make it themselves."""

from __future__ import annotations

import itertools

from tests.support.aws.moto_server import MotoServer

_numbers = itertools.count()


def make_table(moto: MotoServer) -> str:
    """Make a table like the template's, and return its name."""
    name = f"storage-{next(_numbers)}"
    moto.boto("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name
