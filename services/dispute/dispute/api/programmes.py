"""Routes of programmes: the rule sets as data, for anybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from dispute.domain.programmes import Programmes
from dispute.domain.versions import RuleSet
from dispute.views.programmes import ProgrammeList, ProgrammeView, programme_row, programme_view
from shared.events.moments import Moment
from shared.http.responses import query_response
from shared.http.routing import Router
from shared.rejections import NotFound

router = Router("programmes")

Version = Annotated[int | None, Query(ge=1)]


@router.get("/v1/programmes", summary="List programmes and law packs", response_model=ProgrammeList)
async def list_programmes(request: Request, at: Moment | None = None, version: Version = None) -> Response:
    """Those in force now, or at an instant; or all of one version."""
    programmes: Programmes = request.app.state.programmes
    found = _all_in_force(programmes, _asked(request, at)) if version is None else programmes.all
    rows = [programme_row(programmes, one) for one in found if version in (None, one.version)]
    return query_response({"data": rows})


@router.get("/v1/programmes/{programme_id}", summary="Show a programme or a law pack", response_model=ProgrammeView)
async def show_programme(
    request: Request, programme_id: str, at: Moment | None = None, version: Version = None
) -> Response:
    """The version in force now, or at an instant; or that version, whether in force or not."""
    programmes: Programmes = request.app.state.programmes
    by_number = (one for one in programmes.versions(programme_id) if one.version == version)
    found = next(by_number, None) if version else programmes.in_force(programme_id, _asked(request, at))
    if found is None:
        raise NotFound("There is no such programme, or none of its versions is in force then.")
    return query_response(programme_view(programmes, found))


def _asked(request: Request, at: datetime | None) -> datetime:
    now: datetime = request.app.clock.now()
    return at or now


def _all_in_force(programmes: Programmes, at: datetime) -> Iterable[RuleSet]:
    names = dict.fromkeys(one.id for one in programmes.all)
    return filter(None, (programmes.in_force(name, at) for name in names))
