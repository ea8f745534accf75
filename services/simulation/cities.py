"""Real cities to put invented incidents around: coordinates, time zones and the language spoken on site."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city's name, centre (degrees), IANA time zone and language (ISO 639-1)."""

    name: str
    lat: float
    lon: float
    time_zone: str
    language: str


CITIES = (
    City("Lisbon", 38.7223, -9.1393, "Europe/Lisbon", "pt"),
    City("Dublin", 53.3498, -6.2603, "Europe/Dublin", "en"),
    City("Helsinki", 60.1699, 24.9384, "Europe/Helsinki", "fi"),
    City("Vienna", 48.2082, 16.3738, "Europe/Vienna", "de"),
    City("Athens", 37.9838, 23.7275, "Europe/Athens", "el"),
    City("Nairobi", -1.2921, 36.8219, "Africa/Nairobi", "sw"),
    City("Johannesburg", -26.2041, 28.0473, "Africa/Johannesburg", "en"),
    City("Pune", 18.5204, 73.8567, "Asia/Kolkata", "mr"),
    City("Chiang Mai", 18.7883, 98.9853, "Asia/Bangkok", "th"),
    City("Taichung", 24.1477, 120.6736, "Asia/Taipei", "zh"),
    City("Brisbane", -27.4698, 153.0251, "Australia/Brisbane", "en"),
    City("Christchurch", -43.5321, 172.6362, "Pacific/Auckland", "en"),
    City("Curitiba", -25.4284, -49.2733, "America/Sao_Paulo", "pt"),
    City("Bogota", 4.7110, -74.0721, "America/Bogota", "es"),
    City("Monterrey", 25.6866, -100.3161, "America/Monterrey", "es"),
    City("Denver", 39.7392, -104.9903, "America/Denver", "en"),
    City("Montreal", 45.5019, -73.5674, "America/Toronto", "fr"),
)

NEIGHBOURS = (
    (
        City("Cologne", 50.9375, 6.9603, "Europe/Berlin", "de"),
        City("Frankfurt", 50.1109, 8.6821, "Europe/Berlin", "de"),
        City("Kassel", 51.3127, 9.4797, "Europe/Berlin", "de"),
        City("Luxembourg", 49.6116, 6.1319, "Europe/Luxembourg", "fr"),
    ),
    (
        City("Nagoya", 35.1815, 136.9066, "Asia/Tokyo", "ja"),
        City("Kyoto", 35.0116, 135.7681, "Asia/Tokyo", "ja"),
        City("Shizuoka", 34.9756, 138.3828, "Asia/Tokyo", "ja"),
        City("Kanazawa", 36.5613, 136.6562, "Asia/Tokyo", "ja"),
    ),
    (
        City("Philadelphia", 39.9526, -75.1652, "America/New_York", "en"),
        City("New York", 40.7128, -74.0060, "America/New_York", "en"),
        City("Baltimore", 39.2904, -76.6122, "America/New_York", "en"),
        City("Scranton", 41.4090, -75.6624, "America/New_York", "en"),
    ),
    (
        City("Lodz", 51.7592, 19.4560, "Europe/Warsaw", "pl"),
        City("Warsaw", 52.2297, 21.0122, "Europe/Warsaw", "pl"),
        City("Czestochowa", 50.8118, 19.1203, "Europe/Warsaw", "pl"),
        City("Poznan", 52.4064, 16.9252, "Europe/Warsaw", "pl"),
    ),
)
"""Four cities each, some 80 to 250 km apart: the first is struck, the others can help."""
