"""Muster's services: the pure deciders (dispatch, surge, assist), the simulator, the processes around."""
