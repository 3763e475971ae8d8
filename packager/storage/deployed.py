"""The values that a deployed plugin has stored: a DynamoDB table or an S3 bucket.

Values are read and deleted by the runtime's own code, in a process of its own: what is larger than
an item, and what counts towards a limit, is its business.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from packager.contract import BUCKET_VARIABLE, TABLE_VARIABLE, template_folder
from packager.dataclass import dataclass
from packager.errors import PackagerError, UsageError
from packager.host.target_script import IN_TARGET
from packager.plugin.functions import FunctionPlan
from packager.settings.aws import Aws, error_code, explained
from packager.storage.stored import Stored

_SCRIPT = IN_TARGET / "stored_value.py"
_ITEM = "v"  # what the ids of items with a key begin with
_MISSING = 3  # the exit code for a key without a value
_AWS = "AWS_"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plugin's values are: `kind` is "dynamodb" or "s3", `name` the table's or bucket's."""

    kind: str
    name: str
    options: Mapping[str, Any]


def place_in_stack(plan: FunctionPlan, stack: str, logical_id: str | None, aws: Aws) -> Place:
    """Return where a deployed function's plugin has its values.

    `logical_id` is that of the table or the bucket in the template; None where the configuration
    names one. Raises `UsageError` where the stack has none.
    """
    kind = str(plan.storage)
    options: dict[str, Any] = {}
    if kind == "s3":
        options = {"prefix": plan.storage_prefix}
    elif plan.options.storage_limit is not None:
        options = {"limit": plan.options.storage_limit}
    if logical_id is None:
        return Place(kind, str(plan.options.storage_bucket), options)
    with explained(f"the stack {stack} can't be read"):
        try:
            answer = aws.client("cloudformation").describe_stack_resource(
                StackName=stack, LogicalResourceId=logical_id
            )
        except Exception as error:
            if error_code(error) != "ValidationError":
                raise
            raise UsageError(
                f"there is no {logical_id} in a stack {stack} of {aws.region}",
                hint="is it in another region or account? --region, --profile",
            ) from None
    return Place(kind, answer["StackResourceDetail"]["PhysicalResourceId"], options)


class DeployedValues:
    """The values at a place in AWS."""

    def __init__(self, place: Place, aws: Aws) -> None:
        self._place = place
        self._aws = aws

    @property
    def label(self) -> str:
        """The table or the bucket."""
        kind = "table" if self._place.kind == "dynamodb" else "bucket"
        return f"{kind} {self._place.name}"

    def all(self) -> Iterator[Stored]:
        """Yield every key. The runtime names long ones of S3 by a hash, which is what is shown."""
        return self._items() if self._place.kind == "dynamodb" else self._objects()

    def get(self, key: str) -> bytes | None:
        """Return a value."""
        done = self._ask("get", key)
        return None if done.returncode == _MISSING else done.stdout

    def delete(self, key: str) -> None:
        """Forget a value."""
        self._ask("delete", key)

    def _items(self) -> Iterator[Stored]:
        with explained(f"{self.label} can't be read"):
            pages = self._aws.client("dynamodb").get_paginator("scan")
            asked = {
                "TableName": self._place.name,
                "ConsistentRead": True,
                "ProjectionExpression": "id, s",
                "FilterExpression": "begins_with(id, :v) AND attribute_exists(s)",
                "ExpressionAttributeValues": {":v": {"S": _ITEM}},
            }
            for page in pages.paginate(**asked):
                for item in page["Items"]:
                    yield Stored(item["id"]["S"].removeprefix(_ITEM), int(item["s"]["S"]))

    def _objects(self) -> Iterator[Stored]:
        prefix = str(self._place.options["prefix"])
        with explained(f"{self.label} can't be read"):
            pages = self._aws.client("s3").get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._place.name, Prefix=prefix):
                for each in page.get("Contents", ()):
                    yield Stored(each["Key"].removeprefix(prefix), int(each["Size"]))

    def _ask(self, operation: str, key: str) -> subprocess.CompletedProcess[bytes]:
        """Have the runtime's code do it."""
        with explained("credentials can't be used"):
            credentials = self._aws.credentials()
        own = {name: value for name, value in os.environ.items() if not name.startswith(_AWS)}
        own |= {
            name: value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL")
        }
        variable = TABLE_VARIABLE if self._place.kind == "dynamodb" else BUCKET_VARIABLE
        question = {
            "runtime": str(template_folder()),
            "kind": self._place.kind,
            "options": dict(self._place.options),
            "operation": operation,
            "key": key,
        }
        done = subprocess.run(
            [sys.executable, "-I", "-B", str(_SCRIPT)],
            input=json.dumps(question).encode(),
            capture_output=True,
            env=own | credentials | {variable: self._place.name},
        )
        if done.returncode not in (0, _MISSING):
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise PackagerError(f"{self.label} refused: {said}")
        return done
