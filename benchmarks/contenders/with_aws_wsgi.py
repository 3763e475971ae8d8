import awsgi

from contenders.werkzeug_app import app

CONTENT_TYPES = {"application/octet-stream"}


def handler(event, context):
    return awsgi.response(app, event, context, base64_content_types=CONTENT_TYPES)
