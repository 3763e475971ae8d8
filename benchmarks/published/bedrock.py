"""A Bedrock knowledge base as Dify's external knowledge: one call of boto3."""

import json
import logging
from collections.abc import Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class BedrockEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        data = r.get_json()
        client = boto3.client(
            "bedrock-agent-runtime",
            region_name="eu-west-1",
            aws_access_key_id=settings["access_key"],
            aws_secret_access_key=settings["secret_key"],
        )
        try:
            found = client.retrieve(
                knowledgeBaseId=data["knowledge_id"], retrievalQuery={"text": data["query"]}
            )
        except (BotoCoreError, ClientError) as e:
            logger.exception("Bedrock fails")
            return Response(json.dumps({"error_msg": str(e)}), status=500)
        records = [
            {
                "content": each["content"]["text"],
                "score": each["score"],
                "title": "",
                "metadata": {},
            }
            for each in found["retrievalResults"]
        ]
        return Response(json.dumps({"records": records}), content_type="application/json")
