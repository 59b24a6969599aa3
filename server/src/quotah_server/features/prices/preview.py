"""What a call would cost, before there is one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.catalog.terms import Override
from quotah_server.domain.usage import Usage
from quotah_server.features.prices.schemas import PreviewIn, PreviewOut
from quotah_server.pipeline.price_lines import result_of


def previewed(
    book: Book, asked: PreviewIn, draft: Override | None, project_id: str, at: datetime
) -> PreviewOut:
    """Price a call by a workspace's book, as if a draft were one of its overrides."""
    if draft is not None:
        others = tuple(o for o in book.terms.overrides if o.override_id != draft.override_id)
        overrides = (*others, draft)
        book = book.base.under(msgspec.structs.replace(book.terms, overrides=overrides))
    usage = Usage(dict(asked.usage))
    cost = price(
        book,
        provider=asked.provider,
        model=asked.model,
        usage=usage,
        at=at,
        service_tier=asked.service_tier,
        region=asked.region,
        extras=asked.extras,
        project_id=project_id,
        deployment=asked.deployment,
    )
    told = {"provider": asked.provider, "model": asked.model}
    return PreviewOut.model_validate({**told, **result_of(cost, usage, book)})
