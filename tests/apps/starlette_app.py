"""A small Starlette application, made WSGI by a2wsgi."""

import asyncio

from a2wsgi import ASGIMiddleware
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route


async def index(request):
    await asyncio.sleep(0)
    return PlainTextResponse("Hello from Starlette")


async def as_json(request):
    return JSONResponse({"got": await request.json(), "args": dict(request.query_params), "client": request.client.host})


async def raw(request):
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
    return JSONResponse({"bytes": total})


async def stream(request):
    async def lines():
        for i in range(5):
            yield "line %d\n" % i

    return StreamingResponse(lines(), media_type="text/plain")


async def fail(request):
    raise RuntimeError("a bug")


application = ASGIMiddleware(
    Starlette(
        routes=[
            Route("/", index),
            Route("/json", as_json, methods=["POST"]),
            Route("/raw", raw, methods=["PUT"]),
            Route("/stream", stream),
            Route("/fail", fail),
        ]
    )
)
