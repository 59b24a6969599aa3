"""The session cookie and the token that guards against requests forged by other sites.

Where browsers protect cookies (HTTPS, or this machine) it is ``__Host-quotah_session``: Secure, for
this host alone, so that neither the network nor a sibling domain can plant one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from quotah_server.domain.errors import ForbiddenError
from quotah_server.http.frame import Frame, frame_of

PROTECTED = "__Host-quotah_session"
PLAIN = "quotah_session"


def cookie_name(frame: Frame) -> str:
    """The one name under which a session is set and read at this origin."""
    return PROTECTED if frame.protects_cookies else PLAIN


def set_session(request: HTTPConnection, response: Response, token: str, *, max_age_s: int) -> None:
    """Give the browser its session."""
    frame = frame_of(request)
    response.set_cookie(
        cookie_name(frame), token, max_age=max_age_s, path="/",
        httponly=True, samesite="lax", secure=frame.protects_cookies,
    )  # fmt: skip


def clear_session(request: HTTPConnection, response: Response) -> None:
    """Take the session from the browser."""
    frame = frame_of(request)
    response.delete_cookie(
        cookie_name(frame), path="/", httponly=True, samesite="lax", secure=frame.protects_cookies
    )


def session_token(request: HTTPConnection) -> str | None:
    """The session that the browser sent."""
    return request.cookies.get(cookie_name(frame_of(request)))


def csrf_token(session: str) -> str:
    """The token that proves a request was written by a page that could read our answers; it is
    derived from the session and of no use without it."""
    digest = hmac.digest(session.encode(), b"quotah-csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def require_same_origin(request: HTTPConnection, *, strict: bool = True) -> None:
    """Refuse a request that a page of another origin made.

    strict: refuse also where the caller does not say where it comes from; browsers always do.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        allowed = site == "same-origin"
    elif origin is not None:
        allowed = origin.lower() == frame_of(request).origin
    else:
        allowed = not strict
    if not allowed:
        raise ForbiddenError(
            "This request did not come from Quotah's own pages.",
            hint="Scripts sign with an admin key: Authorization: Bearer qk_ad_…",
        )


def require_csrf(request: HTTPConnection, session: str) -> None:
    """Refuse a changing request by cookie that lacks the token from GET /api/v1/me."""
    require_same_origin(request)
    sent = request.headers.get("x-quotah-csrf", "")
    if not hmac.compare_digest(sent.encode(), csrf_token(session).encode()):
        raise ForbiddenError(
            "The header x-quotah-csrf is missing or belongs to another sign-in.",
            hint="Send the csrf_token of GET /api/v1/me.",
        )
