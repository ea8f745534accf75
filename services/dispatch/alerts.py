"""The warnings that stand for a region: raised, updated, cancelled, expired. They move nobody."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.alerts import Alert, AlertCancelled, AlertEvent, AlertRaised, AlertUpdated, Hazard
from services.dispatch.moments import to_ms
from services.dispatch.state import ALERTS_ENDED_KEPT, ALERTS_KEPT, RegionState
from services.dispatch.turn import Turn


def alert_told(turn: Turn, event: AlertEvent) -> None:
    """A message of the Common Alerting Protocol has come.

    Messages may come twice and in any order: what was once ended, or replaced, does not come back.
    """
    match event:
        case AlertRaised():
            _raise(turn, event.alert, ())
        case AlertUpdated():
            _raise(turn, event.alert, event.references)
        case AlertCancelled():
            _cancel(turn, event)


def _raise(turn: Turn, alert: Alert, references: Iterable[str]) -> None:
    if (alert.status == "Exercise") != turn.region.exercise:
        turn.refuse("exercise", "an exercise's warning stands in exercises alone, and an actual one in none")
        return
    replaced = [turn.region.alerts[name] for name in references if name in turn.region.alerts]
    for name in references:
        _end(turn.region, name)
    if (refusal := _why_not(turn, alert)) is not None:
        for old in replaced:
            turn.decide("alert_cancelled", alert=old, reason="replaced")
        turn.refuse(*refusal)
        return
    turn.region.alerts[alert.alert] = alert
    watch_alert(turn.region, alert)
    if replaced:
        turn.decide("alert_updated", alert=alert, replaces=[old.alert for old in replaced])
    else:
        turn.decide("alert_raised", alert=alert)


def _why_not(turn: Turn, alert: Alert) -> tuple[str, str] | None:
    """The word and the sentence of a refusal; None where the warning can stand."""
    region = turn.region
    if alert.alert in region.alerts:
        return "already_known", f"the region has the alert {alert.alert}"
    if alert.alert in region.alerts_ended:
        return "alert_ended", f"the alert {alert.alert} was replaced, cancelled or has expired"
    if to_ms(alert.expires) <= turn.now:
        return "alert_ended", f"the alert {alert.alert} has expired"
    if len(region.alerts) >= ALERTS_KEPT:
        return "too_many_alerts", f"{ALERTS_KEPT} alerts stand for this region: cancel one first"
    return None


def _cancel(turn: Turn, event: AlertCancelled) -> None:
    standing = [turn.region.alerts[name] for name in event.references if name in turn.region.alerts]
    for name in event.references:
        _end(turn.region, name)
    for alert in standing:
        turn.decide("alert_cancelled", alert=alert, reason=event.reason)
    if not standing:
        names = ", ".join(event.references)
        turn.refuse("unknown_alert", f"none of these stands here: {names}")


def expire(turn: Turn, name: str) -> None:
    """The time until which a warning holds has come."""
    alert = turn.region.alerts.get(name)
    if alert is not None and to_ms(alert.expires) <= turn.now:
        _end(turn.region, name)
        turn.decide("alert_expired", alert=alert)


def hazard_of(alert: Alert) -> Hazard:
    """Of a warning what counts elsewhere: how bad, how sure, between when."""
    return Hazard(**{name: getattr(alert, name) for name in Hazard.model_fields})


def watch_alert(region: RegionState, alert: Alert) -> None:
    """Be reminded when the warning expires."""
    region.set_timer(to_ms(alert.expires), "alert_expires", alert.alert)


def _end(region: RegionState, name: str) -> None:
    region.alerts.pop(name, None)
    if name not in region.alerts_ended:
        region.alerts_ended.append(name)
        del region.alerts_ended[:-ALERTS_ENDED_KEPT]
