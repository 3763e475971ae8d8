"""A WeChat official account: signed, AES-encrypted XML, and replies in XML."""

import base64
import hashlib
import logging
import struct
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import requests
from Crypto.Cipher import AES
from werkzeug import Request, Response

from dify_plugin import Endpoint

logger = logging.getLogger(__name__)
TOKENS: dict[str, str] = {}
LOCK = threading.Lock()


class WeChatEndpoint(Endpoint):
    def _invoke(self, r: Request, values: Mapping, settings: Mapping) -> Response:
        encrypted = ET.fromstring(r.get_data()).findtext("Encrypt") or ""
        parts = [settings["token"], r.args["timestamp"], r.args["nonce"], encrypted]
        if hashlib.sha1("".join(sorted(parts)).encode()).hexdigest() != r.args["msg_signature"]:
            return Response("a wrong signature", status=403)
        message = ET.fromstring(self._decrypt(encrypted, settings["encoding_aes_key"]))
        logger.debug("a message of %s", message.findtext("MsgType"))
        if message.findtext("Event") == "subscribe":
            return self._reply(message, "Welcome")
        threading.Thread(target=self._send_later, args=(message, settings)).start()
        return Response("success", status=200)

    def _decrypt(self, text: str, key: str) -> bytes:
        secret = base64.b64decode(key + "=")
        plain = AES.new(secret, AES.MODE_CBC, secret[:16]).decrypt(base64.b64decode(text))
        (length,) = struct.unpack(">I", plain[16:20])
        return plain[20 : 20 + length]

    def _reply(self, message: ET.Element, text: str) -> Response:
        body = (
            f"<xml><ToUserName>{message.findtext('FromUserName')}</ToUserName>"
            f"<FromUserName>{message.findtext('ToUserName')}</FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
            f"<Content>{text}</Content></xml>"
        )
        return Response(body, status=200, content_type="application/xml")

    def _send_later(self, message: ET.Element, settings: Mapping) -> None:
        with LOCK:
            token = TOKENS.get(settings["app_id"], "")
        requests.post(
            f"https://api.weixin.qq.com/cgi-bin/message/custom/send?access_token={token}",
            json={"touser": message.findtext("FromUserName"), "msgtype": "text"},
            timeout=10,
        )
