"""Our patches against newer data than they were written for.

When the book that ships is built, a patch that changes nothing, or contradicts what it patches, stops
the build, so that a person looks at it. When a server compiles newer data, nobody is there: such an
entry has been overtaken, and is left out.
"""

from __future__ import annotations

import msgspec

from quotah_server.catalog.book import Model
from quotah_server.catalog.patch import Patch, Patches
from quotah_server.catalog.patching import patched

_ENTRIES = frozenset(
    field.name
    for field in msgspec.structs.fields(Patch)
    if field.default == () and field.name != "fallback"
)
"""The fields of a patch that hold entries."""


def still_needed(patches: Patches, base: dict[str, list[Model]]) -> Patches:
    """The patches without the entries that newer data has overtaken. base: models by provider."""
    kept = tuple(_fitting(patches, patch, base) for patch in patches.patches)
    return msgspec.structs.replace(patches, patches=kept)


def _fitting(patches: Patches, patch: Patch, base: dict[str, list[Model]]) -> Patch:
    """One provider's patch, put together anew of the entries that can be applied."""
    models = base.get(patch.provider, [])
    if _applies(patches, patch, models):
        return patch
    fields = [name for name in patch.__struct_fields__ if name in _ENTRIES]
    fitting = msgspec.structs.replace(patch, **dict.fromkeys(fields, ()))
    for field in fields:
        for entry in getattr(patch, field):
            longer = msgspec.structs.replace(fitting, **{field: (*getattr(fitting, field), entry)})
            if _applies(patches, longer, models):
                fitting = longer
    return fitting


def _applies(patches: Patches, patch: Patch, models: list[Model]) -> bool:
    alone = msgspec.structs.replace(patches, patches=(patch,))
    try:
        patched(alone, {patch.provider: models})
    except (ValueError, LookupError):
        return False
    return True
