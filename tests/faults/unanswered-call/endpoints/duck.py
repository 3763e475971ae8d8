from dify_plugin import Endpoint


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return self.session.tool.invoke("builtin", "time", "now", {})
