"""Getting a session's evidence: from the relay nodes over HTTP, or from a folder of recordings at hand."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from schemas.assist_api import EvidenceHere, ExportPass

WITHIN_S = 30.0
FILE_BYTES = 256 * 1024 * 1024
CHAIN_BYTES = 64 * 1024 * 1024


class NotFetched(Exception):
    """Something could not be had; the message says what, and what to do.

    NotFetched
    └─ Missing     no node has this file: its disk is gone, or its node is not running
    """


class Missing(NotFetched):
    """No node has this file."""


class Shelf(Protocol):
    """Where evidence is had from; each file is written to `into`. Raises NotFetched."""

    def chain(self, into: Path) -> None:
        """The sealed chain."""

    def segment(self, name: str, into: Path) -> None:
        """One file of the recording."""

    def still(self, still_id: str, into: Path) -> None:
        """One still."""


class Folder:
    """A session in a folder of recordings, as a relay node keeps it."""

    def __init__(self, recordings: Path, session_id: str) -> None:
        self._folder = recordings / quote(session_id, safe="")

    def chain(self, into: Path) -> None:
        """As it was when the recording stopped."""
        self._copy("chain.jsonl", into)

    def segment(self, name: str, into: Path) -> None:
        """One file of the recording."""
        self._copy(f"segments/{name}", into)

    def still(self, still_id: str, into: Path) -> None:
        """One still."""
        self._copy(f"stills/{still_id}", into)

    def _copy(self, name: str, into: Path) -> None:
        try:
            shutil.copyfile(self._folder / name, into)
        except FileNotFoundError as error:
            raise Missing(f"{self._folder / name} is not there") from error
        except OSError as error:
            raise NotFetched(str(error)) from error


class Nodes:
    """The relay nodes; each is asked for what the ones before do not have."""

    def __init__(self, passed: ExportPass, client: httpx.Client) -> None:
        self._session_id, self._nodes, self._client = passed.session_id, passed.nodes, client
        self._headers = {"Authorization": f"Bearer {passed.token}"}
        self._where: dict[str, str] = {}
        for node in self._nodes:
            found = self._listed(node)
            if found is not None:
                self._where |= {f"segments/{name}": node for name in found.segments}
                self._where |= {f"stills/{name}": node for name in found.stills}

    def _listed(self, node: str) -> EvidenceHere | None:
        try:
            answer = self._client.get(self._url(node, ""), headers=self._headers)
            answer.raise_for_status()
            return EvidenceHere.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError):
            return None  # a node that does not answer has nothing for us; what is missing is named then

    def _url(self, node: str, name: str) -> str:
        return f"{node}/v1/sessions/{quote(self._session_id, safe='')}/evidence{name}"

    def chain(self, into: Path) -> None:
        """As it is now, from whichever node has it."""
        self._from(self._nodes, "/chain.jsonl", into, CHAIN_BYTES)

    def segment(self, name: str, into: Path) -> None:
        """One file of the recording."""
        self._from(
            [node for node in [self._where.get(f"segments/{name}")] if node], f"/segments/{name}", into
        )

    def still(self, still_id: str, into: Path) -> None:
        """One still, from a disk or from Redis."""
        node = self._where.get(f"stills/{still_id}")
        self._from([node] if node else self._nodes, f"/stills/{still_id}", into)

    def _from(self, nodes: Sequence[str], name: str, into: Path, most: int = FILE_BYTES) -> None:
        told = "no relay node that answers has it"
        for node in nodes:
            try:
                with self._client.stream("GET", self._url(node, name), headers=self._headers) as answer:
                    if answer.status_code == 200:
                        _write(answer, into, most)
                        return
                    told = f"{node} answers {answer.status_code}"
            except httpx.HTTPError as error:
                told = f"{node}: {error!r}"
        raise Missing(f"{name.lstrip('/')}: {told}")


def _write(answer: httpx.Response, into: Path, most: int) -> None:
    size = 0
    with into.open("wb") as out:
        for part in answer.iter_bytes():
            size += len(part)
            if size > most:
                raise NotFetched(f"{into.name}: more than {most} bytes")
            out.write(part)


class Gateway:
    """Asks the gateway for the pass, with the caller's own token; closes its connections at the end."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._client = self._open.enter_context(
            httpx.Client(timeout=WITHIN_S, verify=_verify(self._url), trust_env=False)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def shelf(self, session_id: str) -> Nodes:
        """The nodes of a session. Raises NotFetched where the gateway refuses."""
        path = f"{self._url}/v1/sessions/{quote(session_id, safe='')}/export"
        try:
            answer = self._client.post(path, headers={"Authorization": f"Bearer {self._token}"})
            if answer.status_code != 200:
                raise NotFetched(f"the gateway answers {answer.status_code}: {_detail(answer)}")
            return Nodes(ExportPass.model_validate_json(answer.content), self._client)
        except (httpx.HTTPError, ValidationError) as error:
            raise NotFetched(f"the gateway at {self._url} does not answer: {error!r}") from error


def _verify(url: str) -> bool:
    """An installation on this machine may have made its certificate itself."""
    return not url.startswith(("https://127.0.0.1", "https://localhost"))


def _detail(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
        return str(told["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
