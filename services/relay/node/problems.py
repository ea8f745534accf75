"""What a node refuses over HTTP: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from schemas.answers import Problem

TYPE_BASE = "https://muster.invalid/problems/"
MEDIA_TYPE = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "The request can not be understood",
    401: "Who is asking is not known",
    403: "That is not theirs to do",
    404: "There is no such thing",
    405: "That method is not spoken here",
    409: "The state does not allow it",
    412: "The session has moved on",
    413: "The request is too large",
    415: "That type of content is not taken",
    422: "The request can not be applied",
    428: "Say which state the request is for",
    503: "The node can not take it now",
}
BEARER = {"WWW-Authenticate": 'Bearer realm="muster"'}


class HttpRefused(Exception):
    """An expected refusal on its way to the client."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.headers = dict(headers or {})
        if status == 401:
            self.headers |= BEARER

    def response(self, instance: str) -> Response:
        """The answer."""
        problem = Problem(
            type=TYPE_BASE + self.kind,
            title=TITLES[self.status],
            status=self.status,
            detail=self.detail[:1000],
            instance=instance,
        )
        body = problem.model_dump_json(exclude_none=True)
        return Response(body, self.status, self.headers, media_type=MEDIA_TYPE)
