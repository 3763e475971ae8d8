"""Says what an event that is not an HTTP request seems to be: its kind by name, none of its values.

Imported for an event that is refused alone. The shapes are those that AWS prints on the services'
pages in "Invoking Lambda with events from other AWS services", and in their own guides (Cognito's
"Customizing user pool workflows with Lambda triggers", Bedrock's "Configure Lambda functions to
send information an agent elicits", VPC Lattice's "Lambda functions as targets", ...).
"""

from __future__ import annotations

from endpoint_runtime.gateway.environ import http_source_of
from endpoint_runtime.gateway.errors import NotAnHttpEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# (keys that an event has all of, what it is then, the key whose value says more or ""): the first
# that fits. A key with a dot is one inside another's value.
_KINDS = (
    # Questions of gateways, which hold a request
    (("methodArn",), "the question of a Lambda authorizer", "type"),
    (("routeArn",), "the question of a Lambda authorizer", "type"),
    (("authorizationToken", "requestContext.queryString"), "an AppSync authorizer's question", ""),
    (("protocolData", "signatureVerified"), "the question of an IoT Core authorizer", ""),
    (("serverId", "sourceIp", "username"), "the question of a Transfer Family server", ""),
    (("requestContext.connectionId",), "an API Gateway WebSocket message", ""),
    # Requests in forms that this function does not translate
    # Services that call a function by themselves
    (("triggerSource",), "a trigger of a Cognito user pool", "triggerSource"),
    (("datasetName", "identityPoolId"), "a Cognito Sync event", ""),
    (("actionGroup", "agent"), "a call by a Bedrock agent", ""),
    (("agent", "messageVersion"), "a call by a Bedrock agent", ""),
    (("bot", "sessionState"), "an event of a Lex bot", "invocationSource"),
    (("bot", "currentIntent"), "an event of a Lex bot", "invocationSource"),
    (("Details.ContactData",), "an event of Amazon Connect", "Name"),
    (("CallDetails", "invocationEventType"), "an event of Chime's SIP media", ""),
    (("request.type", "session"), "a request of an Alexa skill", "request.type"),
    (("context.System", "request.type"), "a request of an Alexa skill", "request.type"),
    (("directive.header",), "a directive of an Alexa smart home", "directive.header.namespace"),
    (("info.fieldName", "info.parentTypeName"), "a field that AppSync resolves", ""),
    (("info.channel",), "an event of an AppSync channel", "info.operation"),
    (("awslogs",), "log lines of CloudWatch Logs", ""),
    (("alarmArn", "alarmData"), "the action of a CloudWatch alarm", ""),
    (("configRuleName", "invokingEvent"), "the question of an AWS Config rule", ""),
    (("RequestType", "ResponseURL"), "a custom resource of CloudFormation", "RequestType"),
    (("CodePipeline.job",), "a job of CodePipeline", ""),
    (("DeploymentId", "LifecycleEventHookExecutionId"), "a hook of CodeDeploy", ""),
    (("ClientRequestToken", "SecretId", "Step"), "the rotation of a secret", "Step"),
    (("getObjectContext",), "a request of S3 Object Lambda", ""),
    (("invocationSchemaVersion", "tasks"), "a batch of S3 Batch Operations", ""),
    (("deliveryStreamArn", "records"), "records of Data Firehose to transform", ""),
    (("applicationArn", "records"), "records of Kinesis Data Analytics", ""),
    (("deviceEvent", "deviceInfo"), "an IoT 1-Click event", ""),
    (("clickType", "serialNumber"), "the click of an IoT button", ""),
    (("external_function", "num_records"), "a call by a Redshift function", ""),
    (("envelope", "flowDirection"), "a message of WorkMail", "flowDirection"),
    (("requestContext.functionArn", "requestPayload"), "the result of another invocation", ""),
    (("taskToken",), "a task of Step Functions (with its token)", ""),
    (("TaskToken",), "a task of Step Functions (with its token)", ""),
    (("task_token",), "a task of Step Functions (with its token)", ""),
    (("MyTaskToken",), "a task of Step Functions (with its token)", ""),
    (("detail-type",), "an EventBridge event", ""),
    # What is sent by hand, and by what keeps functions warm
    (("key1", "key2", "key3"), "the console's test event hello-world", ""),
    (("warmer",), "a call that keeps functions warm", ""),
)
_MOST_KEYS = 12
_MOST = 64  # characters of a name
_NAMES = "-_.:/"  # what names have besides letters and digits


def refusal_of(event: object) -> str:
    """Return why an event is not served, and what it seems to be."""
    if isinstance(event, list) and event:
        # EventBridge Pipes hand over what they read like this.
        return _refusal(f"a list of {_records(event)}, as EventBridge Pipes send them")
    if not isinstance(event, dict):
        return f"an event is a JSON object, this one is a {type(event).__name__}"
    return _refusal(_kind(event))


def kind_of(event: object) -> str:
    """Return what an event seems to be, as a refusal would say it: names, none of its values."""
    if isinstance(event, list):
        return f"a list of {_records(event)}"
    return _kind(event) if isinstance(event, dict) else f"a {type(event).__name__}"


def _refusal(kind: str) -> str:
    return (
        "this function serves HTTP requests from API Gateway (REST and HTTP APIs), function URLs, "
        f"Application Load Balancers and VPC Lattice; this event is none: {kind}"
    )


def _kind(event: Mapping[str, Any]) -> str:
    records = event.get("Records")
    if isinstance(records, list):
        return _records(records)
    source = _name(event.get("eventSource"))
    if source:  # Kafka, MQ and DocumentDB group their records
        return f"records of {source}"
    for keys, kind, key in _KINDS:
        if all(_value(event, each) is not None for each in keys):
            more = _name(_value(event, key)) if key else ""
            return f"{kind} ({more})" if more else kind
    return f"its keys are {_keys(event)}"


def _records(records: list[Any]) -> str:
    """What records are of, by the first."""
    first = records[0] if records else None
    if not isinstance(first, dict):
        return "Records of nothing" if not records else "Records of unknown"
    if isinstance(first.get("cf"), dict):
        config = first["cf"].get("config")
        kind = _name(config.get("eventType")) if isinstance(config, dict) else ""
        return f"a request of CloudFront (Lambda@Edge{', ' + kind if kind else ''})"
    source = _name(first.get("eventSource")) or _name(first.get("EventSource"))
    return f"Records of {source or 'unknown'}"


def _value(event: Mapping[str, Any], key: str) -> object:
    """Return the value of a key, of one inside another's where it has dots; None for none."""
    value: object = event
    if key in event:
        return event[key]
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _name(value: object) -> str:
    """Return a text that is only a name, "" for anything else: nothing a client wrote."""
    if not isinstance(value, str) or len(value) > _MOST or not value.isascii():
        return ""
    return value if all(letter.isalnum() or letter in _NAMES for letter in value) else ""


def _keys(event: Mapping[str, Any]) -> str:
    """Name the first of an event's keys."""
    names = sorted(ascii(str(key)[:_MOST])[1:-1] for key in event)
    return ", ".join(names[:_MOST_KEYS]) or "none"


def source_of(event: object) -> str:
    """Return where an event comes from, by its shape; raise `NotAnHttpEvent` for others."""
    source = http_source_of(event)
    if not source:
        raise NotAnHttpEvent(refusal_of(event))
    return source
