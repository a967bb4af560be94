"""Keys: the literal examples, what is refused, and that no part can leave its tenant."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cache.keys import CacheKey, digest, generation_keys, hash_tag, make_key
from monitor.errors import CrossTenantAccess, InvalidCacheKey, InvalidTenantId, TenantNotBound
from monitor.tenancy.context import bind

HOSTILE = st.text(
    st.one_of(st.sampled_from(":*{}~|?[]\\\r\n\0 _-.gen"), st.characters()), max_size=120
) | st.sampled_from(["gen", "lock", "tenant_1:contacts", "{tenant_1:contacts}", "*", "", "x" * 500])
TENANTS = st.integers(1, 2**63 - 1) | st.integers(1, 12)
DOMAINS = st.sampled_from(["contacts", "appointments", "a", "contacts_x"])


@pytest.mark.parametrize(
    ("domain", "parts", "expected"),
    [
        ("contacts", ("list", "page_1"), "tenant_1:contacts:list:page_1"),
        ("appointments", ("date_2025-06-17",), "tenant_1:appointments:date_2025-06-17"),
        ("analytics", ("dashboard",), "tenant_1:analytics:dashboard"),
    ],
)
def test_the_examples_of_the_requirements_hold_literally(
    domain: str, parts: tuple[str, ...], expected: str
) -> None:
    """The three example keys come out letter by letter."""
    assert expected == make_key(1, domain, *parts)


def test_physical_keys_share_a_hash_tag_with_their_generations() -> None:
    """A value and the generations it depends on lie on one cluster slot."""
    key = make_key(1, "contacts", "detail", "7", entity=7)

    assert key.physical == "{tenant_1:contacts}:detail:7"
    assert key.generation_keys == ("{tenant_1:contacts}:gen:7", "{tenant_1:contacts}:gen:*")
    assert key.read_keys == (*key.generation_keys, key.physical)


def test_a_list_depends_on_the_list_generation() -> None:
    """A key without an entity is of the list level."""
    key = make_key(1, "contacts", "list", "page_1")

    assert key.generation_keys == ("{tenant_1:contacts}:gen", "{tenant_1:contacts}:gen:*")
    assert key.read_keys == (*key.generation_keys, key.physical)


def test_a_write_to_an_entity_replaces_the_list_and_its_own_generation() -> None:
    """Other entities of the domain keep theirs."""
    assert generation_keys(1, "contacts", "7") == ("{tenant_1:contacts}:gen", "{tenant_1:contacts}:gen:7")


def test_a_bulk_write_replaces_what_every_entry_depends_on() -> None:
    """Details and lists both depend on the bulk generation."""
    replaced = set(generation_keys(1, "contacts", None))

    assert replaced & set(make_key(1, "contacts", "list").generation_keys)
    assert replaced & set(make_key(1, "contacts", "detail", "7", entity=7).generation_keys)


@pytest.mark.parametrize("part", ["gen", "lock"])
def test_reserved_first_parts_are_refused(part: str) -> None:
    """No value can be stored where generations and load leases live."""
    with pytest.raises(InvalidCacheKey):
        make_key(1, "contacts", part, "7")


@pytest.mark.parametrize("domain", ["", "Contacts", "a:b", "a{b", "1a", "a" * 49, "a\n"])
def test_domains_are_plain_words(domain: str) -> None:
    """A domain that could hold a delimiter is refused."""
    with pytest.raises(InvalidCacheKey):
        make_key(1, domain, "list")


def test_a_key_has_at_least_one_part() -> None:
    """A bare domain is no key."""
    with pytest.raises(InvalidCacheKey):
        make_key(1, "contacts")


@pytest.mark.parametrize("tenant", [0, -1, 2**63, True, 1.0])
def test_only_tenant_ids_make_keys(tenant: int) -> None:
    """What is no positive integer names no tenant."""
    with pytest.raises(InvalidTenantId):
        make_key(tenant, "contacts", "list")


def test_a_key_is_refused_outside_its_tenant() -> None:
    """A key of one clinic cannot be used under another, nor where none is bound."""
    key = make_key(1, "contacts", "list")
    with pytest.raises(TenantNotBound):
        key.require_bound()
    with bind(2), pytest.raises(CrossTenantAccess):
        key.require_bound()
    with bind(1):
        assert key.require_bound() is None  # type: ignore[func-returns-value]


def test_errors_do_not_hold_the_hostile_part() -> None:
    """A part may be personal, so no error repeats it."""
    with pytest.raises(InvalidCacheKey) as caught:
        make_key(1, "Jane Doe", "list")

    assert "Jane" not in f"{caught.value!r}{vars(caught.value)}"


def test_a_service_says_what_stands_before_the_tenant() -> None:
    """The prefix is in the key, in its place in the store and in the generations a write replaces."""
    key = make_key(1, "orders", "detail", "7", entity=7, prefix="account_")

    assert "account_1:orders:detail:7" == key
    assert "{account_1:orders}:detail:7" == key.physical
    assert set(generation_keys(1, "orders", "7", "account_")) & set(key.generation_keys)
    assert set(generation_keys(1, "orders", None, "account_")) >= {key.generation_keys[1]}


@given(TENANTS, DOMAINS, st.lists(HOSTILE, min_size=1, max_size=4), HOSTILE)
@settings(max_examples=300, deadline=None)
def test_no_part_leaves_its_tenant_and_domain(
    tenant: int, domain: str, parts: list[str], entity: str
) -> None:
    """Whatever a part holds, every physical key starts with the tenant's own tag and has no second one."""
    try:
        key = make_key(tenant, domain, *parts, entity=entity)
    except InvalidCacheKey:
        assert parts[0] in {"gen", "lock"}
        return
    tag = hash_tag(tenant, domain)

    assert key.startswith(f"tenant_{tenant}:{domain}:")
    for physical in key.read_keys:
        assert physical.startswith(f"{tag}:")
        assert not set(physical.removeprefix(tag)) & set("{}\r\n\0 ")
    assert key.physical not in generation_keys(tenant, domain, entity)
    assert (
        not key.physical.startswith((f"{tag}:gen", f"{tag}:lock")) or ":" not in key.physical[len(tag) + 1 :]
    )


@given(
    st.tuples(TENANTS, DOMAINS, st.lists(HOSTILE, min_size=1, max_size=3)),
    st.tuples(TENANTS, DOMAINS, st.lists(HOSTILE, min_size=1, max_size=3)),
)
@settings(max_examples=300, deadline=None)
def test_different_things_have_different_keys(
    one: tuple[int, str, list[str]], other: tuple[int, str, list[str]]
) -> None:
    """Two different (tenant, domain, parts) never make one key."""

    def made(what: tuple[int, str, list[str]]) -> CacheKey | None:
        try:
            return make_key(what[0], what[1], *what[2])
        except InvalidCacheKey:
            return None

    first, second = made(one), made(other)
    if first is not None and second is not None:
        assert (first == second) == (one == other)
        assert (first.physical == second.physical) == (one == other)


@given(HOSTILE)
@settings(deadline=None)
def test_a_digest_is_plain(text: str) -> None:
    """Free text becomes a short plain part, so it never stands in a key itself."""
    assert len(digest(text)) == 32
    assert make_key(1, "contacts", digest(text)).endswith(digest(text))


def test_a_million_hostile_parts_never_leave_their_tenant() -> None:
    """A million parts of delimiters, control characters and Unicode: no two keys are one, none escapes."""
    draw = random.Random(7)
    alphabet = ":*{}\r\n\0~|?[]\\ .-_aZ09\u00e9\u4e2d\U0001f9b7\u202e"
    seen: dict[str, tuple[int, tuple[str, ...]]] = {}
    for _ in range(250_000):
        tenant = draw.randrange(1, 50)
        parts = tuple("".join(draw.choices(alphabet, k=draw.randrange(4))) for _ in range(4))
        key = make_key(tenant, "contacts", *parts)
        assert key.physical.startswith(f"{{tenant_{tenant}:contacts}}:")
        assert seen.setdefault(key.physical, (tenant, parts)) == (tenant, parts)
