"""A program that stands in for ``bentoml serve NAME --host H --port P``: an HTTP server that behaves as NAME says.

Standard library only, and a process of its own with a worker below it, as a bento is. It notes its processes in the
file that FAKE_PIDS names, so that a test can tell that none is left.
"""

import http.server
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

ANSWER = b'{"label": 1}'
SCHEMA = (
    b'{"name": "Fake", "routes": [{"route": "/predict", "input": {"type": "object", "root_input": true}, '
    b'"output": {"properties": {"label": {"type": "integer"}}}}]}'
)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    behaviour = "good"
    turn = threading.Lock()

    def do_GET(self) -> None:
        if self.path == "/readyz" and self.behaviour == "never-ready":
            time.sleep(3600)
        if self.path == "/schema.json" and self.behaviour == "huge-schema":
            self.huge()
        elif self.path == "/schema.json" and self.behaviour == "deep-schema":
            self.answer(200, b'{"routes": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        else:
            self.answer(200, SCHEMA if self.path == "/schema.json" else b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        match self.behaviour:
            case "hangs":
                time.sleep(3600)
            case "huge":
                self.huge()
            case "page":
                self.answer(200, b"<html>who are you?</html>")
            case "garbage":
                self.wfile.write(b"\x00\x01 this is not HTTP\n\n")
                self.close_connection = True
            case "refuses":
                self.answer(400, b'{"error": "secret row"}')
            case "dies":
                os.kill(os.getppid(), signal.SIGKILL)
                os._exit(1)
            case "slow":
                time.sleep(0.05)
                self.answer(200, ANSWER)
            case "one-at-a-time":
                with self.turn:
                    time.sleep(0.03)
                self.answer(200, ANSWER)
            case _:
                self.answer(200, ANSWER)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def huge(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(100_000_000))
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x" * 1_000_000)

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        pass


def worker(name: str, port: int) -> None:
    Handler.behaviour = name
    server = Server(("127.0.0.1", port), Handler)

    def stop(*_: object) -> None:
        if name == "stays":
            return
        time.sleep(0.2)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


def supervisor(name: str, port: str) -> int:
    if name == "ends":
        print("KeyError: 'digits'")
        return 3
    child = subprocess.Popen([sys.executable, __file__, "worker", name, port])
    with Path(os.environ["FAKE_PIDS"]).open("a") as noted:
        noted.write(f"{os.getpid()} {child.pid} ")
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        worker(sys.argv[2], int(sys.argv[3]))
    serve, target, *options = sys.argv[1:]
    assert serve == "serve" and options[0] == "--host" and options[2] == "--port"
    sys.exit(supervisor(target.partition(":")[0], options[3]))
