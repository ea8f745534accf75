"""The WebRTC relay node."""
