"""Pure: remote-assist session and annotation state machines."""
