"""A relay node: sessions that live here, their clients, signalling, WHIP and WHEP, its lease."""
