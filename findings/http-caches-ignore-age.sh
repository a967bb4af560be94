#!/usr/bin/env bash
# Packages: CacheControl 0.14.4, requests-cache 1.3.3, hishel 2.0.0 (rfc=True), http-cache-semantics 4.3.0 (Node)
# Expected: a response's age is at least what its Age header says ("Calculating Age" in RFC 9111). An answer with
#   max-age=60 that has already spent 100 seconds in a cache on the way is stale when it arrives, and is asked for again.
# Seen: three Python caches serve it again without asking; each counts the sixty seconds anew. Node's
#   http-cache-semantics says that it is stale.
# Hurts: a Python client behind a CDN or a caching proxy: it may show data twice as old as the origin allows, the more
#   caches the older.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check \
  'CacheControl==0.14.4' 'requests-cache==1.3.3' 'hishel==2.0.0' 'requests==2.34.2'
npm install --silent --no-audit --no-fund 'http-cache-semantics@4.3.0'

cat > look.py <<'PYTHON'
"""Ask twice for an answer that arrives stale; count what reached the origin."""

import collections
import email.utils
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cachecontrol
import requests
import requests_cache
from hishel.requests import CacheAdapter

asked = collections.Counter()


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked[self.path] += 1
        self.send_response_only(200)
        for name, value in {"Cache-Control": "max-age=60", "Age": "100", "Content-Length": "2"}.items():
            self.send_header(name, value)
        self.send_header("Date", email.utils.formatdate(usegmt=True))
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
by_hishel = requests.Session()
by_hishel.mount("http://", CacheAdapter(rfc=True))
sessions = {
    "CacheControl": cachecontrol.CacheControl(requests.Session()),
    "requests-cache": requests_cache.CachedSession(backend="memory", cache_control=True),
    "hishel": by_hishel,
}
for name, session in sessions.items():
    for _ in range(2):
        session.get(f"http://127.0.0.1:{server.server_port}/{name}")
    print(name, "asked the origin", asked[f"/{name}"], "of 2")
PYTHON

cat > look.js <<'NODE'
const CachePolicy = require("http-cache-semantics");
const headers = { "cache-control": "max-age=60", age: "100", date: new Date().toUTCString() };
const policy = new CachePolicy({ url: "/", method: "GET", headers: {} }, { status: 200, headers });
console.log("http-cache-semantics: may be served without asking:", policy.satisfiesWithoutRevalidation({ url: "/", headers: {} }));
NODE

cat > expected.txt <<'SEEN'
CacheControl asked the origin 1 of 2
requests-cache asked the origin 1 of 2
hishel asked the origin 1 of 2
http-cache-semantics: may be served without asking: false
SEEN
{
  venv/bin/python look.py
  node look.js
} | tee seen.txt
diff -u expected.txt seen.txt
echo 'as recorded'
