"""What the rules ask and grant, drawn for generated regions: most draws leave a rule out, some collide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from schemas.regions import Certificate, RegionRules

LANGUAGES = ("pt", "en")
CERTIFICATES = ("tower", "voltage")
PARTS = ("fan", "card")
CUSTOMERS = ("C1", "C2")
SHORT_RULES = RegionRules(daily_rest_min=22 * 60, break_after_min=45, break_min=10, week_max_min=150)
"""A duty of two hours, a break after 45 minutes, two and a half hours a week: a story sees all of it."""


def engineer_rules(a: int, b: int, c: int, now: datetime) -> dict[str, Any]:
    """The optional columns of an engineer."""
    fields: dict[str, Any] = {}
    if a % 3:
        fields["languages"] = [LANGUAGES[a % 2]]
    if b % 2:
        expires = now + timedelta(minutes=b % 300)
        fields["certificates"] = [Certificate(name=CERTIFICATES[b % 3 % 2], expires_at=expires)]
    if c % 3:
        fields["parts"] = [PARTS[c % 2]] * (1 + c % 3)
    if a % 5 == 0:
        fields["excluded_customers"] = [CUSTOMERS[b % 2]]
    if c % 4 == 0:
        fields["worked_min_before"] = float(c % 40)
    if b % 11 == 0:
        fields["pinned_incident"] = f"I{c % 12}"
    return fields


def report_rules(a: int, b: int, c: int, now: datetime) -> dict[str, Any]:
    """The optional columns of an incident; every third has none."""
    if a % 3 == 0:
        return {}
    fields: dict[str, Any] = {}
    if b % 4 == 0:
        fields["language"] = LANGUAGES[b // 4 % 2]
    if b % 5 == 0:
        fields["certificate"] = CERTIFICATES[b // 5 % 2]
    if c % 4 == 0:
        fields["parts"] = [PARTS[c // 4 % 2]] * (1 + c % 2)
    if c % 3 == 0:
        fields["customer_id"] = CUSTOMERS[c // 3 % 2]
    if b % 3 == 0:
        fields["crew"] = 2 + c % 2
    if a % 4 == 0:
        opens = now + timedelta(minutes=b % 60 - 20)
        fields["window_from"] = opens
        fields["window_to"] = opens + timedelta(minutes=c % 90 - 5)
    return fields
