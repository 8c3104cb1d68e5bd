"""The few kinds of error the project raises on purpose, each with its HTTP status and stable code.

The text of an error is shown to the caller: it says what to change, and never carries a library's own
message. What went wrong inside belongs into the cause (``raise … from error``), which only the log sees.
"""

from typing import ClassVar, Final

REFUSAL: Final = "fer.refusal"
"""Key under which a request that was refused while it was received carries the error that answers it."""

INTERNAL_FAULT: Final = "Something went wrong on our side."
"""All that a caller hears of a fault that is not theirs."""


class FerError(Exception):
    """Base of every error the project raises on purpose.

    ``status`` is the HTTP status, ``code`` a stable word for programs (message text is not API), and
    ``retryable`` says whether the same request may succeed later.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_json(self) -> dict[str, object]:
        """The contract's answer to it."""
        return {"error": self.message, "code": self.code, "retryable": self.retryable}


class InvalidInput(FerError):
    """The caller sent something that cannot be used; sending it again will not help."""

    status = 400
    code = "invalid_input"


class TooLarge(InvalidInput):
    """The body or the decoded picture exceeds a limit."""

    status = 413
    code = "too_large"


class UnsupportedType(InvalidInput):
    """The body is of a media type, or the picture of a format, that is not read."""

    status = 415
    code = "unsupported_type"


class Unauthorised(FerError):
    """The token is missing or wrong."""

    status = 401
    code = "unauthorised"


class Forbidden(FerError):
    """The caller may not ask: a foreign host or page, or data that nobody has opened."""

    status = 403
    code = "forbidden"


class NotFound(FerError):
    """There is no such route or object."""

    status = 404
    code = "not_found"


class MethodNotAllowed(FerError):
    """The route exists, but not for this HTTP method."""

    status = 405
    code = "method_not_allowed"


class RequestTimeout(FerError):
    """The request did not arrive in the time there is for it."""

    status = 408
    code = "timeout"
    retryable = True


class HeadersTooLarge(InvalidInput):
    """The request's headers exceed a limit."""

    status = 431
    code = "headers_too_large"


class Conflict(FerError):
    """The request contradicts what is stored, such as one idempotency key with two contents."""

    status = 409
    code = "conflict"


class Unavailable(FerError):
    """A dependency (the object store) failed or timed out; nothing is known to be wrong with the request."""

    status = 503
    code = "unavailable"
    retryable = True


class NotPermitted(Unavailable):
    """The object store refuses this account. To one that may not list, also what is missing is refused."""


class CorruptData(FerError):
    """Something stored, or a model file, is not what its checksum or format says."""

    status = 500
    code = "corrupt_data"
