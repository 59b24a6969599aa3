"""Tell how far a workspace is on its way to the first call. The steps are looked up, not ticked off."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.scope import Scope
from quotah_server.features.audit import service as audit
from quotah_server.features.keys import repository as keys
from quotah_server.features.onboarding.schemas import OnboardingOut, Steps
from quotah_server.features.providers import repository as providers
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor
from quotah_server.kit.clock import utc_now


async def state(session: AsyncSession, scope: Scope) -> OnboardingOut:
    """The steps of a workspace. A sample workspace needs none of them and counts as skipped."""
    workspace = await workspaces.get(session, scope)
    steps = Steps(
        provider=await providers.any_credential(session, scope),
        gateway_key=await keys.has_kind(session, scope, "gateway"),
        first_call=workspace.first_call_at is not None,
    )
    return OnboardingOut(
        done=steps.provider and steps.gateway_key and steps.first_call,
        steps=steps,
        skipped=workspace.is_sample or workspace.onboarding_skipped_at is not None,
    )


async def skip(session: AsyncSession, actor: Actor, scope: Scope) -> None:
    """Do not lead the members of this workspace any further."""
    workspace = await workspaces.get(session, scope, lock=True)
    if workspace.onboarding_skipped_at is None:
        workspace.onboarding_skipped_at = utc_now()
        audit.record(
            session, actor, "onboarding.skipped", ("workspace", workspace.id),
            workspace_id=workspace.id,
        )  # fmt: skip
