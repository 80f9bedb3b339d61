"""Fetch the browser files named in vendor/package.json into callcenter/web/static (`make vendor`).

The page needs no build step and no network at run time, so the few files a browser loads are committed. This tool is
how they come in: `npm pack` downloads each package (no install script runs), its archive is compared with the hash in
vendor/vendor.lock.json, the chosen files are copied, the chosen icons become one sprite, and the lock is written anew.
A version that is not in the lock yet is recorded; a known version whose archive changed is refused.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "vendor" / "package.json"
LOCK = ROOT / "vendor" / "vendor.lock.json"
STATIC = ROOT / "callcenter" / "web" / "static"


def main() -> None:
    manifest = json.loads(MANIFEST.read_text())
    locked = json.loads(LOCK.read_text())["packages"] if LOCK.exists() else {}
    packages: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="callcenter-vendor-") as scratch:
        for name, version in sorted(manifest["dependencies"].items()):
            archive = _fetch(name, version, Path(scratch))
            integrity = _integrity(archive)
            before = locked.get(name, {})
            if before.get("version") == version and before["integrity"] != integrity:
                sys.exit(f"{name} {version} is not the archive that was recorded in {LOCK.name}: refusing it.")
            package = _unpack(archive, Path(scratch) / "unpacked" / name)
            files = {
                target: _write(STATIC / target, (package / source).read_bytes())
                for source, target in manifest["copy"].get(name, {}).items()
            }
            if manifest["sprite"]["package"] == name:
                target = manifest["sprite"]["file"]
                files[target] = _write(STATIC / target, _sprite(package, version, manifest["sprite"]["icons"]))
            licence = json.loads((package / "package.json").read_text())["license"]
            packages[name] = {
                "version": version,
                "licence": licence,
                "integrity": integrity,
                "files": dict(sorted(files.items())),
            }
    LOCK.write_text(json.dumps({"packages": packages}, indent=2) + "\n")
    for name, package in packages.items():
        print(f"{name} {package['version']} ({package['licence']}): {', '.join(package['files'])}")


def _fetch(name: str, version: str, folder: Path) -> Path:
    """Download one package's archive, without installing it."""
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    try:
        answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("npm is not on the PATH: install Node.js (apt-get install npm) to change the vendored files.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"npm could not fetch {name} {version}:\n{error.stderr}")
    return folder / answer.stdout.strip().splitlines()[-1]


def _integrity(archive: Path) -> str:
    """The hash npm itself publishes for an archive."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def _unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder / "package"


def _write(target: Path, content: bytes) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _sprite(package: Path, version: str, icons: list[str]) -> bytes:
    """One SVG with a <symbol> for each icon, so that a page fetches and caches a single file."""
    symbols = []
    for icon in sorted(icons):
        drawing = (package / "icons" / f"{icon}.svg").read_text()
        body = re.search(r"<svg\b[^>]*>(.*)</svg>", drawing, re.DOTALL)
        if body is None:
            sys.exit(f"The icon {icon} is not the drawing this tool expects.")
        shapes = re.sub(r"\s+", " ", body.group(1)).replace("> <", "><").strip()
        symbols.append(
            f'<symbol id="{icon}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    head = f"<!-- Lucide {version}, ISC licence: see icons-LICENSE.txt. Made by tools/vendor.py. -->\n"
    return (head + '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


if __name__ == "__main__":
    main()
