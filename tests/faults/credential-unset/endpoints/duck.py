from dify_plugin import Endpoint
from werkzeug import Response


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        said = self.session.tool.invoke_builtin_tool("me/tiny/weather", "forecast", {})
        return Response(str(list(said)))
