"""Virtual time: scenarios, the device model, faults, invariant checkers, replay."""
