from dify_plugin import Tool


class Forecast(Tool):
    pass
