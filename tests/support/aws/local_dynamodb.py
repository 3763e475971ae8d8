"""moto's DynamoDB in this process: for tests of so many requests that HTTP would be most of them.

It stands for `endpoint_runtime.aws.client("dynamodb")`; what goes over the wire has its own tests.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import re
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb import models
from moto.dynamodb.models import dynamo_type, dynamodb_backends
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from endpoint_runtime.aws import AwsError
from endpoint_runtime.aws.json_protocol import _error_of
from endpoint_runtime.storage import dynamodb_table
from tests.support.aws.moto_process import Attributes, Update
from tests.support.aws.moto_server import REGION
from tests.support.aws.storage_state import State

ACCOUNT = "123456789012"
_NUMBERS = itertools.count()


def as_written(value: bytes | datetime) -> str | float:
    """Return a binary value, or a time, as it is in DynamoDB's JSON."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


class LocalDynamoDB:
    """An account's tables."""

    def call(
        self, operation: str, payload: Mapping[str, Any], deadline: float | None = None
    ) -> dict[str, Any]:
        """Do what `Client.call` does, and fail as it does."""
        handler = DynamoHandler()
        handler.current_account, handler.region = ACCOUNT, REGION
        handler.body = handler.params = json.loads(json.dumps(payload))
        handler.querystring = {}
        handler.headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        try:
            done = getattr(handler, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())()
        except ServiceException as error:
            raise self._error(operation, *handler.serialized(ActionResult(error))) from None
        except HTTPException as refused:
            told = (refused.code, dict(refused.get_headers()), refused.description)
            raise self._error(operation, *told) from None
        answered = done.result if isinstance(done, ActionResult) else json.loads(done or "{}")
        written: dict[str, Any] = json.loads(json.dumps(answered, default=as_written))
        return written

    @staticmethod
    def _error(operation: str, status: Any, headers: Any, body: Any) -> AwsError:
        sent = body.encode() if isinstance(body, str) else body
        answer: Any = types.SimpleNamespace(headers=headers, body=sent)
        code, message, details = _error_of(answer)
        return AwsError(code, message, int(status), operation=operation, details=details)

    def make_table(self) -> str:
        """Make a table like the template's, the only one, and return its name.

        moto copies all that there is with each transaction.
        """
        dynamodb_backends[ACCOUNT][REGION].reset()
        name = f"storage-{next(_NUMBERS)}"
        self.call(
            "CreateTable",
            {
                "TableName": name,
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )
        return name

    def copied(self) -> Any:
        """Return a copy of all that there is, for `restore`."""
        return copy.deepcopy(dynamodb_backends[ACCOUNT][REGION].tables)

    def restore(self, tables: Any) -> None:
        """Make all be as it was when it was copied."""
        dynamodb_backends[ACCOUNT][REGION].tables = copy.deepcopy(tables)

    def state(self, table: str) -> State:
        """Return what is in a table."""
        items: dict[str, dict[str, Any]] = {}
        asked: dict[str, Any] = {"TableName": table}
        while True:
            page = self.call("Scan", asked)
            items |= {item["id"]["S"]: item for item in page["Items"]}
            if not page.get("LastEvaluatedKey"):
                return State(items)
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def expire(self, table: str) -> None:
        """Do what DynamoDB's TTL has done a day later."""
        for name, item in self.state(table).items.items():
            if "x" in item:
                self.call("DeleteItem", {"TableName": table, "Key": {"id": {"S": name}}})


@contextmanager
def local_dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalDynamoDB]:
    """An account without tables, which storages reach."""
    monkeypatch.setattr(dynamo_type, "LimitedSizeDict", Attributes)
    monkeypatch.setattr(models, "UpdateExpressionExecutor", Update)
    account = LocalDynamoDB()
    monkeypatch.setattr(dynamodb_table, "client", lambda service: account)
    yield account
    dynamodb_backends[ACCOUNT][REGION].reset()
