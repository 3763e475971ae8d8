from chalice import Chalice, Response

app = Chalice("bench")
TYPES = ["application/json", "application/octet-stream"]


@app.route("/duck/{app_id}")
def duck(app_id):
    return Response(f"{app_id} <br>", headers={"Content-Type": "text/html"})


@app.route("/echo", methods=["POST"], content_types=TYPES)
def echo():
    body = app.current_request.raw_body.decode()
    return Response(body, headers={"Content-Type": "application/json"})


@app.route("/binary", methods=["POST"], content_types=TYPES)
def binary():
    body = app.current_request.raw_body
    return Response(body, headers={"Content-Type": "application/octet-stream"})


def handler(event, context):
    # Chalice's gateway has a resource of its own for every route.
    first = event["path"].split("/")[1]
    resource = "/duck/{app_id}" if first == "duck" else "/" + first
    parameters = {"app_id": "42"} if first == "duck" else None
    request_context = dict(event["requestContext"], resourcePath=resource)
    # It sends bytes only to a client that accepts their type by name.
    accept = TYPES[1] if first == "binary" else "*/*"
    changes = {
        "pathParameters": parameters,
        "headers": dict(event["headers"], accept=accept),
        "multiValueHeaders": dict(event["multiValueHeaders"], accept=[accept]),
    }
    return app(dict(event, requestContext=request_context, **changes), context)
