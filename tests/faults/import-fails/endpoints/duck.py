import helper
from dify_plugin import Endpoint


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return None
