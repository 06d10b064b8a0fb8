"""The rules of a call, as objects that wait for nothing.

Clients and servers, blocking and of asyncio, over sockets, HTTP or in memory, drive these and only
move bytes.
"""
