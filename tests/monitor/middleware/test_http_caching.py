"""What HTTP says of caches (RFC 9111, 9110 and 9211) holds for a cached route, inside a tenant too.

The tables are modelled on the public cache-tests suite: each row is one thing that an answer or
a request says, and what must follow from it.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest
from starlette.types import Receive, Scope, Send

from monitor.cache.policy import CachePolicy
from monitor.testing.fakes import ManualClock
from tests.conditions import until
from tests.monitor.middleware.origin import TTL_S, Origin, Pairs, Stack

NOW = ManualClock().time()
REUSED, ASKED = True, False


def date(seconds: float) -> str:
    return formatdate(NOW + seconds, usegmt=True)


def cc(*lines: str) -> Pairs:
    return tuple(("cache-control", line) for line in lines)


FRESHNESS: list[tuple[str, Pairs, float, bool]] = [
    # What an answer says of itself; how long after it the same is asked; whether it is reused.
    ("nothing said, policy counts", (), TTL_S - 1, REUSED),
    ("nothing said, policy ends", (), TTL_S, ASKED),
    ("last-modified is no freshness", (("last-modified", date(-1e6)),), TTL_S, ASKED),
    ("max-age fresh", cc("max-age=10"), 9, REUSED),
    ("max-age stale", cc("max-age=10"), 10, ASKED),
    ("max-age zero", cc("max-age=0"), 0, ASKED),
    ("max-age beyond the policy", cc("max-age=100000"), TTL_S, ASKED),
    ("max-age beyond all numbers", cc("max-age=99999999999999999999"), TTL_S - 1, REUSED),
    ("max-age with leading zeros", cc("max-age=0010"), 9, REUSED),
    ("max-age negative", cc("max-age=-1"), 0, ASKED),
    ("max-age fractional", cc("max-age=10.5"), 0, ASKED),
    ("max-age no number", cc("max-age=ten"), 0, ASKED),
    ("max-age without a value", cc("max-age"), 0, ASKED),
    ("max-age quoted", cc('max-age="10"'), 9, REUSED),
    ("max-age quoted, stale", cc('max-age="10"'), 10, ASKED),
    ("max-age single-quoted", cc("max-age='10'"), 0, ASKED),
    ("max-age, space before the sign", cc("max-age =10"), 0, ASKED),
    ("max-age, space after the sign", cc("max-age= 10"), 0, ASKED),
    ("max-age in capitals", cc("MAX-AGE=10"), 10, ASKED),
    ("max-age in mixed case", cc("Max-Age=10"), 9, REUSED),
    ("max-age twice, the lesser counts", cc("max-age=100, max-age=10"), 10, ASKED),
    ("max-age on two lines", cc("max-age=100", "max-age=10"), 10, ASKED),
    ("max-age on the first line", cc("max-age=10", "public"), 10, ASKED),
    ("max-age on the second line", cc("public", "max-age=10"), 10, ASKED),
    ("an extension is ignored", cc("max-age=10, community=x"), 9, REUSED),
    ("an extension's quoted text is no directive", cc('max-age=10, x="max-age=1"'), 9, REUSED),
    ("a quoted text before is no directive", cc('x="max-age=1", max-age=10'), 9, REUSED),
    ("a quoted no-store is none", cc('max-age=10, x="a, no-store"'), 9, REUSED),
    ("a quoted pair does not end the text", cc('max-age=10, x="a\\", no-store"'), 9, REUSED),
    ("empty members are skipped", cc(", ,max-age=10,,"), 9, REUSED),
    ("s-maxage fresh", cc("s-maxage=10"), 9, REUSED),
    ("s-maxage stale", cc("s-maxage=10"), 10, ASKED),
    ("s-maxage above max-age", cc("max-age=1, s-maxage=10"), 9, REUSED),
    ("s-maxage below max-age", cc("max-age=100, s-maxage=10"), 10, ASKED),
    ("s-maxage above expires", (*cc("s-maxage=10"), ("expires", date(-5))), 9, REUSED),
    ("max-age above expires", (*cc("max-age=10"), ("expires", date(-5))), 9, REUSED),
    ("max-age below expires", (*cc("max-age=10"), ("expires", date(500))), 10, ASKED),
    ("expires fresh", (("expires", date(10)),), 9, REUSED),
    ("expires stale", (("expires", date(10)),), 10, ASKED),
    ("expires in the past", (("expires", date(-10)),), 0, ASKED),
    ("expires now", (("expires", date(0)),), 0, ASKED),
    ("expires zero", (("expires", "0"),), 0, ASKED),
    ("expires without a zone", (("expires", date(10).removesuffix(" GMT")),), 0, ASKED),
    ("expires in another zone", (("expires", date(10).replace("GMT", "AST")),), 0, ASKED),
    ("expires as a number", (("expires", str(int(NOW + 10))),), 0, ASKED),
    ("expires in ISO form", (("expires", "2099-01-01T00:00:00Z"),), 0, ASKED),
    ("expires far away", (("expires", "Thu, 01 Jan 2099 00:00:00 GMT"),), TTL_S - 1, REUSED),
    ("expires after date", (("date", date(-100)), ("expires", date(-90))), 9, REUSED),
    ("expires after date, stale", (("date", date(-100)), ("expires", date(-90))), 10, ASKED),
    ("expires before a later date", (("date", date(100)), ("expires", date(50))), 0, ASKED),
    ("expires twice, differing", (("expires", date(10)), ("expires", date(20))), 0, ASKED),
    ("age takes away", (*cc("max-age=10"), ("age", "4")), 5, REUSED),
    ("age takes all away", (*cc("max-age=10"), ("age", "10")), 0, ASKED),
    ("age beyond", (*cc("max-age=10"), ("age", "12000")), 0, ASKED),
    ("age takes from expires", (("expires", date(10)), ("age", "10")), 0, ASKED),
    ("age that is no number", (*cc("max-age=10"), ("age", "abc")), 9, REUSED),
    ("age below zero", (*cc("max-age=10"), ("age", "-5")), 9, REUSED),
    ("age of two lines, the first", (*cc("max-age=10"), ("age", "4"), ("age", "0")), 6, ASKED),
    ("age beyond all numbers", (*cc("max-age=10"), ("age", "9" * 30)), 0, ASKED),
    ("no-store", cc("no-store"), 0, ASKED),
    ("no-store in capitals", cc("NO-STORE"), 0, ASKED),
    ("no-store beside max-age", cc("max-age=100, no-store"), 0, ASKED),
    ("no-store on the first line", cc("no-store", "max-age=100"), 0, ASKED),
    ("no-store with a value", cc("no-store=x, max-age=100"), 0, ASKED),
    ("no-cache", cc("no-cache"), 0, ASKED),
    ("no-cache in mixed case", cc("No-CaChE"), 0, ASKED),
    ("no-cache beside max-age", cc("max-age=100, no-cache"), 0, ASKED),
    ("no-cache on the first line", cc("no-cache", "max-age=100"), 0, ASKED),
    ("no-cache of a field", cc('max-age=100, no-cache="x-a"'), 0, ASKED),
    ("private", cc("private"), 0, ASKED),
    ("private in mixed case", cc("PrIvAtE"), 0, ASKED),
    ("private beside max-age", cc("max-age=100, private"), 0, ASKED),
    ("private of a field", cc('max-age=100, private="x-a"'), 0, ASKED),
    ("public alone", cc("public"), TTL_S - 1, REUSED),
    ("public and stale", cc("public, max-age=10"), 10, ASKED),
    ("must-revalidate, fresh", cc("max-age=10, must-revalidate"), 9, REUSED),
    ("must-revalidate, stale", cc("max-age=10, must-revalidate"), 10, ASKED),
    ("immutable does not outlive the policy", cc("immutable"), TTL_S, ASKED),
    ("pragma is no directive of an answer", (("pragma", "no-cache"), *cc("max-age=10")), 9, REUSED),
    ("a cookie", (("set-cookie", "a=b"),), 0, ASKED),
    ("a cookie beside public", (("set-cookie", "a=b"), *cc("public, max-age=100")), 0, ASKED),
    ("vary by everything", (("vary", "*"),), 0, ASKED),
    ("vary by everything among others", (("vary", "accept, *"),), 0, ASKED),
    ("vary by everything on another line", (("vary", "accept"), ("vary", "*")), 0, ASKED),
    ("a length that is not the body's", (("content-length", "900"),), 0, ASKED),
]


@pytest.mark.parametrize(
    ("headers", "later", "reused"), [row[1:] for row in FRESHNESS], ids=[r[0] for r in FRESHNESS]
)
async def test_an_answers_own_word_shortens_or_forbids(headers: Pairs, later: float, reused: bool) -> None:  # noqa: FBT001 - a table's column
    """What an answer says of its freshness is kept and bounded; what cannot be read is stale."""
    origin = Origin(headers=headers)
    stack = Stack(origin)
    first = await stack.ask()
    stack.clock.advance(later)
    second = await stack.ask()

    assert (origin.calls == 1, second.body == first.body) == (reused, reused)
    assert second.headers["cache-status"].startswith("T; hit" if reused else "T; fwd=")


OVERRIDDEN: list[tuple[str, Pairs, bool]] = [
    ("private", cc("private"), REUSED),
    ("no-cache", cc("private, no-cache"), REUSED),
    ("max-age", cc("max-age=0"), REUSED),
    ("expires", (("expires", "0"),), REUSED),
    ("age", (*cc("max-age=10"), ("age", "100")), REUSED),
    ("vary by credential", (("vary", "Authorization"),), REUSED),
    ("no-store", cc("no-store"), ASKED),
    ("a cookie", (("set-cookie", "a=b"),), ASKED),
    ("vary by everything", (("vary", "*"),), ASKED),
]


@pytest.mark.parametrize(
    ("headers", "reused"), [row[1:] for row in OVERRIDDEN], ids=[row[0] for row in OVERRIDDEN]
)
async def test_a_policy_overrides_where_it_says_so(headers: Pairs, reused: bool) -> None:  # noqa: FBT001 - a table's column
    """Freshness is then the policy's alone; what may not be stored at all is not."""
    origin = Origin(headers=headers)
    stack = Stack(origin, CachePolicy("notes", TTL_S, jitter=0, overrides_cache_control=True))
    first = await stack.ask()
    stack.clock.advance(TTL_S / 2)
    await stack.ask(tenant="1")

    assert (origin.calls == 1) is reused
    if reused:
        assert first.headers["cache-control"] == "private, no-cache"
        assert "expires" not in first.headers


VARY: list[tuple[str, str, Pairs, Pairs, bool]] = [
    # `Vary`; what the first asked with; what the second; whether the first's answer is reused.
    ("same value", "x-a", (("x-a", "1"),), (("x-a", "1"),), REUSED),
    ("other value", "x-a", (("x-a", "1"),), (("x-a", "2"),), ASKED),
    ("left out", "x-a", (("x-a", "1"),), (), ASKED),
    ("added", "x-a", (), (("x-a", "1"),), ASKED),
    ("absent in both", "x-a", (), (), REUSED),
    ("name in capitals", "X-A", (("x-a", "1"),), (("x-a", "2"),), ASKED),
    ("two, both the same", "x-a, x-b", (("x-a", "1"), ("x-b", "2")), (("x-a", "1"), ("x-b", "2")), REUSED),
    (
        "two, the second differs",
        "x-a, x-b",
        (("x-a", "1"), ("x-b", "2")),
        (("x-a", "1"), ("x-b", "3")),
        ASKED,
    ),
    ("spaces around a comma", "x-a", (("x-a", "1, 2"),), (("x-a", "1,2"),), REUSED),
    ("one line for two", "x-a", (("x-a", "1"), ("x-a", "2")), (("x-a", "1, 2"),), REUSED),
    ("another order", "x-a", (("x-a", "1, 2"),), (("x-a", "2, 1"),), ASKED),
    ("not named", "x-a", (("x-b", "1"),), (("x-b", "2"),), REUSED),
    ("language", "accept-language", (("accept-language", "de"),), (("accept-language", "en"),), ASKED),
    ("cookie", "cookie", (("cookie", "a=1"),), (("cookie", "a=2"),), ASKED),
    ("coding, which no load is asked with", "accept-encoding", (("accept-encoding", "gzip"),), (), REUSED),
]


@pytest.mark.parametrize(
    ("vary", "first", "second", "reused"), [row[1:] for row in VARY], ids=[row[0] for row in VARY]
)
async def test_an_answer_is_for_those_who_would_be_given_it(
    vary: str,
    first: Pairs,
    second: Pairs,
    reused: bool,  # noqa: FBT001 - a table's column
) -> None:
    """`Vary` is part of the key (RFC 9111, 4.1), for what is stored and for who waits together."""
    origin = Origin(headers=(("vary", vary),))
    stack = Stack(origin)
    one, two = await stack.ask(first), await stack.ask(second)
    assert (one.body == two.body, origin.calls == 1) == (reused, reused)
    assert vary in two.headers["vary"]

    origin.held = asyncio.Event()
    stack = Stack(origin)
    calls = origin.calls
    waiting = [asyncio.ensure_future(stack.ask(asked)) for asked in (first, second)]
    await until(lambda: origin.calls > calls)
    origin.held.set()
    one, two = await asyncio.gather(*waiting)
    assert (one.body == two.body) is reused


async def test_every_variant_is_stored() -> None:
    """Two languages do not push each other out, and a write makes both stale."""
    origin = Origin(headers=(("vary", "Accept-Language"),))
    stack = Stack(origin)
    german, english = (("accept-language", "de"),), (("accept-language", "en"),)
    for _ in range(3):
        assert (await stack.ask(german)).body == b"answer 1"
        assert (await stack.ask(english)).body == b"answer 2"
    await stack.ask(method="POST")

    assert {(await stack.ask(german)).body, (await stack.ask(english)).body} == {b"answer 4", b"answer 5"}


async def test_answers_chosen_by_other_headers_each_time_are_asked_for() -> None:
    """What cannot be found by one set of headers is passed on."""
    origin = Origin(headers=(("vary", "x-a"),))
    stack = Stack(origin)
    await stack.ask((("x-a", "1"), ("x-b", "1")))
    origin.headers = (("vary", "x-a, x-b"),)
    await stack.ask((("x-a", "2"), ("x-b", "1")))

    assert (await stack.ask((("x-a", "2"), ("x-b", "2")))).body == b"answer 3"


MODIFIED = date(-100)
TAGGED: Pairs = (("etag", '"v1"'), ("last-modified", MODIFIED))
CONDITIONS: list[tuple[str, Pairs, Pairs, int]] = [
    # What the stored answer says; what is asked with; the status.
    ("tag known", TAGGED, (("if-none-match", '"v1"'),), 304),
    ("tag unknown", TAGGED, (("if-none-match", '"v2"'),), 200),
    ("tag among others", TAGGED, (("if-none-match", '"v0", "v1"'),), 304),
    ("tag on another line", TAGGED, (("if-none-match", '"v0"'), ("if-none-match", '"v1"')), 304),
    ("tag on the first of two lines", TAGGED, (("if-none-match", '"v1"'), ("if-none-match", '"v0"')), 304),
    ("tag weakened on its way", TAGGED, (("if-none-match", 'W/"v1"'),), 304),
    ("tag without quotes", TAGGED, (("if-none-match", "v1"),), 200),
    ("tag in another case", TAGGED, (("if-none-match", '"V1"'),), 200),
    ("any tag", TAGGED, (("if-none-match", "*"),), 304),
    ("weak tag, weakly asked", (("etag", 'W/"v1"'),), (("if-none-match", 'W/"v1"'),), 304),
    ("weak tag, strongly asked", (("etag", 'W/"v1"'),), (("if-none-match", '"v1"'),), 304),
    ("a comma in the tag", (("etag", '"a,b"'),), (("if-none-match", '"a,b"'),), 304),
    ("half of a tag with a comma", (("etag", '"b"'),), (("if-none-match", '"a,b"'),), 200),
    ("not modified since", TAGGED, (("if-modified-since", MODIFIED),), 304),
    ("not modified since later", TAGGED, (("if-modified-since", date(0)),), 304),
    ("modified since", TAGGED, (("if-modified-since", date(-200)),), 200),
    ("no date", TAGGED, (("if-modified-since", "yesterday"),), 200),
    ("date in RFC 850 form", TAGGED, (("if-modified-since", "Friday, 31-Dec-99 23:59:59 GMT"),), 200),
    ("no last-modified", (), (("if-modified-since", date(0)),), 200),
    (
        "the tag counts before the date",
        TAGGED,
        (("if-none-match", '"v2"'), ("if-modified-since", date(0))),
        200,
    ),
    ("if-match known", TAGGED, (("if-match", '"v1"'),), 200),
    ("if-match any", TAGGED, (("if-match", "*"),), 200),
    ("if-match unknown", TAGGED, (("if-match", '"v2"'),), 412),
    ("if-match weakened", TAGGED, (("if-match", 'W/"v1"'),), 412),
    ("unmodified since", TAGGED, (("if-unmodified-since", date(0)),), 200),
    ("modified meanwhile", TAGGED, (("if-unmodified-since", date(-200)),), 412),
]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "loaded"])
@pytest.mark.parametrize(
    ("said", "asked", "status"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
async def test_preconditions_are_weighed_for_each_request(
    said: Pairs,
    asked: Pairs,
    status: int,
    stored: bool,  # noqa: FBT001 - whether the answer is stored already
) -> None:
    """Against the stored answer and against the one just loaded, which no condition ever reaches."""
    origin = Origin(headers=said)
    stack = Stack(origin)
    if stored:
        await stack.ask()
    answer = await stack.ask(asked)

    assert answer.status == status
    assert (answer.body != b"") is (status == 200)
    assert origin.calls == 1
    assert not {b"if-none-match", b"if-modified-since", b"if-match", b"range"} & set(origin.asked[0])
    if status == 304:
        assert "content-length" not in answer.headers
        assert "etag" in answer.headers


RANGES: list[tuple[str, Pairs, int, str, str]] = [
    # What is asked with; status, body and `Content-Range` of ten digits.
    ("first bytes", (("range", "bytes=0-3"),), 206, "0123", "bytes 0-3/10"),
    ("one byte", (("range", "bytes=4-4"),), 206, "4", "bytes 4-4/10"),
    ("from a byte on", (("range", "bytes=7-"),), 206, "789", "bytes 7-9/10"),
    ("last bytes", (("range", "bytes=-2"),), 206, "89", "bytes 8-9/10"),
    ("more last bytes than there are", (("range", "bytes=-20"),), 206, "0123456789", "bytes 0-9/10"),
    ("beyond the end", (("range", "bytes=8-99"),), 206, "89", "bytes 8-9/10"),
    ("unit in capitals", (("range", "BYTES=0-0"),), 206, "0", "bytes 0-0/10"),
    ("behind the end", (("range", "bytes=10-"),), 416, "", "bytes */10"),
    ("no last bytes", (("range", "bytes=-0"),), 416, "", "bytes */10"),
    ("backwards", (("range", "bytes=5-2"),), 200, "0123456789", ""),
    ("several ranges", (("range", "bytes=0-1,4-5"),), 200, "0123456789", ""),
    ("another unit", (("range", "lines=0-1"),), 200, "0123456789", ""),
    ("no range", (("range", "bytes=a-b"),), 200, "0123456789", ""),
    ("still the same", (("range", "bytes=0-3"), ("if-range", '"v1"')), 206, "0123", "bytes 0-3/10"),
    ("another by now", (("range", "bytes=0-3"), ("if-range", '"v0"')), 200, "0123456789", ""),
    ("weakly the same", (("range", "bytes=0-3"), ("if-range", 'W/"v1"')), 200, "0123456789", ""),
    ("same date", (("range", "bytes=0-3"), ("if-range", MODIFIED)), 206, "0123", "bytes 0-3/10"),
    ("another date", (("range", "bytes=0-3"), ("if-range", date(0))), 200, "0123456789", ""),
    ("known whole", (("range", "bytes=0-3"), ("if-none-match", '"v1"')), 304, "", ""),
]


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"), [row[1:] for row in RANGES], ids=[row[0] for row in RANGES]
)
async def test_a_range_is_cut_from_the_complete_answer(
    asked: Pairs, status: int, body: str, content_range: str
) -> None:
    """The load is whole, and each client is given its part."""
    origin = Origin(headers=TAGGED, body="0123456789")
    stack = Stack(origin)
    first = await stack.ask(asked)
    second = await stack.ask(asked)

    for answer in (first, second):
        assert (answer.status, answer.body.decode()) == (status, body)
        assert answer.headers.get("content-range", "") == content_range
        if status == 206:
            assert answer.headers["content-length"] == str(len(body))
    assert (await stack.ask()).body == b"0123456789"
    assert origin.calls == 1


INVALIDATIONS: list[tuple[str, str, str, int, bool]] = [
    # Method and path of a request in between; its status; whether the stored answer is still reused.
    ("post", "POST", "/notes/7", 200, ASKED),
    ("put", "PUT", "/notes/7", 204, ASKED),
    ("patch", "PATCH", "/notes/7", 200, ASKED),
    ("delete", "DELETE", "/notes/7", 204, ASKED),
    ("a method nobody knows", "PURGE", "/notes/7", 200, ASKED),
    ("redirected", "POST", "/notes/7", 303, ASKED),
    ("created in its collection", "POST", "/notes", 201, ASKED),
    ("refused", "POST", "/notes/7", 400, REUSED),
    ("forbidden", "DELETE", "/notes/7", 403, REUSED),
    ("failed", "PUT", "/notes/7", 500, REUSED),
    ("a safe method", "OPTIONS", "/notes/7", 200, REUSED),
    ("a head", "HEAD", "/notes/7", 200, REUSED),
    ("another entity", "PUT", "/notes/8", 200, REUSED),
    ("an uncached path", "POST", "/other", 200, REUSED),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "reused"),
    [row[1:] for row in INVALIDATIONS],
    ids=[row[0] for row in INVALIDATIONS],
)
async def test_an_unsafe_method_ends_what_is_stored_under_its_path(
    method: str,
    path: str,
    status: int,
    reused: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Where it went well (RFC 9111, 4.4), for its tenant alone, and before it is answered."""
    origin = Origin()
    stack = Stack(origin)
    mine, theirs = await stack.ask(path="/notes/7"), await stack.ask(path="/notes/7", tenant="2")
    origin.status = status
    await stack.ask(method=method, path=path)
    origin.status = 200

    assert ((await stack.ask(path="/notes/7")).body == mine.body) is reused
    assert (await stack.ask(path="/notes/7", tenant="2")).body == theirs.body


KEPT: Pairs = (
    ("content-type", "text/csv"),
    ("content-language", "de"),
    ("content-disposition", 'attachment; filename="a.csv"'),
    ("content-location", "/notes.csv"),
    ("content-security-policy", "default-src 'none'"),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "etag"),
    ("link", "</notes?page=2>; rel=next"),
    ("link", "</notes>; rel=first"),
    ("x-total-count", "70"),
    ("warning", '199 - "x"'),
    ("date", date(-1)),
    ("cache-control", "public, max-age=60"),
    ("accept-ranges", "bytes"),
    ("clear-site-data", '"storage"'),
    ("cache-status", "upstream; hit"),
)
DROPPED: Pairs = (
    ("connection", "x-hop, close"),
    ("x-hop", "1"),
    ("keep-alive", "timeout=5"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "h2c"),
    ("te", "trailers"),
    ("trailer", "x-t"),
    ("proxy-authenticate", "Basic"),
)


async def test_no_header_of_an_answer_vanishes() -> None:
    """First and later answers carry all that the handler said, in its words and lines."""
    stack = Stack(Origin(headers=(*KEPT, *DROPPED)))

    for _ in range(2):
        lines = (await stack.ask()).lines
        assert [pair for pair in KEPT if tuple(map(str.encode, pair)) not in lines] == []
        assert {name.decode() for name, _ in lines} & {name for name, _ in DROPPED} == set()


@pytest.mark.parametrize(
    "name", ["x-request-id", "X-Correlation-ID", "traceparent", "traceresponse", "Server-Timing"]
)
async def test_what_names_a_request_is_its_own(name: str) -> None:
    """Who asked for the load has the id of its request, and who is answered from it has no other's."""
    origin = Origin(headers=((name, "7"),), held=(go := asyncio.Event()))
    stack = Stack(origin)
    waiting = [asyncio.ensure_future(stack.ask()) for _ in range(3)]
    await until(lambda: origin.calls == 1)
    go.set()
    answers = [*await asyncio.gather(*waiting), await stack.ask()]

    assert [name.lower() in answer.headers for answer in answers] == [True, False, False, False]
    assert origin.calls == 1


async def test_age_grows_from_what_the_answer_had() -> None:
    """`Age` is the answer's own and the time it lay here (RFC 9111, 4.2.3); the first has its own."""
    stack = Stack(Origin(headers=(*cc("max-age=100"), ("age", "30"))))
    first = await stack.ask()
    stack.clock.advance(12)
    second = await stack.ask()

    assert (first.headers["age"], second.headers["age"]) == ("30", "42")
    assert second.headers["cache-status"] == "T; hit; ttl=58"


async def test_a_stored_answer_tells_its_age() -> None:
    """One without `Age` of its own has none at first, and later the time since it was asked for."""
    stack = Stack(Origin())
    first = await stack.ask()
    stack.clock.advance(5)

    assert "age" not in first.headers
    assert (await stack.ask()).headers["age"] == "5"


@pytest.mark.parametrize(
    "status",
    [201, 202, 203, 204, 206, 299, 301, 302, 304, 307, 308, 400, 401, 403, 405, 410, 429, 500, 503, 599],
)
async def test_other_statuses_are_passed_on_and_never_stored(status: int) -> None:
    """Only a 200, and an absence where the policy says so, is kept, whatever it says of itself."""
    origin = Origin(status=status, headers=(*cc("max-age=100"), ("x-a", "1")))
    stack = Stack(origin)
    first, second = await stack.ask(), await stack.ask()

    assert (first.status, second.status, origin.calls) == (status, status, 2)
    assert (second.headers["x-a"], second.headers["cache-control"]) == ("1", "max-age=100")


async def test_head_is_answered_from_a_stored_get_and_fills_it() -> None:
    """The load of either is a GET; HEAD has its headers and no body."""
    origin = Origin(headers=(("x-a", "1"),))
    stack = Stack(origin)
    head, get = await stack.ask(method="HEAD"), await stack.ask()

    assert (head.body, get.body) == (b"", b"answer 1")
    assert (head.headers["content-length"], head.headers["x-a"]) == ("8", "1")
    assert origin.methods == ["GET"]


NOT_SHARED: list[tuple[str, int, Pairs]] = [
    ("a cookie", 200, (("set-cookie", "sid=1"),)),
    ("no-store", 200, cc("no-store")),
    ("private", 200, cc("private")),
    ("no-cache", 200, cc("no-cache")),
    ("stale at once", 200, cc("max-age=0")),
    ("vary by everything", 200, (("vary", "*"),)),
    ("a failure with a cookie", 503, (("set-cookie", "sid=1"),)),
    ("forbidden", 403, ()),
    ("unauthorized", 401, ()),
    ("a redirect", 302, (("location", "/x"),)),
    ("too many", 429, ()),
    ("a part", 206, ()),
    ("broken off", 200, (("content-length", "900"),)),
]


@pytest.mark.parametrize(
    ("status", "headers"), [row[1:] for row in NOT_SHARED], ids=[row[0] for row in NOT_SHARED]
)
async def test_what_is_for_one_goes_to_nobody_else(status: int, headers: Pairs) -> None:
    """Of those who waited together each asks for itself."""
    origin = Origin(status=status, headers=headers, held=(go := asyncio.Event()))
    stack = Stack(origin)
    waiting = [asyncio.ensure_future(stack.ask()) for _ in range(3)]
    await until(lambda: origin.calls == 1)
    go.set()
    answers = await asyncio.gather(*waiting)

    assert {answer.body for answer in answers} == {b"answer 1", b"answer 2", b"answer 3"}
    assert {answer.status for answer in answers} == {status}


@pytest.mark.parametrize("headers", [(), cc("no-store")])
async def test_a_failure_is_told_to_all_who_wait(headers: Pairs) -> None:
    """A service that fails is not asked again by everyone who waits for it."""
    origin = Origin(status=503, headers=headers, held=(go := asyncio.Event()))
    stack = Stack(origin)
    waiting = [asyncio.ensure_future(stack.ask()) for _ in range(3)]
    await until(lambda: origin.calls == 1)
    go.set()

    assert {answer.status for answer in await asyncio.gather(*waiting)} == {503}
    assert origin.calls == 1


STALE: list[tuple[str, Pairs, bool]] = [
    ("nothing said", (), REUSED),
    ("max-age", cc("max-age=10"), REUSED),
    ("must-revalidate", cc("max-age=10, must-revalidate"), ASKED),
    ("proxy-revalidate", cc("max-age=10, proxy-revalidate"), ASKED),
    ("s-maxage", cc("s-maxage=10"), ASKED),
    ("stale-if-error of nothing", cc("max-age=10, stale-if-error=0"), ASKED),
]


@pytest.mark.parametrize(("headers", "served"), [row[1:] for row in STALE], ids=[row[0] for row in STALE])
async def test_a_stale_answer_stands_in_only_where_it_may(headers: Pairs, served: bool) -> None:  # noqa: FBT001 - a table's column
    """`stale_if_error_s` of the policy ends where the answer forbids it (RFC 9111, 4.2.4)."""

    class Failing(Origin):
        fails = False

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if self.fails:
                raise LookupError
            await super().__call__(scope, receive, send)

    origin = Failing(headers=headers)
    stack = Stack(origin, CachePolicy("notes", TTL_S, jitter=0, stale_if_error_s=3_600, early_refresh=0))
    first = await stack.ask()
    stack.clock.advance(TTL_S)
    origin.fails = True
    if not served:
        with pytest.raises(LookupError):
            await stack.ask()
        return
    stale = await stack.ask()
    assert stale.body == first.body
    assert stale.headers["age"] == str(int(TTL_S))
    assert stale.headers["cache-status"].endswith("detail=stale")


REQUESTS: list[tuple[str, Pairs]] = [
    ("no-cache", cc("no-cache")),
    ("no-store", cc("no-store")),
    ("max-age", cc("max-age=0")),
    ("min-fresh", cc("min-fresh=100000")),
    ("only-if-cached", cc("only-if-cached")),
    ("pragma", (("pragma", "no-cache"),)),
]


@pytest.mark.parametrize("asked", [row[1] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
async def test_a_requests_directives_do_not_reach_the_service(asked: Pairs) -> None:
    """They are advisory (RFC 9111, 5.2.1): a client cannot make the service load what is true already."""
    origin = Origin()
    stack = Stack(origin)
    await stack.ask()
    await stack.ask(asked)

    assert origin.calls == 1
