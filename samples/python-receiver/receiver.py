"""Takes webhooks: checks both signatures, and prints each hire once."""

import base64
import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

JWKS = os.environ["GOLEM"] + "/v1/webhooks/jwks.json"
LARGEST = 2_000_000  # bytes; an event is below 1 MB
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
keys = []
taken = set()  # yours: a table, written in one transaction with what you do
taking = threading.Lock()


def handle(event):
    """Yours. What it raises is answered with 500, and the event comes again."""
    if event["type"] == "hire.confirmed":
        hire = event["data"]
        print(hire["offer_id"], "starts on", hire["start_on"], "confirmed by", hire["confirmed_by"], flush=True)


def is_golems(body, headers):
    """v1a: nobody who learns your secret can make it. The keys are read again when none of those at hand fits."""
    global keys
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signatures = [each[4:] for each in headers["webhook-signature"].split() if each.startswith("v1a,")]
    if any(fits(key, signature, signed) for key in keys for signature in signatures):
        return True
    with urllib.request.urlopen(JWKS, timeout=5) as answer:
        keys = json.load(answer)["keys"]
    return any(fits(key, signature, signed) for key in keys for signature in signatures)


def fits(key, signature, signed):
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    try:
        public.verify(base64.b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a client that says nothing

    def do_POST(self):
        try:
            status = self.take()
        except Exception as error:
            self.log_error("not handled: %r", error)
            status = 500
        self.send_response(status)
        self.end_headers()

    def take(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            return 413
        body = self.rfile.read(int(length))
        try:
            event = webhook.verify(body, dict(self.headers))  # v1, and not older than 5 minutes
        except (WebhookVerificationError, ValueError):
            return 400
        if not is_golems(body, self.headers):
            return 400
        with taking:
            if event["id"] not in taken:
                handle(event)
                taken.add(event["id"])
        return 204


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Receiver).serve_forever()
