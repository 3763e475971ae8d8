"""An endpoint of a published plugin as a WSGI application, behind apig-wsgi.

`published.json` beside the folder says which module and with what settings.
"""

import importlib
import json
import os

from apig_wsgi import make_lambda_handler
from werkzeug import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from dify_plugin import Endpoint

with open(os.environ["LAMBDA_TASK_ROOT"] + "/published.json") as file:  # noqa: PTH123 - as cheaply
    about = json.load(file)
module = importlib.import_module("endpoints." + about["module"])
(endpoint,) = (
    each
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Endpoint) and each is not Endpoint
)
routes = Map([Rule("/hook", methods=[about["method"]], endpoint=endpoint)])


def app(environ, start_response):
    try:
        cls, values = routes.bind_to_environ(environ).match()
        response = cls(None)._invoke(Request(environ), values, about["settings"])
    except HTTPException as fault:
        response = fault
    return response(environ, start_response)


handler = make_lambda_handler(app, binary_support=True)
