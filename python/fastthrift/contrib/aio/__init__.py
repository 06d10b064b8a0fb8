"""Thrift with asyncio: clients, servers, protocols and transports."""
