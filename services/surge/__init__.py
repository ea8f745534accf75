"""Pure: load, surge detection, lending and what-if."""
