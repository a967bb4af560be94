#!/usr/bin/env bash
# Packages: hishel 2.0.0, hishel 1.1.5
# Expected: an HTTP cache obeys no-store and Vary unless told not to ("Storing Responses in Caches" and "Calculating Cache
#   Keys with the Vary Header Field" in RFC 9111), and goes on doing so over an upgrade of the same adapter.
# Seen: CacheAdapter() of 1.1.5 does. The same line under 2.0.0 stores everything that succeeded and answers by method
#   and URL alone, for as long as the storage keeps it: who asks for English gets the German answer, and an answer
#   marked no-store lies on disk. The standard's rules have to be asked for: CacheAdapter(rfc=True).
# Hurts: who upgrades without reading on: nothing fails, answers are stale or somebody else's language, and what the
#   origin forbade to keep is kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for version in 1.1.5 2.0.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install -qq --disable-pip-version-check "hishel[requests]==$version" 'requests==2.34.2'
done
cat > look.py <<'PYTHON'
"""Ask for each of two answers in two languages; count what reached the origin."""

import collections
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from hishel.requests import CacheAdapter

HEADERS = {"/vary": {"Cache-Control": "max-age=60", "Vary": "Accept-Language"}, "/no-store": {"Cache-Control": "no-store"}}
asked = collections.Counter()


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked[self.path] += 1
        body = self.headers["Accept-Language"].encode()
        self.send_response(200)
        for name, value in {**HEADERS[self.path], "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = requests.Session()
session.mount("http://", CacheAdapter())
for path in HEADERS:
    for language in ("de", "en"):
        url = f"http://127.0.0.1:{server.server_port}{path}"
        print(sys.argv[1], path, language, "->", session.get(url, headers={"Accept-Language": language}).text, end="; ")
    print("asked the origin", asked[path])
PYTHON

cat > expected.txt <<'SEEN'
1.1.5 /vary de -> de; 1.1.5 /vary en -> en; asked the origin 2
1.1.5 /no-store de -> de; 1.1.5 /no-store en -> en; asked the origin 2
2.0.0 /vary de -> de; 2.0.0 /vary en -> de; asked the origin 1
2.0.0 /no-store de -> de; 2.0.0 /no-store en -> de; asked the origin 1
SEEN
for version in 1.1.5 2.0.0; do (mkdir "in-$version" && cd "in-$version" && "../$version/bin/python" ../look.py "$version"); done | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
