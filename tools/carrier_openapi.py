"""Fetch Twilio's own description of its API and keep the operations that concern us, for the tests.

`npm pack` downloads the package named below (no install script runs); archive and document must have the recorded
hashes. Descriptions and other operations are left out so that the tests load it fast: nothing else is changed.
Standard library only. Run it with: python3 tools/carrier_openapi.py
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@twilio/cli-core"
VERSION = "8.3.2"
ARCHIVE_SHA256 = "6ae83443de5882462b5fba9eddd9080a0ba52ff9cfa579d8bac9f4cf43ee4409"
DOCUMENT = "package/src/services/twilio-api/twilio_api_v2010.json"
DOCUMENT_SHA256 = "7f123267c8dd60bd5412ed723cc021f0e58d52b635e8fad41f72c4a3dda9e77e"
TARGET = Path(__file__).resolve().parent.parent / "tests" / "carrier" / "openapi"
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
PATHS = tuple(
    ACCOUNT + path
    for path in (
        "/Calls.json",
        "/Calls/{Sid}.json",
        "/Calls/{CallSid}/Recordings.json",
        "/Calls/{CallSid}/Recordings/{Sid}.json",
        "/Recordings/{Sid}.json",
        "/Conferences.json",
        "/Conferences/{Sid}.json",
        "/Conferences/{ConferenceSid}/Participants.json",
        "/Conferences/{ConferenceSid}/Participants/{CallSid}.json",
        "/Messages.json",
        "/Messages/{Sid}.json",
        "/IncomingPhoneNumbers.json",
        "/IncomingPhoneNumbers/{Sid}.json",
    )
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-openapi-") as scratch:
        archive = _fetch(Path(scratch))
        _check(archive.read_bytes(), ARCHIVE_SHA256, archive.name)
        with tarfile.open(archive) as content:
            content.extractall(scratch, filter="data")
        original = (Path(scratch) / DOCUMENT).read_bytes()
        licence = (Path(scratch) / "package" / "LICENSE").read_bytes()
    _check(original, DOCUMENT_SHA256, DOCUMENT)
    reduced = json.dumps(reduce(json.loads(original)), indent=1, ensure_ascii=False) + "\n"
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "twilio_api_v2010.json").write_text(reduced)
    (TARGET / "LICENSE").write_bytes(licence)
    (TARGET / "SOURCE.txt").write_text(
        "Twilio's own description of its API, reduced by tools/carrier_openapi.py to what concerns us.\n"
        f"package:  {PACKAGE} {VERSION} (npm, MIT: see LICENSE)\n"
        f"archive:  sha256 {ARCHIVE_SHA256}\n"
        f"original: {DOCUMENT.removeprefix('package/')} sha256 {DOCUMENT_SHA256}\n"
        f"reduced:  twilio_api_v2010.json sha256 {hashlib.sha256(reduced.encode()).hexdigest()}\n"
    )


def reduce(document: dict[str, Any]) -> dict[str, Any]:
    """The document with our paths and the components they lead to; prose is dropped."""
    paths = {path: _bare(document["paths"][path]) for path in PATHS}
    schemas: dict[str, Any] = {}
    wanted = _references(paths)
    while wanted:
        name = wanted.pop()
        if name not in schemas:
            schemas[name] = _bare(document["components"]["schemas"][name])
            wanted |= _references(schemas[name])
    return {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "servers": document["servers"],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": document["components"]["securitySchemes"],
        },
        "security": document["security"],
    }


def _bare(node: Any) -> Any:
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _bare(value) for name, value in node.items() if not name.startswith("x-") and name != "examples"}
    if isinstance(kept.get("description"), str):
        # A response must have one; elsewhere it is prose.
        if "content" in kept or set(kept) <= {"description", "headers"}:
            kept["description"] = ""
        else:
            del kept["description"]
    return kept


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_references(one) for one in node))
    if not isinstance(node, dict):
        return set()
    found = {str(node["$ref"]).rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
    return found.union(*(_references(one) for one in node.values()))


def _fetch(folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
    try:
        answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("npm is not on the PATH: install Node.js (apt-get install npm).")
    except subprocess.CalledProcessError as error:
        sys.exit(f"npm could not fetch {PACKAGE} {VERSION}:\n{error.stderr}")
    return folder / answer.stdout.strip().splitlines()[-1]


def _check(content: bytes, sha256: str, name: str) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{name} is not the one that was recorded: refusing it.")


if __name__ == "__main__":
    main()
