"""Scenario files: what is read, and every mistake named by file and line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.simulation.scenario_errors import ScenarioError
from services.simulation.scenarios import read_scenario

INCIDENTS = """incident_id,reported_at,lat,lon,region,tier,product,level,service_min,expected_service_min
INC-1,2026-03-02T00:10:00Z,47.5,-54.6,R1,platinum,radio,3,17.81,68.0
INC-0,2026-03-02T00:05:00+00:00,47.4,-54.7,R1,silver,core,1,80.5,
"""
ENGINEERS = """engineer_id,region,lat,lon,skills,available_from
E-1,R1,47.4,-54.7,radio:4|core:2,2026-03-02T00:00:00Z
"""
TERMS = {
    "name": "two",
    "speed_kmh": 35,
    "circuity": 1.3,
    "response_sla_min": {"platinum": 60, "gold": 120, "silver": 240},
    "weight": {"platinum": 8, "gold": 3, "silver": 1},
    "breach_penalty_min": 60,
}


def written(
    folder: Path, incidents: str = INCIDENTS, engineers: str = ENGINEERS, terms: object = TERMS
) -> Path:
    """A scenario directory with these files."""
    (folder / "incidents.csv").write_text(incidents)
    (folder / "engineers.csv").write_text(engineers)
    (folder / "scenario.json").write_text(terms if isinstance(terms, str) else json.dumps(terms, indent=1))
    return folder


def mistakes_of(folder: Path) -> list[str]:
    """What reading the scenario complains about, one line a mistake."""
    with pytest.raises(ScenarioError) as caught:
        read_scenario(folder)
    return str(caught.value).splitlines()


def test_a_scenario_is_read_as_events_in_order_of_time(tmp_path: Path) -> None:
    """Reports come in order of time, engineers with skills, terms by tier; the true work is kept apart."""
    found = read_scenario(written(tmp_path))
    assert [report.incident_id for report in found.reports] == ["INC-0", "INC-1"]
    assert found.reports[1].expected_service_min == 68.0
    assert found.reports[0].expected_service_min is None
    assert found.engineers[0].skills == {"radio": 4, "core": 2}
    assert found.terms.promise_min == {"platinum": 60, "gold": 120, "silver": 240}
    assert [region.region for region in found.regions] == ["R1"]
    assert dict(found.service_min) == {"INC-1": 17.81, "INC-0": 80.5}
    assert "17.81" not in found.reports[1].model_dump_json()


def test_the_optional_columns_are_read(tmp_path: Path) -> None:
    """Every optional column of the contract arrives in its field, `|` between several values."""
    incidents = INCIDENTS.splitlines()[0] + (
        ",crew,language,certificate,window_from,window_to,parts,customer_id\n"
        "INC-1,2026-03-02T00:10:00Z,47.5,-54.6,R1,platinum,radio,3,17.81,68.0,"
        "2,pt,tower,2026-03-02T01:00:00Z,2026-03-02T03:00:00Z,fan|psu,CUST-9\n"
    )
    engineers = ENGINEERS.splitlines()[0] + (
        ",languages,certificates,shift_end,worked_min_before,parts,excluded_customers,pinned_incident\n"
        "E-1,R1,47.4,-54.7,radio:4,2026-03-02T00:00:00Z,pt|en,tower:2027-01-31T00:00:00Z|hv:2026-05-01T12:00:00Z,"
        "2026-03-02T09:00:00Z,90,fan,CUST-1|CUST-2,INC-1\n"
    )
    found = read_scenario(written(tmp_path, incidents, engineers))
    report, engineer = found.reports[0], found.engineers[0]
    assert (report.crew, report.language, report.certificate) == (2, "pt", "tower")
    assert (report.parts, report.customer_id) == (["fan", "psu"], "CUST-9")
    assert report.window_from == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert report.window_to == datetime(2026, 3, 2, 3, tzinfo=UTC)
    assert (engineer.languages, engineer.parts) == (["pt", "en"], ["fan"])
    assert [certificate.name for certificate in engineer.certificates] == ["tower", "hv"]
    assert engineer.certificates[1].expires_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert engineer.shift_end == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (engineer.worked_min_before, engineer.pinned_incident) == (90, "INC-1")
    assert engineer.excluded_customers == ["CUST-1", "CUST-2"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("47.5", "nan", "lat: "),
        ("47.5", "91", "lat: "),
        ("47.5", "north", "lat: "),
        ("-54.6", "", "lon: "),
        ("platinum", "bronze", "tier: Input should be 'platinum', 'gold' or 'silver', not 'bronze'"),
        ("radio,3", "radio,6", "level: "),
        ("radio,3", "radio,0", "level: "),
        ("radio,3", "radio,high", "level: "),
        ("2026-03-02T00:10:00Z", "yesterday", "reported_at: 'yesterday' is no time"),
        ("2026-03-02T00:10:00Z", "2026-03-02T00:10:00", "reported_at: '2026-03-02T00:10:00' needs an offset"),
        ("2026-03-02T00:10:00Z", "1772410200", "reported_at: "),
        ("17.81", "nan", "service_min: nan"),
        ("17.81", "-3", "service_min: -3"),
        ("17.81", "long", "service_min: 'long' is no number"),
        ("68.0", "inf", "expected_service_min: "),
        ("INC-1", "", "incident_id: "),
        ("INC-1", "Zoë Smith, 5 High Street", "has 11 fields, the header names 10"),
        ("INC-1", "INC 1", "incident_id: "),
        (",68.0", "", "has 9 fields, the header names 10"),
    ],
)
def test_a_broken_cell_of_an_incident_is_named_by_file_line_and_column(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """The first thing a person reads is where to look, then what is wrong there."""
    (mistake,) = mistakes_of(written(tmp_path, INCIDENTS.replace(old, new, 1)))
    assert mistake.startswith(f"incidents.csv line 2: {said}")


@pytest.mark.parametrize(
    ("skills", "said"),
    [
        ("radio", "skills: 'radio' is not product:level"),
        ("radio:", "skills: 'radio:' is not product:level"),
        (":3", "skills: ':3' is not product:level"),
        ("radio:x", "skills: 'radio:x' is not product:level"),
        ("radio:9", "skills: level 9 of 'radio' is not 1 to 5"),
        ("radio:0", "skills: level 0 of 'radio' is not 1 to 5"),
        ("radio:3|radio:4", "skills: product 'radio' stands there twice"),
        ("radio:3||core:1", "skills: '' is not product:level"),
    ],
)
def test_a_broken_skill_is_named(tmp_path: Path, skills: str, said: str) -> None:
    """Skills are product:level, `|` between them, levels 1 to 5, each product once."""
    (mistake,) = mistakes_of(written(tmp_path, engineers=ENGINEERS.replace("radio:4|core:2", skills)))
    assert mistake.startswith(f"engineers.csv line 2: {said}")


def test_an_engineer_without_skills_is_read_and_has_none(tmp_path: Path) -> None:
    """Missing skill means no skill, never all of them."""
    found = read_scenario(written(tmp_path, engineers=ENGINEERS.replace("radio:4|core:2", "")))
    assert found.engineers[0].skills == {}


def test_a_doubled_id_names_both_lines(tmp_path: Path) -> None:
    """An id stands once; the second line is the mistake, the first is named."""
    (mistake,) = mistakes_of(written(tmp_path, INCIDENTS.replace("INC-0", "INC-1")))
    assert mistake == "incidents.csv line 3: incident_id 'INC-1' stands on line 2 already"


def test_a_missing_and_a_misspelt_column_are_named(tmp_path: Path) -> None:
    """A header is whole; a column that looks like a known one misspelt is a mistake, any other is let be."""
    header = INCIDENTS.replace("tier,", "", 1).replace(
        "expected_service_min", "expected_service_min,windw_to"
    )
    assert mistakes_of(written(tmp_path, header)) == [
        "incidents.csv line 1: column tier is missing",
        "incidents.csv line 1: unknown column 'windw_to': is 'window_to' meant?",
    ]
    extra = "\n".join(
        line + (",colour" if n == 0 else ",red") for n, line in enumerate(INCIDENTS.splitlines())
    )
    assert len(read_scenario(written(tmp_path, extra)).reports) == 2


def test_all_mistakes_of_all_files_are_listed_up_to_twenty(tmp_path: Path) -> None:
    """One reading finds everything; beyond twenty the rest is counted."""
    lines = [f"INC-{n},2026-03-02T00:10:00Z,47.5,-54.6,R1,tin,radio,3,17.81,68.0" for n in range(30)]
    incidents = "\n".join([INCIDENTS.splitlines()[0], *lines])
    found = mistakes_of(written(tmp_path, incidents, ENGINEERS.replace("47.4", "nan")))
    assert len(found) == 21
    assert found[0].startswith("engineers.csv line 2: lat: ")
    assert found[1].startswith("incidents.csv line 2: tier: ")
    assert found[-1] == "and 11 more"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"speed_kmh": 0}, "speed_kmh: "),
        ({"circuity": float("nan")}, "circuity: "),
        ({"weight": {"platinum": 8, "gold": 3}}, "weight lacks silver"),
        ({"weight": {"platinum": 8, "gold": 3, "silver": 1, "tin": 1}}, "weight.tin"),
        ({"response_sla_min": {"platinum": -1, "gold": 3, "silver": 1}}, "response_sla_min.platinum: "),
        ({"weight": 3}, "weight is no table by tier"),
        ({"speed_kph": 3}, "unknown term 'speed_kph': is 'speed_kmh' meant?"),
        ({"regions": {"R1": {"time_zone": "Mars/Olympus"}}}, "region R1: time_zone: "),
    ],
)
def test_a_broken_term_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    """scenario.json: each term is checked, unknown tiers and misspelt terms are named."""
    (mistake,) = mistakes_of(written(tmp_path, terms={**TERMS, **change}))
    assert mistake.startswith("scenario.json line ")
    assert said in mistake


def test_a_missing_term_is_named(tmp_path: Path) -> None:
    """No term has a silent default."""
    terms = {name: value for name, value in TERMS.items() if name != "circuity"}
    assert mistakes_of(written(tmp_path, terms=terms)) == ["scenario.json line 1: term circuity is missing"]


def test_a_file_that_is_no_json_names_the_line(tmp_path: Path) -> None:
    """The line where the reader gave up."""
    (mistake,) = mistakes_of(written(tmp_path, terms='{\n "speed_kmh": 35,\n "circuity": }'))
    assert mistake.startswith("scenario.json line 3: is no JSON: ")


def test_missing_files_and_strange_bytes_are_mistakes_not_crashes(tmp_path: Path) -> None:
    """A file that is not there, is empty or is no text is named."""
    written(tmp_path)
    (tmp_path / "scenario.json").unlink()
    (tmp_path / "engineers.csv").write_text("")
    (tmp_path / "incidents.csv").write_bytes(b"incident_id,\xff\xfe")
    assert mistakes_of(tmp_path) == [
        "scenario.json: is missing",
        "engineers.csv line 1: the file is empty: it needs a header",
        "incidents.csv: is not UTF-8 (byte 12)",
    ]
    (tmp_path / "nothing").mkdir()
    assert len(mistakes_of(tmp_path / "nothing")) == 3
    assert mistakes_of(tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: is no scenario directory"]


def test_a_quote_that_never_closes_is_named(tmp_path: Path) -> None:
    """Broken CSV is a mistake with its line."""
    (mistake,) = mistakes_of(written(tmp_path, INCIDENTS.replace("INC-0", '"INC-0')))
    assert mistake.startswith("incidents.csv line 3: is no line of CSV")


def test_windows_and_shifts_end_after_they_begin(tmp_path: Path) -> None:
    """A window or a shift that ends before it begins is a mistake."""
    incidents = INCIDENTS.splitlines()[0] + (
        ",window_from,window_to\n"
        "INC-1,2026-03-02T00:10:00Z,47.5,-54.6,R1,gold,radio,3,17.81,68.0,2026-03-02T03:00:00Z,2026-03-02T01:00:00Z\n"
    )
    engineers = ENGINEERS.replace("available_from", "available_from,shift_end").replace(
        "00:00:00Z", "00:00:00Z,2026-03-01T20:00:00Z"
    )
    assert mistakes_of(written(tmp_path, incidents, engineers)) == [
        "engineers.csv line 2: shift_end does not lie after available_from",
        "incidents.csv line 2: window_to lies before window_from",
    ]


def test_regions_bring_their_time_zone_and_border(tmp_path: Path) -> None:
    """scenario.json may describe regions; the engineers' regions are known in any case."""
    ring = [[-55, 47], [-54, 47], [-54, 48], [-55, 48], [-55, 47]]
    described = {
        "R2": {"time_zone": "America/St_Johns", "polygon": {"type": "Polygon", "coordinates": [ring]}}
    }
    found = read_scenario(written(tmp_path, terms={**TERMS, "regions": described}))
    first, second = found.regions
    assert (first.region, first.time_zone, first.polygon) == ("R1", "UTC", None)
    assert (second.region, second.time_zone) == ("R2", "America/St_Johns")
    assert second.polygon is not None
    assert second.terms == found.terms
