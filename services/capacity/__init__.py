"""How many workers and relay nodes the load asks for: pure, the same for one machine and for a cluster."""
