from dify_plugin import Endpoint


class Duck(Endpoint):
    def _invoke(self, r, values, settings):
        return self.session.app.chat.invoke("id", "hello", {}, "blocking")
