"""How far a workspace is, as the API shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from quotah_server.http.fields import Body


class Steps(BaseModel):
    provider: bool
    gateway_key: bool
    first_call: bool


class OnboardingOut(BaseModel):
    """done: all steps are. skipped: somebody chose not to be led."""

    done: bool
    steps: Steps
    skipped: bool


class OnboardingPatch(Body):
    skipped: Literal[True]
