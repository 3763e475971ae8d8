from dify_plugin import Endpoint


class Duck(Endpoint):
    def invoke(self, r, values, settings):
        return None
