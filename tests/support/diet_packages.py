"""How packages are treated, and how their own tests are run (`diet_verify.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tests:
    """How a package is treated and its tests are run: what they need, where they are, options.

    `inside` is a folder of tests that imports the package relatively: it is put beside what is
    installed. `relative`, `texts`, `types` and `replaced` are the table's
    (`packager/dependencies/diet/packages.py`).
    """

    modules: tuple[str, ...]
    paths: tuple[str, ...] = ("tests",)
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    eager: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    relative: bool = False
    texts: bool = False
    types: bool = False
    replaced: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    inside: str = ""


PACKAGES = {
    "line-bot-sdk": Tests(("linebot",), needs=("responses", "pytest-asyncio", "aioresponses")),
    "boto3": Tests(("boto3",), ("tests/unit", "tests/functional")),
    "botocore": Tests(
        ("botocore",),
        ("tests/unit",),
        eager=("botocore.compat",),  # whose flags tests and others set
        needs=("jsonschema",),
    ),
    "s3transfer": Tests(("s3transfer",), ("tests/unit",)),
    "slack-sdk": Tests(
        ("slack_sdk", "slack"),
        relative=True,
        texts=True,
        # It gives a connection one second, and fails untreated, too, on a busy machine.
        options=(
            "--deselect=tests/slack_sdk/socket_mode/test_interactions_websocket_client.py"
            "::TestInteractionsWebSocketClient::test_send_message_while_disconnection",
        ),
        needs=(
            *("aiohttp", "websockets", "websocket-client", "pytest-asyncio", "aiodns", "boto3"),
            *("moto", "SQLAlchemy", "aiosqlite", "psutil"),
        ),
    ),
    "slack-bolt": Tests(
        ("slack_bolt",),
        relative=True,
        needs=(
            *("aiohttp", "websockets", "websocket-client", "pytest-asyncio", "moto<6", "boto3"),
            *("flask", "bottle", "boddle", "starlette", "tornado", "falcon", "django<6"),
        ),
    ),
    "requests": Tests(
        ("requests",),
        relative=True,
        needs=("pytest-httpbin", "pytest-mock", "trustme", "PySocks", "httpbin"),
    ),
    "urllib3": Tests(
        ("urllib3",),
        ("test",),
        relative=True,
        options=("--ignore=test/with_dummyserver", "--ignore=test/contrib/emscripten"),
        needs=(
            *("trustme", "PySocks", "h2", "trio", "hypercorn", "quart", "quart-trio", "httpx"),
            *("pytest-socket", "idna", "cryptography"),
        ),
    ),
    "charset-normalizer": Tests(("charset_normalizer",), relative=True),
    "idna": Tests(("idna",), relative=True),
    "httpx": Tests(
        ("httpx",), needs=("trustme", "uvicorn", "chardet", "anyio", "trio", "h2", "brotli")
    ),
    "httpcore": Tests(("httpcore",), needs=("pytest-httpbin", "trio", "anyio", "h2")),
    "h11": Tests(("h11",), ("--pyargs", "h11.tests"), relative=True, inside="h11/tests"),
    "sqlalchemy": Tests(("sqlalchemy",), ("test",), needs=("typing_extensions",)),
    "pynacl": Tests(("nacl",), needs=("hypothesis",), relative=True, texts=True, types=True),
    "pycryptodome": Tests(
        ("Crypto",),
        ("--pyargs", "Crypto.SelfTest"),
        relative=True,
        types=True,
        skip=("Crypto/SelfTest/",),
        # It runs `file` to learn what the platform is: only where the answer counts.
        replaced={
            "Crypto/Util/_raw_api.py": [
                ["if not cached_architecture:", 'if not cached_architecture and "." not in name:'],
                [
                    "_bits, linkage = cached_architecture\n",
                    "linkage = cached_architecture and cached_architecture[1]\n",
                ],
            ]
        },
        # These two take minutes of CPU each; others take one where the machine is busy.
        options=(
            "--timeout=900",
            "--deselect=PublicKey/test_ElGamal.py::TestElGamal::test_generate_180",
            "--deselect=PublicKey/test_MLDSA.py::TestCCTVAccumulated",
        ),
    ),
    "cryptography": Tests(("cryptography",), relative=True, needs=("cryptography_vectors",)),
    "pydantic": Tests(
        ("pydantic",),
        # It is used where the stack has just overflowed, and importing it takes more of that.
        eager=("pydantic.version",),
        # It asks for plugins of its own: only where some distribution has any.
        replaced={
            "pydantic/plugin/_loader.py": [
                [
                    "in entry_points(group=PYDANTIC_ENTRY_POINT_GROUP):",
                    "in __import__('endpoint_runtime.entry_points', None, None, ('of_group',))"
                    ".of_group(PYDANTIC_ENTRY_POINT_GROUP, lambda name: entry_points(group=name)):",
                ]
            ]
        },
        options=(
            *("--ignore=tests/benchmarks", "--ignore=tests/mypy", "--ignore=tests/typechecking"),
            "--ignore=tests/test_docs.py",
        ),
        needs=(
            *("pytest-mock", "pytest-benchmark", "pytest-run-parallel", "dirty-equals"),
            *("jsonschema", "email-validator", "pytz", "faker", "cloudpickle"),
        ),
    ),
    "cachetools": Tests(("cachetools",)),
    "jinja2": Tests(("jinja2",), relative=True, texts=True, needs=("trio",)),
    "markdown": Tests(("markdown",), relative=True, needs=("pyyaml",)),
    "flask": Tests(
        ("flask",), relative=True, needs=("python-dotenv", "asgiref", "greenlet", "pytest<9")
    ),
    "click": Tests(
        ("click",),
        relative=True,
        # It holds what is imported against a list, on which what the treatment imports is not.
        options=("--deselect=tests/test_imports.py::test_light_imports",),
    ),
    "redis": Tests(
        ("redis",),
        relative=True,
        texts=True,
        options=("--ignore=tests/test_multidb", "--ignore=tests/test_asyncio/test_multidb"),
        needs=("pytest-asyncio", "numpy", "PyJWT", "mock", "pybreaker", "xxhash", "aiohttp"),
    ),
    "anyio": Tests(
        ("anyio",),
        relative=True,
        needs=(
            *("trustme", "trio", "hypothesis", "blockbuster", "psutil", "pytest-mock"),
            *("truststore", "uvloop"),
        ),
    ),
    "openai": Tests(
        ("openai",),
        relative=True,
        options=(
            *("--ignore=tests/api_resources", "-n", "0"),
            # They ask for overloads, which are left out.
            "--deselect=tests/lib/test_audio.py::test_translation_create_overloads_in_sync",
            "--deselect=tests/lib/test_audio.py::test_transcription_create_overloads_in_sync",
        ),
        needs=(
            *("pytest-asyncio", "pytest-xdist", "respx", "inline-snapshot", "rich", "trio"),
            "dirty-equals",
        ),
    ),
    "mcp": Tests(
        ("mcp",),
        ("tests/types", "tests/shared", "tests/server", "tests/client", "tests/issues"),
        relative=True,
        options=("--color=no", "-n", "0"),
        needs=(
            *("mcp[cli]", "trio", "pytest-flakefinder", "pytest-xdist", "pytest-examples"),
            *("inline-snapshot", "dirty-equals", "pillow", "logfire", "opentelemetry-sdk"),
            "blockbuster",
        ),
    ),
}
