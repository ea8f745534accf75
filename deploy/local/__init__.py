"""Engines for one machine: brokers and Redis servers as async context managers with an `address`.

`async with EmbeddedBroker() as broker, EmbeddedRedis() as redis: await serve(broker.address, redis.address)`
"""

from deploy.local.broker import Broker
from deploy.local.engine import Engine
from deploy.local.errors import EngineError, EngineFailed, EngineNotRunning, EngineUnavailable
from deploy.local.kafka import RealKafka
from deploy.local.redis_server import EmbeddedRedis, RealRedis, RedisServer
from deploy.local.tansu import EmbeddedBroker

__all__ = [
    "Broker",
    "EmbeddedBroker",
    "EmbeddedRedis",
    "Engine",
    "EngineError",
    "EngineFailed",
    "EngineNotRunning",
    "EngineUnavailable",
    "RealKafka",
    "RealRedis",
    "RedisServer",
]
