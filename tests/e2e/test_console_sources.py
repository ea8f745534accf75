"""The console's sources: its types are the wire's, its catalogues are whole, its unit tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from schemas.alerts import Alert, Hazard, Severity
from schemas.answers import PostingReceipts, Receipts
from schemas.assist_api import Joined, SessionOpened
from schemas.assist_log import (
    AnnotationKind,
    AnnotationMade,
    Level,
    LogEntry,
    Outcome,
    PartyRole,
    SessionChanged,
    SessionKind,
)
from schemas.assist_marks import Anchor, Color, Mark, Tool
from schemas.assist_node import GuideView, IceServer, PartyView, Pointed, SessionView, Welcome
from schemas.base import Place, Tier
from schemas.decisions import Decision, DecisionKind, EngineerState, IncidentState
from schemas.disasters import Disaster, Permit
from schemas.engineers import PhoneStatus, ShiftChange
from schemas.lending import Demand, LendingMode, RegionLoad
from schemas.lending_views import LendingView, LoanRefusal, LoanStage, LoanView, RegionAtDesk
from schemas.plans import MovePlan, PlannedMove
from schemas.postings import PostingChange, PostingFlip, PostingMove, PostingReceipt
from schemas.proposals import Consent, MoveReason, Proposal, ProposalState
from schemas.receipts import (
    Basis,
    Candidate,
    DecisionReceipt,
    Flip,
    FlipChange,
    LeftOut,
    ReceiptKind,
    Waiting,
    WhyWaiting,
)
from schemas.regions import Polygon, Terms
from schemas.statistics import RegionKpi
from schemas.views import EngineerView, IncidentView, RegionView, TimelineEntry
from schemas.whatif import (
    ForkReport,
    MoveJourney,
    Position,
    Refusal,
    RegionFork,
    RegionFuture,
    Role,
    Spread,
)
from tests.conftest import missing

CONSOLE = Path(__file__).resolve().parents[2] / "services" / "console"
WIRE = "\n".join(
    (CONSOLE / "src" / name).read_text(encoding="utf-8")
    for name in ("wire.ts", "assist/wire.ts", "lead/wire.ts")
)
MODELS: tuple[type[BaseModel], ...] = (
    Place, Polygon, Terms, Alert, Disaster, RegionView, TimelineEntry, IncidentView, EngineerView,
    Decision, RegionKpi,
    Candidate, Flip, Waiting, DecisionReceipt, Receipts,
    PostingMove, PostingFlip, PostingReceipt, PostingReceipts,
    Anchor, Mark, LogEntry, SessionChanged, AnnotationMade, IceServer, PartyView, GuideView, SessionView,
    SessionOpened, Joined, Welcome, Pointed,
    Hazard, Demand, PlannedMove, MovePlan, Spread, RegionFuture, RegionFork, Refusal, MoveJourney, Position,
    ForkReport, RegionLoad, MoveReason, Consent, Proposal, RegionAtDesk, LoanView, LoanRefusal, LendingView,
)  # fmt: skip
WORDS = {
    "Tier": Tier,
    "IncidentState": IncidentState,
    "EngineerState": EngineerState,
    "DecisionKind": DecisionKind,
    "PhoneStatus": PhoneStatus,
    "ShiftChange": ShiftChange,
    "ReceiptKind": ReceiptKind,
    "Basis": Basis,
    "LeftOut": LeftOut,
    "WhyWaiting": WhyWaiting,
    "FlipChange": FlipChange,
    "PostingChange": PostingChange,
    "PartyRole": PartyRole,
    "Outcome": Outcome,
    "Level": Level,
    "Tool": Tool,
    "Color": Color,
    "SessionKind": SessionKind,
    "AnnotationKind": AnnotationKind,
    "Severity": Severity,
    "Permit": Permit,
    "Role": Role,
    "LendingMode": LendingMode,
    "LoanStage": LoanStage,
    "ProposalState": ProposalState,
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_interface_of_the_console_has_the_fields_of_its_model(model: type[BaseModel]) -> None:
    """A field added, renamed or dropped on the wire fails here before a page shows nothing in its place."""
    found = re.findall(
        rf"export interface {model.__name__}( extends LogEntry)? {{\n(.*?)\n}}", WIRE, re.DOTALL
    )
    assert found, f"wire.ts lacks {model.__name__}"
    fields = set(model.model_fields)
    wanted = [sorted(fields - set(LogEntry.model_fields if extends else ())) for extends, _ in found]
    told = [sorted(re.findall(r"^  (\w+)\??:", body, re.MULTILINE)) for _, body in found]
    assert any(mine == model_s for mine, model_s in zip(told, wanted, strict=True)), told


@pytest.mark.parametrize("name", WORDS)
def test_the_console_knows_every_word_of_a_closed_vocabulary(name: str) -> None:
    """A new state or kind of decision must be given a text and a sign, so the type must know it."""
    found = re.search(rf"export type {name} =(.*?);", WIRE, re.DOTALL)
    assert found, f"wire.ts lacks {name}"
    assert sorted(re.findall(r'"(\w+)"', found[1])) == sorted(get_args(WORDS[name]))


def test_the_lock_names_no_address_and_hashes_everything() -> None:
    """Whoever installs uses their own registry, and gets the very bytes that were locked."""
    lock = (CONSOLE / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('    "node_modules/')


def test_the_consoles_own_tests_pass() -> None:
    """Types (a missing text is an error), offline queue, folding of decisions, stream parser, map."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    npm = shutil.which("npm", path=path)
    if npm is None or not (CONSOLE / "node_modules").is_dir():
        missing("the console's packages are not installed; `make setup` does it.")
    for script in ("check", "test"):
        done = subprocess.run(
            [str(npm), "run", script], cwd=CONSOLE, env={**os.environ, "PATH": path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:]
