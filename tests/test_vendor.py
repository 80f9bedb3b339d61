"""The browser files in the checkout are the ones that were reviewed when they came in."""

import hashlib
import json
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "callcenter" / "web" / "static"
LOCK = json.loads((ROOT / "vendor" / "vendor.lock.json").read_text())
MANIFEST = json.loads((ROOT / "vendor" / "package.json").read_text())


def test_every_vendored_file_has_the_recorded_hash() -> None:
    recorded = {name: digest for package in LOCK["packages"].values() for name, digest in package["files"].items()}
    found = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in recorded}
    assert found == recorded


def test_the_vendor_folder_holds_nothing_that_is_not_recorded() -> None:
    recorded = {name for package in LOCK["packages"].values() for name in package["files"]}
    present = {
        str(file.relative_to(STATIC))
        for folder in ("vendor", "fonts")
        for file in (STATIC / folder).iterdir()
        if file.is_file()
    }
    assert present <= recorded


def test_the_lock_holds_the_versions_that_are_asked_for_each_with_its_licence() -> None:
    locked = {name: package["version"] for name, package in LOCK["packages"].items()}
    assert locked == MANIFEST["dependencies"]
    for name, package in LOCK["packages"].items():
        assert package["licence"], name
        assert any(file.endswith("LICENSE.txt") for file in package["files"]), name


def test_the_sprite_holds_exactly_the_icons_that_are_listed() -> None:
    sprite = ET.parse(STATIC / MANIFEST["sprite"]["file"]).getroot()
    assert [symbol.get("id") for symbol in sprite] == sorted(MANIFEST["sprite"]["icons"])
