"""Ingest: durable webhooks a second against a bare view that inserts one row, and the latency at 200/s."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from accounts.operations.hooks import hook_key
from bench.processes import clear
from bench.setup import Place
from bench.web import running_web

CONNECTIONS = 16


def ingest(place: Place, *, seconds: float) -> dict[str, Any]:
    """Return rates of both servers, one after the other, and the latency of ours at a steady rate."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_bare (id bigserial, body bytea, digest bytea)"
        )
    path = f"/hooks/kommo/{hook_key(place.account)}"
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(2):
        for name, app in (
            ("bare", "bench.bare:application"),
            ("ours", "peresmenka.wsgi:application"),
        ):
            clear()
            with running_web(workers=2, app=app) as url:
                found = asyncio.run(_flood(url, path, place, seconds))
            rates[name].append(found["per_second"])
    clear()
    with running_web(workers=2) as url:
        steady = asyncio.run(_steady(url, path, place, per_second=200, seconds=seconds))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_inboxevent")
        kept = cursor.fetchone()[0]
    ours, bare = max(rates["ours"]), max(rates["bare"])
    return {
        "webhooks_per_second": round(ours),
        "bare_per_second": round(bare),
        "ratio": round(ours / bare, 2),
        "steady_200_ms": steady,
        "acknowledged": round(200 * seconds),
        "kept": kept,
    }


class _Numbers:
    """Lead ids that never repeat, so that no two bodies fold."""

    def __init__(self) -> None:
        self.next = 10_000_000

    def take(self) -> int:
        self.next += 1
        return self.next


_numbers = _Numbers()


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes
) -> float:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    began = time.perf_counter()
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 204 " not in answer[:20]:
        raise RuntimeError(answer[:60].decode())
    return time.perf_counter() - began


async def _flood(url: str, path: str, place: Place, seconds: float) -> dict[str, float]:
    """Post over 16 connections as fast as they are answered."""
    host = urlsplit(url)
    deadline = time.perf_counter() + seconds
    template = place.body(99_999_999)

    async def client() -> int:
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        done = 0
        while time.perf_counter() < deadline:
            body = template.replace(b"99999999", str(_numbers.take()).encode())
            await _post(reader, writer, path, body)
            done += 1
        writer.close()
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*(client() for _ in range(CONNECTIONS))))
    return {"per_second": done / (time.perf_counter() - began)}


async def _steady(
    url: str, path: str, place: Place, *, per_second: int, seconds: float
) -> dict[str, float]:
    """Post at a fixed rate whatever the answers take; return the latency's quantiles in ms."""
    host = urlsplit(url)
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    spent: list[float] = []
    template = place.body(99_999_999)

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        while (body := await queue.get()) is not None:
            spent.append(await _post(reader, writer, path, body))
        writer.close()

    clients = [asyncio.create_task(client()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for index in range(round(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + index / per_second - time.perf_counter()))
        queue.put_nowait(template.replace(b"99999999", str(_numbers.take()).encode()))
    for _ in clients:
        queue.put_nowait(None)
    await asyncio.gather(*clients)
    cuts = statistics.quantiles([1000 * value for value in spent], n=100)
    return {
        "p50": round(cuts[49], 1),
        "p99": round(cuts[98], 1),
        "max": round(max(spent) * 1000, 1),
    }
