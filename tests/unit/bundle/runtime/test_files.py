"""What a bundle's root holds, with the light SDK and with the real one."""

from __future__ import annotations

from packager.bundle.runtime.files import runtime_files
from packager.contract import template_folder


def names(sdk: str) -> set[str]:
    return {name for _, name in runtime_files(sdk)}


def test_the_light_sdk_is_left_out_beside_the_real_one_but_for_what_answers() -> None:
    light, real = names("light"), names("real")

    assert light - real == {name for name in light if name.startswith("dify_plugin/")}
    assert real - light == {
        "endpoint_runtime/sdk_calls/_invocation.py",
        "endpoint_runtime/sdk_calls/_session_parts.py",
        "endpoint_runtime/sdk_calls/app/__init__.py",
        "endpoint_runtime/sdk_calls/app/chat.py",
        "endpoint_runtime/sdk_calls/app/completion.py",
        "endpoint_runtime/sdk_calls/app/workflow.py",
        "endpoint_runtime/sdk_calls/runtime.py",
        "endpoint_runtime/sdk_calls/storage.py",
    }
    assert "dify_plugin/_entity/entity.py" in light
    assert all(path.is_file() for path, _ in runtime_files("real"))
    assert all("__pycache__" not in name for name in light)
    assert (template_folder() / "start_fast").is_file()
