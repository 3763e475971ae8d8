"""What goes wrong with calls of apps."""

from __future__ import annotations


class AppError(Exception):
    """A call of an app failed; its text is Dify's, as in the SDK: plugins show it to their users.

    Secrets are taken out of it: who answers may repeat the key that it was asked with. `status`
    (HTTP's, 0 where there was no answer) and `code` are the Service API's, "" for none. `detail` is
    what only the log is to say: the text says less then.
    """

    def __init__(
        self, app_id: str, message: str, *, status: int = 0, code: str = "", detail: str = ""
    ) -> None:
        from endpoint_runtime.logs.masking import mask

        message, code = mask(message), mask(code)
        super().__init__(message)
        self.app_id = app_id
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail

    @property
    def line(self) -> str:
        """The failure in one line for the log, with the app's id, status and code."""
        said = " ".join(part for part in (str(self.status or ""), self.code) if part)
        text = self.detail or self.message
        return f"app {self.app_id}: {said}: {text}" if said else f"app {self.app_id}: {text}"


class Logged:
    """A context that writes to the log the AppError that leaves it."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: object
    ) -> None:
        if isinstance(fault, AppError):
            log(fault)


def log(fault: AppError) -> None:
    """Write to the log what an error's text does not say."""
    import logging

    logging.getLogger(__name__).warning("%s", fault.line)
