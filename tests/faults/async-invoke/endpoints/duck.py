from dify_plugin import Endpoint


class Duck(Endpoint):
    async def _invoke(self, r, values, settings):
        return None
