"""Signing in: a token becomes an HttpOnly cookie; who one is; signing out."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from schemas.answers import Me
from schemas.api import Login
from services.gateway.access import COOKIE, Caller, GuardedRoute, Parts
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError
from services.gateway.tokens import BadToken, Identity

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["session"])


@router.post("/login", response_model=Me)
async def login(body: Login, request: Request, gateway: Parts) -> Response:
    """Change a token for a cookie that scripts can not read (HttpOnly, SameSite=Strict)."""
    try:
        caller = gateway.tokens.read(body.token)
    except BadToken as error:
        challenge = {"WWW-Authenticate": 'Bearer realm="muster"'}
        raise ProblemError("unauthenticated", f"Sign in again: {error}.", challenge) from error
    answer = JSONResponse(_me(caller, gateway).model_dump(mode="json"))
    answer.set_cookie(
        COOKIE,
        body.token,
        max_age=max(0, int((caller.expires_at - datetime.now(UTC)).total_seconds())),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/logout", status_code=204)
async def logout(request: Request) -> Response:
    """Forget the cookie."""
    answer = Response(status_code=204)
    secure = request.url.scheme == "https"
    answer.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")
    return answer


@router.get("/me", response_model=Me)
async def me(caller: Caller, gateway: Parts) -> Response:
    """Who one is, and what time it is here."""
    return JSONResponse(_me(caller, gateway).model_dump(mode="json"))


def _me(caller: Identity, gateway: Gateway) -> Me:
    return Me(
        subject=caller.subject,
        role=caller.role,
        regions=list(caller.regions),
        customer=caller.customer,
        expires_at=caller.expires_at,
        clock=gateway.clock.mode,
        now=gateway.clock.now,
    )
