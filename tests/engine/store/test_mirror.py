"""A store on an object store: the bytes of a local one, imports at once, lost answers, and errors in one line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from s3fs import S3FileSystem

from engine.errors import BeaError, StoreError, UsageError
from engine.store import Store, mirror
from engine.store.bucket import Bucket
from tests.engine.store.batches import FakeBatch, league
from tests.object_server.server import KEY, Fault, Objects, environment, object_server, operation
from tests.venue_server.wire import Delivery
from tests.wire_server.server import Heard

ADDRESS = "s3://odds/history"


@dataclass
class Service:
    """A running server, and machines of which each has copies of its own."""

    objects: Objects
    url: str
    folder: Path
    patch: pytest.MonkeyPatch

    def on(self, machine: str) -> None:
        """Go on as another machine."""
        self.patch.setenv("BEA_HOME", str(self.folder / machine))

    def names(self, folder: str) -> dict[str, bytes]:
        """Objects under a folder of the store, by name."""
        prefix = f"history/{folder}/"
        return {k.removeprefix(prefix): v for k, v in self.objects.buckets["odds"].items() if k.startswith(prefix)}

    def manifest(self) -> bytes:
        """The newest manifest."""
        return max(self.names("manifest").items())[1]

    def fails(self, method: str, part: str, *faults: Fault) -> None:
        """The next requests of a method to a name with some part meet these faults."""
        left = list(faults)

        def faulty(heard: Heard) -> Fault | None:
            return left.pop(0) if left and operation(heard) == method and part in heard.path else None

        self.objects.faulty = faulty


@pytest.fixture()
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """An object store with an empty bucket, and the home of one machine. Attempts follow each other at once."""
    monkeypatch.setattr("engine.store.bucket._WAITS_S", (0.0, 0.0, 0.0, 0.0))
    objects = Objects()
    with object_server(objects) as server:
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()  # sessions keep the endpoint of their first use
        made = Service(objects, server.url, tmp_path, monkeypatch)
        made.on("one")
        yield made


@dataclass
class Passes:
    """Batches, and what happens when a pass over them begins."""

    batches: list[FakeBatch]
    before: list[Callable[[], object]] = field(default_factory=list)
    passes: int = 0

    def __iter__(self) -> Iterator[FakeBatch]:
        self.passes += 1
        if self.before:
            self.before.pop(0)()
        yield from self.batches


def two(tmp_path: Path) -> list[FakeBatch]:
    """Two leagues of one source, with raw files."""
    raw = tmp_path / "raw.csv"
    raw.write_text("raw")
    return [league("E0", 2021, 20), league("D1", 2021, 20)]


def local(tmp_path: Path, *imports: Iterable[FakeBatch]) -> Store:
    """The local store of some imports, one after the other."""
    store = Store.create_or_open(tmp_path / "local")
    for batches in imports:
        store.apply(batches)
    return store


def test_it_holds_the_bytes_of_a_local_store(service: Service, tmp_path: Path) -> None:
    batches = two(tmp_path)
    expected = local(tmp_path, batches[:1], batches[1:])
    for one in batches:
        summary = Store.create_or_open(ADDRESS).apply([one])
        assert summary.changed and summary.files_read == 1
    assert service.manifest() == expected.manifest.dump()
    for path in expected.manifest.files:
        assert service.objects.buckets["odds"][f"history/{path}"] == (expected.root / path).read_bytes()
    service.on("two")
    opened = Store.open(ADDRESS + "/")
    assert opened.place == ADDRESS
    assert opened.events().equals(expected.events()) and opened.quotes().equals(expected.quotes())
    query = "SELECT count(*), max(odds), min(known_at) FROM quotes"
    assert opened.duckdb().execute(query).fetchone() == expected.duckdb().execute(query).fetchone()


def test_a_warm_machine_asks_once_and_a_repeated_import_writes_nothing(service: Service, tmp_path: Path) -> None:
    batches = two(tmp_path)
    Store.create_or_open(ADDRESS).apply(batches)
    Store.open(ADDRESS).quotes()
    service.objects.asked.clear()
    Store.open(ADDRESS).quotes()
    assert service.objects.asked == {"LIST": 1}
    before = dict(service.objects.buckets["odds"])
    summary = Store.create_or_open(ADDRESS).apply(batches)
    assert (summary.files_known, summary.changed) == (2, False)
    assert service.objects.buckets["odds"] == before


def test_of_two_imports_at_once_the_later_merges_again(service: Service, tmp_path: Path) -> None:
    mine, theirs = two(tmp_path)
    other = league("I1", 2021, 20)

    def rival(one: FakeBatch, machine: str) -> Callable[[], object]:
        def run() -> None:
            service.on(machine)
            Store.create_or_open(ADDRESS).apply([one])

        return run

    store = Store.create_or_open(ADDRESS)
    passes = Passes([mine], [rival(theirs, "two"), rival(other, "three")])
    summary = store.apply(passes)
    assert passes.passes == 3 and summary.files_read == 1 and summary.events_new == 20
    assert service.manifest() == local(tmp_path, [theirs], [other], [mine]).manifest.dump()
    assert len(service.names("manifest")) == 4  # the empty one, and one of each import


def test_machines_that_import_at_once_lose_nothing(service: Service, tmp_path: Path) -> None:
    batches = [league(name, 2021, 20) for name in ("E0", "D1", "I1", "F1")]
    stores = []
    for batch in batches:
        service.on(batch.events["competition"][0])
        stores.append(Store.create_or_open(ADDRESS))
    threads = [threading.Thread(target=store.apply, args=([one],)) for store, one in zip(stores, batches, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store.open(ADDRESS)
    assert sorted(one.raw_sha256 for one in store.manifest.imports) == sorted(one.raw_sha256 for one in batches)
    expected = pl.concat([one.events.select("event_id") for one in batches])
    assert sorted(store.events()["event_id"]) == sorted(expected["event_id"])


@pytest.mark.parametrize("delivery", [Delivery.DROPPED, Delivery.CUT, Delivery.SHORT])
def test_a_generation_whose_answer_was_lost_is_ours(service: Service, tmp_path: Path, delivery: Delivery) -> None:
    batches = two(tmp_path)
    store = Store.create_or_open(ADDRESS)
    service.fails("PUT", "/manifest/000000000001", Fault(delivery=delivery))
    passes = Passes(batches)
    summary = store.apply(passes)
    assert passes.passes == 1
    assert summary.files_read == 2 and len(service.names("manifest")) == 2
    assert service.manifest() == local(tmp_path, batches).manifest.dump()


def test_a_server_that_is_busy_for_a_while_is_asked_again(service: Service, tmp_path: Path) -> None:
    slow = Fault(503, "SlowDown")
    service.fails("PUT", "/events/", slow, Fault(500, "InternalError"), slow, Fault(delivery=Delivery.DROPPED))
    Store.create_or_open(ADDRESS).apply(two(tmp_path))
    service.on("two")
    service.fails("GET", "/quotes/", Fault(delivery=Delivery.CUT), Fault(delivery=Delivery.SHORT), slow)
    assert Store.open(ADDRESS).quotes().height == local(tmp_path, two(tmp_path)).quotes().height


def test_a_server_without_conditional_writes_is_refused(service: Service, tmp_path: Path) -> None:
    service.objects.has_conditions = False
    with pytest.raises(StoreError, match="does not know conditional writes"):
        Store.create_or_open(ADDRESS).apply(two(tmp_path))
    assert service.names("events") == {}


def test_an_import_that_fails_leaves_the_store_as_it_is(service: Service, tmp_path: Path) -> None:
    first, second = two(tmp_path)
    Store.create_or_open(ADDRESS).apply([first])
    before = service.manifest()
    service.fails("PUT", "/quotes/", *[Fault(503, "SlowDown")] * 50)
    with pytest.raises(StoreError, match=r"does not answer in s3:.* after 5 attempts"):
        Store.create_or_open(ADDRESS).apply([second])
    assert service.manifest() == before
    service.objects.faulty = lambda heard: None
    Store.create_or_open(ADDRESS).apply([second])
    assert service.manifest() == local(tmp_path, [first], [second]).manifest.dump()


def test_a_damaged_object_and_a_damaged_copy_are_told_apart(service: Service, tmp_path: Path) -> None:
    Store.create_or_open(ADDRESS).apply(two(tmp_path))
    store = Store.open(ADDRESS)
    rows = store.quotes().height
    copy = store.files("quotes")[0]
    copy.write_bytes(bytes(copy.stat().st_size))
    assert Store.open(ADDRESS).quotes().height == rows  # the copy was fetched again
    name = next(name for name in service.objects.buckets["odds"] if "/quotes/" in name)
    service.objects.buckets["odds"][name] = b"other"
    service.on("two")
    with pytest.raises(StoreError, match=r"damaged in s3://odds/history/quotes/"):
        Store.open(ADDRESS).quotes()


def test_a_bucket_that_was_emptied_and_filled_again_is_another_store(service: Service, tmp_path: Path) -> None:
    first, second = two(tmp_path)
    Store.create_or_open(ADDRESS).apply([first])
    Store.open(ADDRESS).events()
    service.objects.buckets["odds"].clear()
    service.on("two")
    Store.create_or_open(ADDRESS).apply([second])
    service.on("one")
    assert set(Store.open(ADDRESS).events()["competition"]) == {"D1"}


def test_many_generations_are_listed_page_by_page(service: Service, tmp_path: Path) -> None:
    service.objects.page = 2
    for name in ("E0", "D1", "I1", "F1"):
        Store.create_or_open(ADDRESS).apply([league(name, 2021, 20)])
    service.on("two")
    assert set(Store.open(ADDRESS).events()["competition"]) == {"E0", "D1", "I1", "F1"}


def test_copies_that_no_reader_needs_are_dropped_after_a_while(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.create_or_open(ADDRESS).apply([league("E0", 2021, 20)])
    old = Store.open(ADDRESS).files("quotes")
    service.on("two")
    Store.create_or_open(ADDRESS).apply([league("E0", 2021, 30)])
    service.on("one")
    monkeypatch.setattr(mirror, "_STAY_S", -1.0)
    new = Store.open(ADDRESS).files("quotes")
    assert new != old and not old[0].exists() and new[0].exists()


def test_large_objects_are_sent_in_parts_and_still_created_once(service: Service) -> None:
    bucket = Bucket(ADDRESS, part_bytes=100_000)
    content = bytes(range(256)) * 2_000
    assert bucket.create("large", content) and not bucket.create("large", b"x" * len(content))
    assert bucket.read("large") == content and service.objects.asked["POST"] >= 2


def errors() -> list[tuple[str, Callable[[Service], object], str]]:
    """What is wrong, how it comes about, and the line that says so."""

    def key(service: Service) -> None:
        service.patch.setenv("AWS_ACCESS_KEY_ID", KEY + "2")

    def no_key(service: Service) -> None:
        service.patch.delenv("AWS_ACCESS_KEY_ID")
        service.patch.delenv("AWS_SECRET_ACCESS_KEY")

    def denied(service: Service) -> None:
        service.fails("LIST", "", Fault(403, "AccessDenied"))

    def no_bucket(service: Service) -> None:
        service.objects.buckets.clear()

    def nobody(service: Service) -> None:
        service.patch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")

    def silent(service: Service) -> None:
        service.patch.setattr("engine.store.bucket._TIMEOUT_S", 0.05)
        service.fails("LIST", "", *[Fault(delivery=Delivery.SILENT)] * 5)

    def other(service: Service) -> None:
        service.objects.buckets["odds"]["history/photo.jpg"] = b"1"

    def not_a_manifest(service: Service) -> None:
        service.objects.buckets["odds"]["history/manifest/notes.txt"] = b"1"

    def damaged(service: Service) -> None:
        service.objects.buckets["odds"]["history/manifest/000000000000.json"] = b"{}"

    def moved(service: Service) -> None:
        service.fails("LIST", "", Fault(301, "PermanentRedirect"))

    return [
        ("wrong key", key, "access is denied in s3://odds/history/manifest: found 403 InvalidAccessKeyId"),
        ("no key", no_key, "no credentials for the object store"),
        ("denied", denied, "access is denied"),
        ("no bucket", no_bucket, "there is no such bucket"),
        ("nobody listens", nobody, "the object store does not answer"),
        ("silent", silent, "the object store does not answer"),
        ("other files", other, "the prefix holds something else in s3://odds/history/photo.jpg"),
        ("not a manifest", not_a_manifest, "an object among the manifests is none"),
        ("damaged", damaged, "the manifest is damaged in s3://odds/history/manifest/000000000000.json"),
        ("another region", moved, "the bucket is in another region"),
    ]


@pytest.mark.parametrize(("cause", "line"), [one[1:] for one in errors()], ids=[one[0] for one in errors()])
def test_errors_are_one_line(service: Service, cause: Callable[[Service], object], line: str) -> None:
    cause(service)
    S3FileSystem.clear_instance_cache()
    with pytest.raises(BeaError) as raised:
        Store.create_or_open(ADDRESS)
    text = str(raised.value)
    assert text.startswith(line) and "\n" not in text and "secret" not in text


@pytest.mark.parametrize("address", ["gs://odds/history", "s3://", "s3:///x", "s3://B", "s3://odds//x", "http://x/y"])
def test_other_addresses_are_refused(service: Service, address: str) -> None:
    with pytest.raises(UsageError, match="not an address of a store"):
        Store.open(address)


def test_a_missing_store_is_named_by_its_address(service: Service) -> None:
    with pytest.raises(StoreError, match=r"there is no store in s3://odds/history"):
        Store.open(ADDRESS)


def test_another_content_under_a_published_name_is_an_error(service: Service) -> None:
    bucket = Bucket(ADDRESS)
    bucket.publish("units/one", b"result")
    bucket.publish("units/one", b"result")
    with pytest.raises(StoreError, match="another content has this name already in s3://odds/history/units/one"):
        bucket.publish("units/one", b"other")
    assert bucket.read("units/one") == b"result"
