#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks of the house that a compiler does not make.

check.py includes|sql|ev|spdx|format
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
GENERATED = {"sql.h", "rules_builtin.h"}


def tracked(*endings):
    out = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return [p for p in out if p.endswith(endings) and (ROOT / p).is_file()]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def sources():
    return [p for p in tracked(".c", ".h") if not p.startswith("tests/")]


def arrows():
    table = {}
    for line in read("tests/lint/arrows.txt").splitlines():
        if line and not line.startswith("#"):
            folder, _, allowed = line.partition(":")
            table[folder] = set(allowed.split())
    return table


def folder_of(path, table):
    """The longest folder of the table that the file is in."""
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in table:
            return "/".join(parts)
        parts.pop()
    return None


def check_includes():
    table = arrows()
    for path in sources():
        own = folder_of(path, table)
        if own is None:
            yield f"{path}: its folder is not in tests/lint/arrows.txt"
            continue
        for name in INCLUDE.findall(read(path)):
            other = folder_of(name, table)
            if name in GENERATED or other == own:
                continue
            inside = other is not None and any(
                other == a or other.startswith(a + "/") for a in table[own])
            if not inside and not (own == "daemon" and other is not None and
                                   other.startswith("daemon/")):
                yield f'{path}: may not include "{name}"'


def check_sql():
    words = re.compile(
        r'"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b')
    for path in sources():
        for number, line in enumerate(read(path).splitlines(), 1):
            if words.search(line):
                yield f"{path}:{number}: SQL belongs into db/sql"


def check_ev():
    for path in sources():
        if re.search(r"^\s*#\s*include\s+<ev\.h>", read(path), re.M) and \
                not path.startswith("daemon/net/"):
            yield f"{path}: only daemon/net may include ev.h"


def check_spdx():
    for path in tracked(".c", ".h", ".py", ".cmake", "CMakeLists.txt"):
        if path.endswith("embed.cmake"):
            continue
        head = read(path).splitlines()[:2]
        if not any("SPDX-License-Identifier: BSD-2-Clause" in line
                   for line in head):
            yield f"{path}: no licence line at the top"


def check_format():
    files = tracked(".c", ".h")
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *files], cwd=ROOT,
        capture_output=True, text=True)
    if done.returncode != 0:
        yield done.stderr


def main():
    checks = {"includes": check_includes, "sql": check_sql, "ev": check_ev,
              "spdx": check_spdx, "format": check_format}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    found = list(checks[sys.argv[1]]())
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
