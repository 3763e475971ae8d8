from werkzeug import Response

from dify_plugin import Endpoint


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return Response(iter(()), mimetype="text/event-stream")
