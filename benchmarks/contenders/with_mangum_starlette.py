from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


async def duck(request):
    async def generator():
        yield f"{request.path_params['app_id']} <br>"

    return StreamingResponse(generator(), media_type="text/html")


async def echo(request):
    return Response(await request.body(), media_type="application/json")


async def binary(request):
    return Response(await request.body(), media_type="application/octet-stream")


routes = [
    Route("/duck/{app_id}", duck),
    Route("/echo", echo, methods=["POST"]),
    Route("/binary", binary, methods=["POST"]),
]
handler = Mangum(Starlette(routes=routes), lifespan="off")
