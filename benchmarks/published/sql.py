"""Questions to a database through SQLAlchemy: rows as JSON."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)


class SqlEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        query = r.get_json()["query"]
        if not query.lower().startswith("select"):
            return self._json({"error": "only select"}, 400)
        engine = create_engine(settings["database"])
        try:
            with engine.connect() as connection:
                rows = [dict(row._mapping) for row in connection.execute(text(query))]
        except SQLAlchemyError as e:
            logger.exception("the query fails")
            return self._json({"error": str(e)}, 400)
        return self._json({"rows": rows})

    def _json(self, body: dict[str, Any], status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")
