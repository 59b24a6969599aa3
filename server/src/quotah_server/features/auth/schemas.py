"""What signing in takes."""

from __future__ import annotations

from quotah_server.http.fields import Body, Email, Password


class Credentials(Body):
    email: Email
    password: Password
