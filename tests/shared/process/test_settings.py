"""What the environment says, and what is refused."""

import pytest

from shared.process.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing about makewhole."""
    for name in ("PORT_BASE", "CRASH", *(f"MAKEWHOLE_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def given(environment: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        environment.setenv(name, value)


def test_without_an_environment_everything_is_where_the_local_stack_puts_it() -> None:
    settings = Settings()
    login, _, passwords = settings.dsn("dispute").partition("?passfile=")
    assert login == "postgresql://makewhole_dispute@127.0.0.1:15432/makewhole_dispute"
    assert passwords.endswith("/.local/pgpass")
    assert (settings.kafka, settings.sandbox) == ("127.0.0.1:19092", "http://127.0.0.1:8009")
    assert (settings.oidc_issuer, settings.oidc_jwks) == ("http://127.0.0.1:8009", "http://127.0.0.1:8009/jwks")


def test_another_base_moves_everything_that_is_not_named(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"PORT_BASE": "18000", "MAKEWHOLE_KAFKA": "elsewhere:1"})
    settings = Settings()
    assert (settings.port("dispute"), settings.worker_port("return-label")) == (18001, 18103)
    assert (settings.kafka, settings.sandbox) == ("elsewhere:1", "http://127.0.0.1:18009")
    assert settings.dsn("refund").partition("?")[0].endswith(":25432/makewhole_refund")


def test_the_base_may_also_be_given_in_code() -> None:
    assert Settings(port_base=9000).port("refund") == 9002


def test_a_service_is_found_under_either_spelling() -> None:
    assert Settings().dsn("return-label") == Settings().dsn("return_label")


def test_a_database_named_in_the_address_gives_way_to_the_services(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"MAKEWHOLE_DATABASE_URL": "postgresql://u:p@h:1/other?sslmode=require"})
    assert Settings().dsn("dispute") == "postgresql://u:p@h:1/makewhole_dispute?sslmode=require"


def test_the_issuer_follows_the_sandbox(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"MAKEWHOLE_SANDBOX": "http://sandbox:9/"})
    assert Settings().oidc_jwks == "http://sandbox:9/jwks"


def test_an_empty_variable_is_one_that_is_not_set(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"MAKEWHOLE_KAFKA": "", "PORT_BASE": "", "CRASH": ""})
    assert Settings().kafka == "127.0.0.1:19092"


@pytest.mark.parametrize("partitions", ["0", "-12", "7", "6144", "twelve"])
def test_partitions_hold_whole_slots(bare: pytest.MonkeyPatch, partitions: str) -> None:
    assert Settings().partitions == 12
    given(bare, {"MAKEWHOLE_PARTITIONS": "96"})
    assert Settings().partitions == 96
    given(bare, {"MAKEWHOLE_PARTITIONS": partitions})
    with pytest.raises(SystemExit, match="PARTITIONS"):
        Settings.load()


def test_the_crash_plan_is_read_under_its_short_name(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"CRASH": "append.after_commit:3"})
    assert Settings().crash == "append.after_commit:3"


def test_what_is_wrong_is_said_in_a_line_without_the_value(bare: pytest.MonkeyPatch) -> None:
    given(bare, {"MAKEWHOLE_MODE": "hush"})
    with pytest.raises(SystemExit) as refused:
        Settings.load()
    assert "MODE" in str(refused.value) and "hush" not in str(refused.value)
