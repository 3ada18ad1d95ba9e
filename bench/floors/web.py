"""The floor of a request: Flask and pymongo under the same gunicorn, on the same documents and indexes, without a rule.

No token, no schema, no limit, no ETag: an answer is what the database has, as JSON. `FLOOR_MONGODB` is the server,
`FLOOR_READS` and `FLOOR_MATCHES` ("database.collection") what is read, `FLOOR_WRITES` where it writes.
"""

import os
from typing import Any
from uuid import uuid4

from flask import Flask, Response, jsonify, request
from pymongo import MongoClient

PAGE = 20
MATCHES = 200
LEAN = {"events": 0, "words": 0, "codes": 0, "facets": 0}
"""What no answer shows is not read."""

OCCUPATION = "NL occupation:ISCO-08:2512"


def app() -> Flask:
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["FLOOR_MONGODB"])
    reads, matches, writes = (
        client[database][collection]
        for database, _, collection in (
            os.environ[f"FLOOR_{what}"].partition(".") for what in ("READS", "MATCHES", "WRITES")
        )
    )
    flask = Flask(__name__)
    flask.extensions["mongodb"] = client
    template = reads.find_one({"kind": "listing", "state": "draft"}) or {}

    @flask.get("/healthz")
    def healthz() -> Response:
        return jsonify({})

    @flask.post("/docs")
    def create() -> tuple[Response, int]:
        doc = {**template, **request.get_json(), "_id": str(uuid4()), "version": 1, "events": []}
        writes.insert_one(doc)
        return jsonify(doc), 201

    @flask.post("/docs/<id_>/step")
    def step(id_: str) -> Response:
        doc = writes.find_one({"_id": id_}, {"events": 0}) or {}
        version, event = doc["version"], {"id": str(uuid4()), "data": request.get_json()}
        changed = {"version": version + 1, "state": request.json["state"]}
        writes.update_one({"_id": id_, "version": version}, {"$set": changed, "$push": {"events": event}})
        return jsonify(doc | changed)

    @flask.get("/docs/<id_>")
    def read(id_: str) -> Response:
        return jsonify((reads if request.args.get("of") else writes).find_one({"_id": id_}, LEAN))

    @flask.get("/page")
    def page() -> Response:
        found = reads.find({"state": "published"}, LEAN).sort("rank", -1).limit(PAGE + 1)
        return jsonify({"items": list(found)[:PAGE]})

    @flask.get("/matches")
    def match() -> Response:
        found = list(matches.find({"facets": OCCUPATION}, LEAN).sort("rank", -1).limit(MATCHES))
        return jsonify({"items": sorted(found, key=lambda each: each.get("cheapest", 0))[:PAGE]})

    return flask
