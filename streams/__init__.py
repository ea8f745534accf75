"""The shell around the pure core: log reader, triage, location feed, dispatch, read models, windows."""
