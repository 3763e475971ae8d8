"""The three stores of endpoints behave alike, and lose nothing that several write at once."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from packager.endpoints import ssm_store
from packager.endpoints.documents import document_text
from packager.endpoints.dynamodb_store import TableStore
from packager.endpoints.endpoint import Endpoint
from packager.endpoints.file_store import FileStore
from packager.endpoints.hook_ids import new_hook_id
from packager.endpoints.ssm_store import ParameterStore
from packager.endpoints.store import (
    Change,
    Clash,
    NameTaken,
    RootTaken,
    Store,
    WrittenInPart,
)
from packager.errors import PackagerError
from packager.model.options import SecretSource, SsmSource
from packager.settings.aws import Aws
from tests.support.aws.moto_server import MotoServer

PREFIX = "/packager/prod/NekoFunction/"
TABLE = "endpoints"


@pytest.fixture(scope="module")
def aws(moto_plain: MotoServer) -> Iterator[Aws]:
    """This process's clients, pointed at moto: making them takes longer than what they do."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto_plain.environment.items():
            patch.setenv(name, value)
        made = Aws()
        made.client("ssm"), made.client("dynamodb")
        yield made


@pytest.fixture
def moto(moto_plain: MotoServer, aws: Aws) -> MotoServer:
    """moto with an empty table and nothing else."""
    moto_plain.reset()
    moto_plain.boto("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return moto_plain


Open = Callable[[], Store]


@pytest.fixture(params=["dynamodb", "ssm", "file"])
def opened(request: pytest.FixtureRequest, moto: MotoServer, aws: Aws, tmp_path: Path) -> Open:
    """What opens the store again, as another process would."""
    opens: dict[str, Open] = {
        "dynamodb": lambda: TableStore(aws, TABLE),
        "ssm": lambda: ParameterStore(aws, PREFIX, None),
        "file": lambda: FileStore(tmp_path / "below" / "endpoints.sqlite", "neko/neko"),
    }
    return opens[request.param]


@pytest.fixture
def store(opened: Open) -> Store:
    return opened()


def make(name: str, **changes: Any) -> Endpoint:
    """An endpoint as it might be; `sealed` aside, which one store has."""
    settings = {"greeting": "Miau {{x}}", "app": {"app_id": "é"}}
    return Endpoint(
        **{"hook_id": new_hook_id("key"), "name": name, "settings": settings}
        | {"created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"}
        | changes
    )


def create(store: Store, name: str, **changes: Any) -> Endpoint:
    endpoint = make(name, **changes)
    store.write([Change(None, endpoint)])
    found = store.get(endpoint.hook_id)
    assert found is not None
    return found


def edited(endpoint: Endpoint, **changes: Any) -> Endpoint:
    return replace(endpoint, version=endpoint.version + 1, **changes)


def names(store: Store) -> list[str]:
    return sorted(each.name for each in store.all())


def test_an_empty_store(store: Store) -> None:
    assert store.all() == []
    assert (store.get("abc"), store.named("Pepper"), store.root()) == (None, None, None)


def test_what_is_written_is_read_again(store: Store, opened: Open) -> None:
    references = {"api_key": SsmSource("/a"), "token": SecretSource("b", "k")}
    pepper = make("Pepper", references=references, space="xyz")
    salt = make("Salt é", enabled=False, root=True)

    store.write([Change(None, pepper), Change(None, salt)])

    again = opened()
    assert again.get(pepper.hook_id) == again.named("Pepper") == pepper
    assert again.get(salt.hook_id) == again.named("Salt é") == salt
    assert sorted(again.all(), key=lambda each: each.name) == [pepper, salt]
    assert again.root() == salt.hook_id
    assert again.get("root") is again.get("names") is again.named("Pep") is None


def test_an_edit_replaces_and_a_deletion_deletes(store: Store) -> None:
    pepper = create(store, "Pepper")
    after = edited(pepper, settings={"greeting": "Nyan"}, enabled=False, updated="now")

    store.write([Change(pepper, after)])
    found = store.named("Pepper")
    assert found == after

    store.write([Change(found, None)])
    assert store.all() == []
    assert store.named("Pepper") is store.get(pepper.hook_id) is None


def test_names_differ(store: Store) -> None:
    create(store, "Pepper")
    salt = create(store, "Salt")

    with pytest.raises(NameTaken, match="there is an endpoint named Pepper already"):
        store.write([Change(None, make("Pepper"))])
    with pytest.raises(NameTaken):
        store.write([Change(salt, edited(salt, name="Pepper"))])

    assert names(store) == ["Pepper", "Salt"]
    assert store.named("Salt") == salt


def test_a_name_is_free_again_when_it_was_changed_or_deleted(store: Store) -> None:
    pepper = create(store, "Pepper")

    store.write([Change(pepper, edited(pepper, name="Salt"))])
    assert store.named("Pepper") is None
    again = create(store, "Pepper")
    store.write([Change(again, None)])
    create(store, "Pepper")

    assert names(store) == ["Pepper", "Salt"]


def test_a_rotated_endpoint_has_another_id_and_its_name(store: Store) -> None:
    pepper = create(store, "Pepper", root=True)
    after = edited(pepper, hook_id=new_hook_id("key"), space=pepper.hook_id)

    store.write([Change(pepper, after)])

    assert store.get(pepper.hook_id) is None
    assert store.named("Pepper") == store.get(after.hook_id) == after
    assert store.root() == after.hook_id
    assert store.all() == [after]


def test_one_endpoint_answers_at_the_root(store: Store) -> None:
    pepper, salt = create(store, "Pepper", root=True), create(store, "Salt")

    with pytest.raises(RootTaken):
        store.write([Change(salt, edited(salt, root=True))])
    with pytest.raises(RootTaken):
        store.write([Change(None, make("Sugar", root=True))])
    assert names(store) == ["Pepper", "Salt"]
    assert (store.root(), store.named("Salt")) == (pepper.hook_id, salt)

    store.write([Change(pepper, edited(pepper, root=False)), Change(salt, edited(salt, root=True))])
    assert store.root() == salt.hook_id
    now = store.named("Salt")
    assert now is not None
    store.write([Change(now, None)])
    assert store.root() is None


def test_who_comes_second_is_told_and_writes_nothing(store: Store, opened: Open) -> None:
    pepper = create(store, "Pepper")
    theirs = edited(pepper, settings={"greeting": "theirs"})
    opened().write([Change(pepper, theirs)])

    mine = edited(pepper, settings={"greeting": "mine"})
    for change in (
        Change(pepper, mine),
        Change(pepper, replace(mine, name="Salt")),
        Change(pepper, replace(mine, root=True)),
        Change(pepper, replace(mine, hook_id=new_hook_id("key"))),
        Change(pepper, None),
    ):
        with pytest.raises(Clash, match=r"Pepper|Salt"):
            store.write([change])

    assert store.all() == [theirs]
    assert (store.root(), store.named("Salt")) == (None, None)

    found = store.named("Pepper")
    assert found is not None
    opened().write([Change(found, None)])
    with pytest.raises(Clash):
        store.write([Change(found, edited(found))])
    assert store.all() == []


def at_once(count: int, act: Callable[[int], None]) -> list[BaseException | None]:
    """Do something in so many threads at the same moment, and return what each raised."""
    gate = threading.Barrier(count)
    raised: list[BaseException | None] = [None] * count

    def run(number: int) -> None:
        gate.wait(30)
        try:
            act(number)
        except PackagerError as error:
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return raised


def test_of_several_that_make_one_name_at_once_one_does(opened: Open) -> None:
    made = [make("Pepper", settings={"n": number}) for number in range(6)]

    raised = at_once(6, lambda number: opened().write([Change(None, made[number])]))

    (winner,) = [number for number, error in enumerate(raised) if error is None]
    assert all(isinstance(each, NameTaken | Clash) for each in raised if each is not None)
    assert opened().all() == [opened().named("Pepper")] == [made[winner]]


def add_key(store: Store, number: int) -> None:
    """Edit an endpoint as a command does: read it, and write what it is to be."""
    before = store.named("Pepper")
    assert before is not None
    settings = {**before.settings, f"key{number}": number}
    store.write([Change(before, edited(before, settings=settings))])


@pytest.mark.parametrize("opened", ["dynamodb", "file"], indirect=True)
def test_of_several_edits_at_once_none_is_lost(opened: Open) -> None:
    create(opened(), "Pepper", settings={})

    def edit_until_done(number: int) -> None:
        for _ in range(100):
            try:
                return add_key(opened(), number)
            except Clash:
                continue
        raise AssertionError("it never came first")

    assert at_once(4, edit_until_done) == [None] * 4
    found = opened().named("Pepper")
    assert found is not None
    assert found.settings == {f"key{number}": number for number in range(4)}
    assert found.version == 5


@pytest.mark.parametrize("opened", ["ssm"], indirect=True)
def test_of_several_edits_at_once_each_that_is_overwritten_is_reported(
    opened: Open, moto: MotoServer
) -> None:
    """Whoever overwrote it is told, and where it is: Parameter Store keeps what was."""
    pepper = create(opened(), "Pepper", settings={})
    told: list[str] = []
    refused: list[int] = []

    def edit(number: int) -> None:
        for _ in range(3):
            try:
                add_key(opened(), number)
            except Clash as clash:
                if "nothing was written" in str(clash):
                    refused.append(number)
                    return
                told.append(str(clash.hint))

    assert at_once(6, edit) == [None] * 6
    found = opened().get(pepper.hook_id)
    assert found is not None
    somewhere = set(found.settings)
    for hint in told:
        name = re.fullmatch(r"it is kept as (\S+); look at both, and edit it again", hint)
        assert name is not None
        kept = moto.boto("ssm").get_parameter(Name=name[1], WithDecryption=True)["Parameter"]
        somewhere |= set(json.loads(kept["Value"])["settings"])
    assert somewhere >= {f"key{number}" for number in range(6)} - {
        f"key{number}" for number in refused
    }


def test_many_are_written_together_and_in_part_only_if_it_is_said(store: Store) -> None:
    create(store, "e059")
    many = [make(f"e{number:03}", root=number == 0) for number in range(60)]

    with pytest.raises(PackagerError, match="named e059 already") as refused:
        store.write([Change(None, each) for each in many])

    written = [name for name in names(store) if name != "e059"]
    if isinstance(refused.value, WrittenInPart):
        assert sorted(refused.value.done) == written
        assert "written before: e000, e001, e002, e003, e004 and " in str(refused.value)
    else:
        assert written == []

    rest = [each for each in many if each.name not in (*written, "e059")]
    store.write([Change(None, each) for each in rest])
    assert names(store) == [f"e{number:03}" for number in range(60)]
    assert store.root() == many[0].hook_id


def test_the_file_is_its_owners_alone_and_keeps_functions_apart(tmp_path: Path) -> None:
    path = tmp_path / "below" / "endpoints.sqlite"
    neko, other = FileStore(path, "neko/neko"), FileStore(path, "other/neko")

    create(neko, "Pepper", root=True)
    create(other, "Pepper", root=True)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert names(neko) == names(other) == ["Pepper"]
    assert neko.key == other.key == FileStore(path, "x/y").key
    assert len(neko.key) >= 32
    (pepper,) = neko.all()
    assert other.get(pepper.hook_id) is None


def test_another_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a store, but text\n" * 100)

    with pytest.raises(PackagerError, match="can't be used as a store of endpoints"):
        FileStore(tmp_path / "notes.txt", "neko/neko").all()
    with pytest.raises(PackagerError, match="can't be opened: File exists"):
        FileStore(tmp_path / "notes.txt" / "x", "neko/neko").write([Change(None, make("a"))])


def test_what_dynamodb_has_is_what_the_runtime_reads(moto: MotoServer, aws: Aws) -> None:
    store = TableStore(aws, TABLE)
    pepper = make("Pepper", sealed=b"\x01sealed", references={"t": SsmSource("/a")}, root=True)

    store.write([Change(None, pepper)])

    items = {each["id"]["S"]: each for each in moto.boto("dynamodb").scan(TableName=TABLE)["Items"]}
    assert items == {
        pepper.hook_id: {
            "id": {"S": pepper.hook_id},
            "name": {"S": "Pepper"},
            "enabled": {"BOOL": True},
            "settings": {"S": '{"greeting":"Miau {{x}}","app":{"app_id":"é"}}'},
            "references": {"S": '{"t":["ssm","/a"]}'},
            "sealed": {"B": b"\x01sealed"},
            "version": {"N": "1"},
            "created": {"S": "2026-01-01T00:00:00Z"},
            "updated": {"S": "2026-01-01T00:00:00Z"},
        },
        "name:Pepper": {"id": {"S": "name:Pepper"}, "hook_id": {"S": pepper.hook_id}},
        "root": {"id": {"S": "root"}, "hook_id": {"S": pepper.hook_id}},
    }
    assert store.get(pepper.hook_id) == pepper


def test_an_item_as_large_as_dynamodb_takes(moto: MotoServer, aws: Aws) -> None:
    store = TableStore(aws, TABLE)
    room = 409_600 - store.size(make("é", settings={"a": ""}))

    create(store, "é", settings={"a": "x" * room})
    with pytest.raises(PackagerError, match="size has exceeded"):
        create(store, "è", settings={"a": "x" * (room + 100)})


def test_what_ssm_has_is_what_the_runtime_reads(moto: MotoServer, aws: Aws) -> None:
    moto.boto("kms").create_alias(
        AliasName="alias/neko",
        TargetKeyId=moto.boto("kms").create_key()["KeyMetadata"]["KeyId"],
    )
    store = ParameterStore(aws, PREFIX, "alias/neko")
    pepper = make("Pepper", root=True)

    store.write([Change(None, pepper)])

    found = moto.boto("ssm").get_parameters_by_path(
        Path=PREFIX, Recursive=True, WithDecryption=True
    )["Parameters"]
    assert {each["Name"].removeprefix(PREFIX): each["Value"] for each in found} == {
        pepper.hook_id: document_text(pepper),
        f"names/{hashlib.sha256(b'Pepper').hexdigest()[:32]}": pepper.hook_id,
        "root": pepper.hook_id,
    }
    assert {each["Type"] for each in found} == {"SecureString"}
    described = moto.boto("ssm").describe_parameters()["Parameters"]
    assert {each["KeyId"] for each in described} == {"alias/neko"}


def interrupted(moto: MotoServer, name: str, version: int = 1) -> Endpoint:
    """What is left of a command that was killed after it claimed a name."""
    left = make(name)
    for _ in range(version):
        moto.boto("ssm").put_parameter(
            Name=PREFIX + ssm_store._name_parameter(name),
            Value=left.hook_id,
            Type="SecureString",
            Overwrite=True,
        )
    return left


def test_a_name_that_a_killed_command_claimed_is_free_after_a_while(
    moto: MotoServer, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ParameterStore(aws, PREFIX, None)
    interrupted(moto, "Pepper", version=3)

    with pytest.raises(Clash, match="somebody else is making an endpoint named Pepper"):
        create(store, "Pepper")
    assert store.all() == []

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(UTC) + timedelta(minutes=2)

    monkeypatch.setattr(ssm_store, "datetime", Later)
    pepper = create(store, "Pepper")
    assert store.named("Pepper") == pepper


def test_a_write_between_the_looks_at_a_version_is_told(
    moto: MotoServer, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameter Store overwrites whatever is there: then who did it is told where the other is."""
    store, other = (ParameterStore(aws, PREFIX, None) for _ in range(2))
    pepper = create(store, "Pepper")
    monkeypatch.setattr(store, "_check", lambda before: None)  # as if it was just before
    other.write([Change(pepper, edited(pepper, settings={"by": "them"}))])

    with pytest.raises(Clash, match="what this wrote is version 3 of its parameter") as clash:
        store.write([Change(pepper, edited(pepper, settings={"by": "me"}))])

    assert clash.value.hint == (
        f"it is kept as {PREFIX}{pepper.hook_id}:2; look at both, and edit it again"
    )
    theirs = moto.boto("ssm").get_parameter(Name=f"{PREFIX}{pepper.hook_id}:2", WithDecryption=True)
    assert json.loads(theirs["Parameter"]["Value"])["settings"] == {"by": "them"}

    found = other.get(pepper.hook_id)
    assert found is not None
    other.write([Change(found, None)])
    with pytest.raises(Clash, match="Pepper was deleted by somebody else meanwhile; so it stays"):
        store.write([Change(found, edited(found))])
    assert other.all() == []


@pytest.mark.parametrize("kind", ["dynamodb", "ssm"])
def test_what_others_wrote_there_is_an_error_that_names_it(
    moto: MotoServer, aws: Aws, kind: str
) -> None:
    store: Store = ParameterStore(aws, PREFIX, None)
    if kind == "dynamodb":
        store = TableStore(aws, TABLE)
        item = {"id": {"S": "abc"}, "name": {"S": "Pepper"}}
        moto.boto("dynamodb").put_item(TableName=TABLE, Item=item)
    else:
        moto.boto("ssm").put_parameter(Name=f"{PREFIX}abc", Value="s3cr3t", Type="SecureString")

    for read in (lambda: store.get("abc"), store.all):
        with pytest.raises(PackagerError, match="of the endpoint abc can't be read") as error:
            read()
        assert "s3cr3t" not in str(error.value)


def test_a_table_that_is_gone(moto: MotoServer, aws: Aws) -> None:
    store = TableStore(aws, "another")

    for act in (store.all, store.root, lambda: store.write([Change(None, make("a"))])):
        with pytest.raises(PackagerError, match=r"table another can't be .*ResourceNotFound"):
            act()
