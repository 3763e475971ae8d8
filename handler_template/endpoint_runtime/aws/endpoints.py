"""Where AWS's services answer, the region and each service's host in it; and requests to them.

The rules are those of AWS's own endpoint data (partitions and rule sets, as botocore ships them),
for the services that the runtime calls; a test compares the two for every region.
"""

from __future__ import annotations

from os import environ

from endpoint_runtime.aws.errors import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# By the start of the region's name: the partition's domain, and that of its dual-stack endpoints.
_DOMAINS = (
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("", "amazonaws.com", "api.aws"),
)
# What AWS_ENDPOINT_URL_<...> says for a service ("Service-specific endpoints", AWS SDKs reference).
_VARIABLES = {
    "ssm": "SSM",
    "secretsmanager": "SECRETS_MANAGER",
    "dynamodb": "DYNAMODB",
    "sqs": "SQS",
    "s3": "S3",
    "lambda": "LAMBDA",
    "bedrock-runtime": "BEDROCK_RUNTIME",
}
# In GovCloud the plain endpoints of these are the FIPS ones.
_GOV_PLAIN = ("ssm", "dynamodb", "sqs")


class Origin:
    """Where requests go: a host, its port, and whether with TLS.

    `amazon` is whether AWS's own rules name it, and no override does.
    """

    __slots__ = ("amazon", "host", "port", "tls")

    def __init__(
        self, host: str, port: int = 443, *, tls: bool = True, amazon: bool = True
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.amazon = amazon

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Request:
    """An HTTP request to an origin; `path` and `query` are percent-encoded."""

    __slots__ = ("body", "headers", "method", "origin", "path", "query")

    def __init__(
        self,
        origin: Origin,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        query: str = "",
    ) -> None:
        self.origin = origin
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.query = query

    @property
    def target(self) -> str:
        """What the request's first line asks for."""
        return f"{self.path}?{self.query}" if self.query else self.path


def region() -> str:
    """Return the region that the environment names; AwsError if it names none."""
    name = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if not name:
        raise AwsError("NoRegion", "no region is set: set AWS_REGION, as Lambda does")
    if not (name.isascii() and name.replace("-", "").isalnum()):
        raise AwsError("NoRegion", "AWS_REGION is not a region's name, such as eu-central-1")
    return name


def override(service: str) -> str | None:
    """Return the URL that AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL names, or None."""
    if _is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    own = environ.get("AWS_ENDPOINT_URL_" + _VARIABLES[service])
    return own or environ.get("AWS_ENDPOINT_URL") or None


def host(service: str, region_name: str) -> str:
    """Return a service's host in a region: FIPS or dual-stack if the environment asks for it."""
    fips = _is_true("AWS_USE_FIPS_ENDPOINT")
    dual = _is_true("AWS_USE_DUALSTACK_ENDPOINT")
    domain, dual_domain = next(
        (plain, both) for start, plain, both in _DOMAINS if region_name.startswith(start)
    )
    if service == "s3":
        name = "s3-fips" if fips else "s3"
        return (
            f"{name}.dualstack.{region_name}.{domain}"
            if dual
            else (f"{name}.{region_name}.{domain}")
        )
    if fips and not dual and region_name.startswith("us-gov-") and service in _GOV_PLAIN:
        fips = False
    # Secrets Manager answers IPv6 at its plain names where it has no names of their own for that.
    if service == "secretsmanager" and (
        domain == "amazonaws.com" or (domain == "amazonaws.com.cn" and not fips)
    ):
        dual = False
    return f"{service}{'-fips' if fips else ''}.{region_name}.{dual_domain if dual else domain}"


def split_url(url: str) -> tuple[Origin, str]:
    """Return the origin and the path of an endpoint's URL; AwsError if it is none."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.rpartition(":")
    if not host or "]" in port:
        host, port = authority, ""
    host = host.removeprefix("[").removesuffix("]").lower()
    tls = scheme.lower() == "https"
    plain = host.isascii() and not any(mark in host for mark in "@?#%\\[] \t\r\n")
    if scheme.lower() not in ("http", "https") or not host or not plain:
        raise AwsError("NoEndpoint", "an endpoint's URL is not of the form https://host:port")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise AwsError("NoEndpoint", "an endpoint's URL has no port that can be read")
    number = int(port) if port else 443 if tls else 80
    return Origin(host, number, tls=tls, amazon=False), slash + path


def _is_true(variable: str) -> bool:
    return environ.get(variable, "").lower() == "true"
