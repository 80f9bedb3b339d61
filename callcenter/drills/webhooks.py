"""Signed webhooks as the carrier would post them, sent by the drill itself to count every refusal."""

import base64
import hashlib
import hmac
import http.client
import queue
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit


@dataclass
class Sent:
    """What became of the webhooks sent."""

    count: int = 0
    refused: list[str] = field(default_factory=list)  # a failed connection, or an answer that is no document
    slowest: float = 0.0  # seconds
    bodies: dict[str, str] = field(default_factory=dict)  # of voice webhooks, by call SID
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sender:
    """Posts webhooks at a steady rate from a few threads, each over a connection of its own."""

    def __init__(self, product_url: str, *, account_sid: str, auth_token: str, threads: int = 16) -> None:
        self._url = product_url
        self._host = urlsplit(product_url).netloc
        self._account, self._token = account_sid, auth_token
        self._due: queue.SimpleQueue[tuple[str, dict[str, str]] | None] = queue.SimpleQueue()
        self.sent = Sent()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def post_at_rate(self, webhooks: list[tuple[str, dict[str, str]]], *, per_second: float) -> None:
        """Hand them out one by one; a slow answer delays none of the others."""
        began = time.monotonic()
        for number, webhook in enumerate(webhooks):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            self._due.put(webhook)

    def finish(self, *, timeout: float) -> Sent:
        """Wait for the last answers."""
        for _ in self._threads:
            self._due.put(None)
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return self.sent

    def _work(self) -> None:
        while (webhook := self._due.get()) is not None:
            path, params = webhook
            began = time.monotonic()
            fault, body = self._post(path, {"AccountSid": self._account, **params})
            took = time.monotonic() - began
            with self.sent.lock:
                self.sent.count += 1
                self.sent.slowest = max(self.sent.slowest, took)
                if fault:
                    self.sent.refused.append(f"{path}: {fault}")
                if path == "/twilio/voice":
                    self.sent.bodies[params["CallSid"]] = body

    def _post(self, path: str, params: dict[str, str]) -> tuple[str, str]:
        connection = http.client.HTTPConnection(self._host, timeout=15)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(self._url + path, params, self._token),
        }
        try:
            connection.request("POST", path, urlencode(params), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            return ("" if answer.status < 400 else str(answer.status)), body
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__, ""
        finally:
            connection.close()


def sign(url: str, params: dict[str, str], token: str) -> str:
    """Twilio's signature: HMAC-SHA1 over the address and the sorted parameters (its security documentation)."""
    text = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
