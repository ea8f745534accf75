"""The wire: every event, command and API model, the topic registry and the CloudEvents codec. Pure."""
