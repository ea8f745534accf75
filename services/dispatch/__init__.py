"""PURE. The whole dispatcher: a region is a fold over one ordered log (`step(state, event) -> decisions`)."""
