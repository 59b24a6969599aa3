"""What setting up takes, and what an instance tells of itself before anybody signed in."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from quotah_server.http.fields import Body, Email, Name, NewPassword, Timezone


class InstanceOut(BaseModel):
    """warnings: sentences for the operator about how this instance is reached."""

    version: str
    setup_required: bool
    gateway_url: str
    api_url: str
    warnings: list[str]


class SetupIn(Body):
    """token: from the setup link that Quotah prints at start."""

    token: Annotated[str, Field(max_length=128)]
    email: Email
    password: NewPassword
    name: Name
    workspace_name: Name
    timezone: Timezone = "UTC"
