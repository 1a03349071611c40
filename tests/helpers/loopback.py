"""The Hugging Face hub and a plain file server on the loopback device, for unmodified clients, with faults to order.

Repositories are plain folders, models/<org>/<name> and datasets/<org>/<name>; files/<path> is served at /files/<path>.
There are no Xet headers, so that the client takes its plain HTTP path.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?")
RESOLVE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
LARGE = (".bin", ".parquet", ".safetensors")  # what the hub keeps outside git and names by its SHA-256
GATED, GONE = {"X-Error-Code": "GatedRepo"}, {"X-Error-Code": "EntryNotFound"}
REFUSALS = {"401": {}, "403": GATED, "404": GONE, "429": {"Retry-After": "1"}, "500": {}}
FAULTS = (*REFUSALS, "truncated", "short", "corrupt", "hang")


class Loopback(ThreadingHTTPServer):
    """A context manager that serves `folder`, each repository at its one commit, until it ends.

    `requests` has (method, path with query) of every request so far, `faults` those in force: clear() heals them all.
    """

    daemon_threads = True  # requests that hang end with the process and hold nothing up
    request_queue_size = 64

    def __init__(self, folder: Path, revisions: dict[str, str] | None = None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.revisions = Path(folder), revisions or {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests, self.faults = [], []
        self.closing, self.lock = threading.Event(), threading.Lock()

    def __enter__(self) -> Loopback:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def environment(self, home: Path) -> dict[str, str]:
        """Return the variables that give a process this hub alone; the caller takes HF_HUB_OFFLINE out of the rest."""
        chosen = {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_CACHE": str(Path(home, "hub"))}
        switches = dict.fromkeys(("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_XET"), "1")
        patience = dict.fromkeys(("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"), "2")
        return chosen | switches | patience | dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1")

    def commit(self, kind: str, repo: str) -> str:
        """Return the commit of a repository: as `revisions` has it, or made up; `kind` is "models" or "datasets"."""
        return self.revisions.get(repo) or hashlib.sha1(f"{kind}/{repo}".encode()).hexdigest()

    def fault(self, pattern: str, kind: str, count: int | None = None, methods: tuple[str, ...] = ("GET",)) -> None:
        """Answer the next `count` requests (None: all) whose path fits `pattern` with a fault, a status or another.

        "truncated" and "hang" send nothing past the middle of the file, however often a client resumes; the one then
        hangs up, the other is silent until the server closes. "short" is half the file and says so; "corrupt" flips a
        bit in the middle.
        """
        assert kind in FAULTS, kind
        self.faults.append([re.compile(pattern), kind, count, methods])

    def meet(self, method: str, path: str) -> str | None:
        """Record a request and return the fault that it meets."""
        with self.lock:
            self.requests.append((method, path))
            for fault in self.faults:
                pattern, kind, count, methods = fault
                if method in methods and count != 0 and pattern.search(path):
                    fault[2] = count and count - 1
                    return kind
        return None

    def answer(self, path: str, fault: str | None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        if fault in REFUSALS:
            return int(fault), REFUSALS[fault], b""
        try:
            return 200, *self.found(path)
        except LookupError as missing:  # without this code the hub's client misreports what is missing
            return 404, {"X-Error-Code": str(missing)}, b""

    def found(self, path: str) -> tuple[dict[str, str], bytes]:
        if path.startswith("/files/"):
            return {}, read(self.folder, path)
        if match := RESOLVE.fullmatch(path):
            base, commit = self.repository("datasets" if match[1] else "models", match[2], match[3])
            body = read(base, match[4])
            return {"ETag": f'"{etag(match[4], body)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}, body
        if match := API.fullmatch(path):
            base, commit = self.repository(match[1], match[2], match[4] or "main")
            content = tree(base) if match[3] == "tree" else {"id": match[2], "sha": commit}
            return {"Content-Type": "application/json"}, json.dumps(content).encode()
        raise LookupError("EntryNotFound")

    def repository(self, kind: str, repo: str, revision: str) -> tuple[Path, str]:
        base, commit = self.folder / kind / repo, self.commit(kind, repo)
        if not base.is_dir():
            raise LookupError("RepoNotFound")
        if revision not in ("main", commit):
            raise LookupError("RevisionNotFound")
        return base, commit

    def handle_error(self, request, client_address) -> None:
        """Say nothing of a client that hung up; anything else is a fault of this module and must be seen."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def read(base: Path, path: str) -> bytes:
    file = base / unquote(path.strip("/"))
    if not file.is_file():
        raise LookupError("EntryNotFound")
    return file.read_bytes()


def etag(name: str, body: bytes) -> str:
    """Return what the hub calls a file's content: its SHA-256 or, as git does, the SHA-1 of the blob."""
    if name.endswith(LARGE):
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0%b" % (len(body), body)).hexdigest()


def tree(base: Path) -> list[dict]:
    """Return every file of a repository as the hub lists it."""
    bodies = {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}
    files = [{"type": "file", "path": p, "size": len(b), "oid": etag("", b)} for p, b in sorted(bodies.items())]
    for file in files:
        if file["path"].endswith(LARGE):
            file["lfs"] = {"oid": etag(file["path"], bodies[file["path"]]), "size": file["size"], "pointerSize": 134}
    return files


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every answer waits for the client's delayed acknowledgement

    def do_GET(self) -> None:
        if self.server.closing.is_set():  # a connection that was kept alive outlives the server
            self.close_connection = True
            return
        fault = self.server.meet(self.command, self.path)
        self.send(*self.server.answer(urlsplit(self.path).path, fault), fault)

    do_HEAD = do_GET  # noqa: N815

    def send(self, status: int, headers: dict[str, str], body: bytes, fault: str | None) -> None:
        middle = len(body) // 2
        body = body[:middle] if fault == "short" else body
        if fault == "corrupt" and body:
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked[1]) if asked and status == 200 else 0
        if first:
            status, where = (206, f"{first}-{len(body) - 1}") if first < len(body) else (416, "*")
            headers, body = headers | {"Content-Range": f"bytes {where}/{len(body)}"}, body[first:]
        self.send_response_only(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if fault in ("truncated", "hang"):
            body, self.close_connection = body[: max(0, middle - first)], True
        with suppress(ConnectionError):
            self.wfile.write(b"" if self.command == "HEAD" else body)
        if fault == "hang":
            self.server.closing.wait()

    def log_message(self, *_) -> None:
        """Leave the tests' output alone; `requests` has it all."""
