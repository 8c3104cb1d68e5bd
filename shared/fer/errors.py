"""The few kinds of error the project raises on purpose, each with its HTTP status and stable code.

The text of an error is shown to the caller: it says what to change and never includes a library's own
message. Details go into the cause (``raise … from error``), which only the log records.
"""

from typing import ClassVar, Final

REFUSAL: Final = "fer.refusal"
"""Environment key that holds the error for a request refused while it was being received."""

BODY: Final = "fer.body"
"""Environment key that holds the body of a request that was received as a whole; reading it there makes no copy."""

INTERNAL_FAULT: Final = "Something went wrong on our side."
"""All that a caller is told about a fault that is not theirs."""


class FerError(Exception):
    """Base of every error the project raises on purpose.

    ``status`` is the HTTP status, ``code`` a stable word for programs (message text is not API), and
    ``retryable`` says whether the same request may succeed later, and ``retry_after_s`` when.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    retry_after_s: int = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_json(self) -> dict[str, object]:
        """Return the contract's answer to it."""
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
    """The media type of the body, or the format of the picture, is not supported."""

    status = 415
    code = "unsupported_type"


class Unauthorised(FerError):
    """The token is missing or wrong."""

    status = 401
    code = "unauthorised"


class Forbidden(FerError):
    """The caller may not have this: wrong host or origin, or data that is closed."""

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
    """The request did not arrive in time."""

    status = 408
    code = "timeout"
    retryable = True


class UpgradeRequired(InvalidInput):
    """The route speaks another protocol only."""

    status = 426
    code = "upgrade_required"


class HeadersTooLarge(InvalidInput):
    """The request's headers exceed a limit."""

    status = 431
    code = "headers_too_large"


class Conflict(FerError):
    """The request contradicts what is stored, for example one idempotency key with two contents."""

    status = 409
    code = "conflict"


class Unavailable(FerError):
    """A dependency (the object store) failed or timed out; the request itself may be fine."""

    status = 503
    code = "unavailable"
    retryable = True


class TooManyRequests(FerError):
    """One client asks more often than a client may."""

    status = 429
    code = "too_many_requests"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotPermitted(Unavailable):
    """The object store refuses this account; one that may not list is refused missing objects, too."""


class CorruptData(FerError):
    """A stored object or a model file does not match its checksum or format."""

    status = 500
    code = "corrupt_data"
