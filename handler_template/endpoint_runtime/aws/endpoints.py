"""Where AWS's services answer: the region, and each service's host in it.

The rules are those of AWS's own endpoint data (partitions and rule sets, as botocore ships them),
for the services that the runtime calls; a test compares the two for every region.
"""

from __future__ import annotations

from os import environ

from endpoint_runtime.aws.errors import AwsError

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
}


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
    # In GovCloud the plain endpoints of these are the FIPS ones.
    if fips and not dual and region_name.startswith("us-gov-") and service != "secretsmanager":
        fips = False
    # Secrets Manager answers IPv6 at its plain names where it has no names of their own for that.
    if service == "secretsmanager" and (
        domain == "amazonaws.com" or (domain == "amazonaws.com.cn" and not fips)
    ):
        dual = False
    return f"{service}{'-fips' if fips else ''}.{region_name}.{dual_domain if dual else domain}"


def _is_true(variable: str) -> bool:
    return environ.get(variable, "").lower() == "true"
