"""GET and PATCH /onboarding."""

from __future__ import annotations

from fastapi import APIRouter

from quotah_server.features.onboarding import service
from quotah_server.features.onboarding.schemas import OnboardingOut, OnboardingPatch
from quotah_server.http.deps import Acting, Db, MemberScoped, Scoped
from quotah_server.http.problem import problems

router = APIRouter(prefix="/onboarding", tags=["onboarding"])


@router.get("", operation_id="onboarding_get", responses=problems(401, 403, 404))
async def get_onboarding(access: Scoped, session: Db) -> OnboardingOut:
    """Tell which steps to the first call are done."""
    return await service.state(session, access.scope)


@router.patch("", operation_id="onboarding_update", responses=problems(401, 403, 404))
async def update_onboarding(
    _body: OnboardingPatch, access: MemberScoped, actor: Acting, session: Db
) -> OnboardingOut:
    """Skip the rest of the steps."""
    await service.skip(session, actor, access.scope)
    return await service.state(session, access.scope)
