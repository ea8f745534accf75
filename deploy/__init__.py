"""What starts Muster on a machine: engines, set-up, deployment files."""
