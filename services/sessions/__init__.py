"""Remote-assist sessions in Redis, for gateways and nodes: logs, leases, placement, codes, tokens."""
