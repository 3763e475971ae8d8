"""A package index (PEP 503, with hashes) on the loopback that wants a user name and a password."""

from __future__ import annotations

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class PrivateIndex:
    """Serves the wheels of a folder at `/simple/`; `asked` are the paths that were asked for."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.asked: list[tuple[str, int]] = []
        self.tampered = False  # files are other ones than the pages say
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, content = 401, b""
                if self.headers.get("Authorization") == wanted:
                    code, content = index.answer(folder, unquote(self.path))
                index.asked.append((self.path, code))
                self.send_response(code)
                if code == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="packages"')
                html = self.path.endswith("/")
                self.send_header("Content-Type", "text/html" if html else "application/zip")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_HEAD = do_GET

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> PrivateIndex:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, folder: Path, path: str) -> tuple[int, bytes]:
        parts = path.strip("/").split("/")
        if parts[0] == "files":
            content = (folder / parts[-1]).read_bytes()
            return 200, content + b"\0" if self.tampered else content
        if len(parts) != 2 or parts[0] != "simple":
            return 404, b""
        wheels = sorted(folder.glob(f"{parts[1].replace('-', '_')}-*.whl"))
        if not wheels:
            return 404, b""
        lines = []
        for wheel in wheels:
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f'<a href="/files/{wheel.name}#sha256={digest}">{wheel.name}</a>')
        return 200, "<!DOCTYPE html><html><body>{}</body></html>".format("\n".join(lines)).encode()
