"""Production is a mode: what it demands of each setting, one line for each that lacks it, all at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.process.addresses import PROJECT
from shared.process.environment import Environment
from shared.process.production import PRODUCTION, require, unmet
from shared.process.settings import Settings
from tests.cases.plugin import Came
from tests.support.production import ENVIRONMENT, key_of, production

ISSUER, KEYS = "MAKEWHOLE_OIDC_ISSUER", "MAKEWHOLE_OIDC_JWKS"
DATABASE, KAFKA, HOSTS = "MAKEWHOLE_DATABASE_URL", "MAKEWHOLE_KAFKA", "MAKEWHOLE_HOSTS"
GATEWAY = "MAKEWHOLE_GATEWAY"
BY_TLS = "postgresql://app:hush@db.example?sslmode=verify-full"
HTTPS, ELSEWHERE = "must be an https address", "must not be this machine"
PASSWORD, TLS = "must have a login and its password", "must say sslmode=verify-full"
LOOPBACK = "must not hold a name of this machine's loopback"

REFUSED = [
    (ISSUER, "", HTTPS),
    (ISSUER, "http://id.example", HTTPS),
    (ISSUER, "id.example", HTTPS),
    (ISSUER, "https://", HTTPS),
    (ISSUER, "https://id.example:port", HTTPS),
    (ISSUER, "https://user:hush@id.example", HTTPS),
    (ISSUER, "https://id.example#part", HTTPS),
    (ISSUER, "file:///keys", HTTPS),
    (ISSUER, "https://127.0.0.1:8009", ELSEWHERE),
    (ISSUER, "https://127.1:8009", ELSEWHERE),
    (ISSUER, "https://0x7f000001:8009", ELSEWHERE),
    (ISSUER, "https://2130706433", ELSEWHERE),
    (ISSUER, "https://0177.0.0.1", ELSEWHERE),
    (ISSUER, "https://[::1]:8009", ELSEWHERE),
    (ISSUER, "https://[::ffff:127.0.0.1]", ELSEWHERE),
    (ISSUER, "https://ip6-localhost", ELSEWHERE),
    (ISSUER, "https://LOCALHOST.", ELSEWHERE),
    (ISSUER, "https://id.localhost", ELSEWHERE),
    (ISSUER, "https://0.0.0.0", ELSEWHERE),
    (ISSUER, "https://0", ELSEWHERE),
    (ISSUER, "https://[::127.0.0.1]", ELSEWHERE),
    (ISSUER, "https://[64:ff9b::7f00:1]", ELSEWHERE),
    (ISSUER, "https://[2002:7f00:1::]", ELSEWHERE),
    (ISSUER, "https://１２７.0.0.1", HTTPS),
    (ISSUER, "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", HTTPS),
    (ISSUER, "https://%6cocalhost", HTTPS),
    (ISSUER, "https://id.example:0", HTTPS),
    (ISSUER, "https://id.exa\tmple", HTTPS),
    (ISSUER, "https://..", HTTPS),
    (KEYS, "", HTTPS),
    (KEYS, "http://id.example/keys", HTTPS),
    (KEYS, "https://127.0.0.1:8009/jwks", ELSEWHERE),
    (KEYS, "https://localhost:8009/jwks", ELSEWHERE),
    ("MAKEWHOLE_OIDC_AUDIENCE", " ", "must name this installation"),
    ("MAKEWHOLE_TOKEN_LIFE", "86401", "between a minute and a day"),
    ("MAKEWHOLE_TOKEN_LIFE", "1", "between a minute and a day"),
    ("MAKEWHOLE_TOKEN_LIFE", "for ever", "valid number"),
    ("MAKEWHOLE_TOKEN_LIFE", "inf", "between a minute and a day"),
    ("MAKEWHOLE_TOKEN_LIFE", "nan", "greater than 0"),
    ("MAKEWHOLE_TOKEN_LEEWAY", "61", "a minute at most"),
    ("MAKEWHOLE_TOKEN_LEEWAY", "-1", "greater than or equal to 0"),
    ("MAKEWHOLE_JWKS_REFRESH", "0.01", "between 1 and 600"),
    ("MAKEWHOLE_JWKS_REFRESH", "86400", "between 1 and 600"),
    ("MAKEWHOLE_SANDBOX", "https://sandbox.example", "no sandbox is known"),
    (GATEWAY, "", "must name who pays refunds"),
    (GATEWAY, "sandbox+https://sandbox.example", "must name who pays refunds"),
    (GATEWAY, "https://sk_live_hush@api.stripe.com", "must name who pays refunds"),
    (GATEWAY, "paypal+", "must name who pays refunds"),
    (GATEWAY, "stripe+http://sk_live_hush@api.stripe.com", "must ask by https"),
    (GATEWAY, "stripe+https://sk_live_hush@[::1", "must ask by https"),
    (GATEWAY, "stripe+https://sk_test_hush@api.stripe.com", "must have a live key"),
    (GATEWAY, "stripe+https://rk_test_hush@api.stripe.com", "must have a live key"),
    ("MAKEWHOLE_WEBHOOKS", "sandbox+whsec_aHVzaC1odXNoLWh1c2gtaHVzaA==", "not the sandbox's"),
    ("MAKEWHOLE_WEBHOOKS", "stripe+hush", "with a secret"),
    ("MAKEWHOLE_WEBHOOKS", "paypal", "with a secret"),
    ("MAKEWHOLE_CARRIER", "sandbox+https://sandbox.example", "not the sandbox"),
    ("MAKEWHOLE_CARRIER", "post+http://hush@post.example", "by https"),
    ("MAKEWHOLE_CARRIER_WEBHOOKS", "sandbox+whsec_aHVzaC1odXNoLWh1c2gtaHVzaA==", "not the sandbox's"),
    ("MAKEWHOLE_LABELS_LOGIN", "http://labels:secret@id.example.com/token", "https"),
    ("MAKEWHOLE_LABELS_LOGIN", "https://id.example.com/token", "client id"),
    ("MAKEWHOLE_EXPOSE_SANDBOX", "1", "is for the sandbox"),
    ("MAKEWHOLE_CRASH", "append.after_commit", "is for tests"),
    ("MAKEWHOLE_LOG_LEVEL", "debug", "must not be debug"),
    (HOSTS, "", "must name the hosts"),
    (HOSTS, ",", "must name the hosts"),
    (HOSTS, "*", "no pattern"),
    (HOSTS, "disputes.example,*.example", "no pattern"),
    (HOSTS, "https://disputes.example", "no pattern"),
    (HOSTS, "disputes.example,localhost", LOOPBACK),
    (HOSTS, "127.0.0.1:8001", LOOPBACK),
    (HOSTS, "[::1]:8001", LOOPBACK),
    (HOSTS, "0.0.0.0", "stands for every one"),
    (HOSTS, "disputes.example,[::]:8001", "stands for every one"),
    (HOSTS, ".", "no pattern"),
    (HOSTS, "..", "no pattern"),
    (HOSTS, "disputes.example,-", "no pattern"),
    (HOSTS, "disputes..example", "no pattern"),
    (HOSTS, "[.]", "no pattern"),
    (HOSTS, "disputes.example:99999", "no pattern"),
    (HOSTS, "disputes.example:0", "no pattern"),
    ("MAKEWHOLE_HOST", "nonsense host", "must be one name or address"),
    ("MAKEWHOLE_HOST", "10.0.0.5 host", "must be one name or address"),
    ("MAKEWHOLE_HOST", "10.0.0.5:80", "must be one name or address"),
    ("MAKEWHOLE_STOP_LIMIT", "inf", "less than or equal to 3600"),
    ("MAKEWHOLE_DRAIN", "inf", "less than or equal to 3600"),
    ("MAKEWHOLE_INNER_HOST", "0.0.0.0", "that only operators reach"),
    ("MAKEWHOLE_INNER_HOST", "::", "that only operators reach"),
    ("MAKEWHOLE_INNER_HOST", "10.0.0.5:80", "that only operators reach"),
    ("MAKEWHOLE_INNER_HOST", "all of them", "that only operators reach"),
    (DATABASE, "", "must be a PostgreSQL address"),
    (DATABASE, "mysql://app:hush@db.example", "must be a PostgreSQL address"),
    (DATABASE, "postgresql:///makewhole?sslmode=verify-full", "must be a PostgreSQL address"),
    (DATABASE, "postgresql://app@db.example?sslmode=verify-full", PASSWORD),
    (DATABASE, "postgresql://:hush@db.example?sslmode=verify-full", PASSWORD),
    (DATABASE, "postgresql://app@db.example?sslmode=verify-full&passfile=/nowhere", PASSWORD),
    (DATABASE, "postgresql://app:hush@db.example", TLS),
    (DATABASE, "postgresql://app:hush@db.example?sslmode=require", TLS),
    (DATABASE, "postgresql://app:hush@db.example?sslmode=prefer", TLS),
    (DATABASE, f"{BY_TLS}&sslmode=disable", TLS),
    (DATABASE, f"{BY_TLS}&host=elsewhere.example", TLS),
    (DATABASE, f"{BY_TLS}&sslrootcert=/nowhere.crt", "certificates that are there"),
    (DATABASE, f"{BY_TLS}&sslcert=/nope.crt&sslkey=/nope.key", "certificates that are there"),
    (DATABASE, BY_TLS.replace("app", "postgres"), "the administrator's login"),
    (DATABASE, BY_TLS.replace("app", "%70ostgres"), "the administrator's login"),
    (DATABASE, BY_TLS.replace("app", "makewhole"), "the owner's login"),
    (DATABASE, BY_TLS.replace("app", "makewhole_owner"), "the owner's login"),
    (DATABASE, BY_TLS.replace("db.example", "db.example:port"), "is no address"),
    (DATABASE, BY_TLS.replace("db.example", "[::1"), "is no address"),
    ("MAKEWHOLE_DATABASE_URL_REFUND", "postgresql://refund:hush@db.example", TLS),
    ("MAKEWHOLE_OBJECTS", "", "must name where files are kept"),
    ("MAKEWHOLE_OBJECTS", "s3:///prefix", "must name where files are kept"),
    ("MAKEWHOLE_OBJECTS", "s3://[::1/prefix", "must name where files are kept"),
    ("MAKEWHOLE_OBJECTS", "file:relative", "must name where files are kept"),
    ("MAKEWHOLE_OBJECTS", "file://host/x", "must name where files are kept"),
    ("MAKEWHOLE_OBJECTS", "s3://bucket?endpoint=http://s3.example", "must ask by https"),
    (
        "MAKEWHOLE_DATABASE_URL_REFUND",
        BY_TLS.replace("app", "refund").replace("?", "/makewhole_dispute?"),
        "another service's database",
    ),
    (KAFKA, "", "must name the brokers"),
    (KAFKA, "kafka.example", "must hold host:port"),
    (KAFKA, "kafka.example:9093,:9093", "must hold host:port"),
    (KAFKA, "k1:0", "must hold host:port"),
    (KAFKA, "k1:65536", "must hold host:port"),
    ("MAKEWHOLE_KAFKA_SECURITY", "PLAINTEXT", "must be SASL_SSL"),
    ("MAKEWHOLE_KAFKA_SECURITY", "SSL", "must be SASL_SSL"),
    ("MAKEWHOLE_KAFKA_SECURITY", "SASL_PLAINTEXT", "must be SASL_SSL"),
    ("MAKEWHOLE_KAFKA_SECURITY", "tls", "should be"),
    ("MAKEWHOLE_KAFKA_MECHANISM", "GSSAPI", "should be"),
    ("MAKEWHOLE_KAFKA_USER", "", "must be set"),
    ("MAKEWHOLE_KAFKA_PASSWORD", "", "must be set"),
    ("MAKEWHOLE_KAFKA_USER", " ", "must be set"),
    ("MAKEWHOLE_KAFKA_PASSWORD", " ", "must be set"),
    ("MAKEWHOLE_KAFKA_CA", "/nowhere.crt", "a file that is there"),
    ("MAKEWHOLE_LOG_KEYS", "{}", "a key of 32 bytes"),
    ("MAKEWHOLE_LOG_KEYS", "", "a key of 32 bytes"),
    ("MAKEWHOLE_LOG_KEYS", "{not json", "is no JSON"),
    ("MAKEWHOLE_LOG_KEYS", "[" * 50_000, "is no JSON"),
    ("MAKEWHOLE_LOG_KEYS", '{"dispute": {"k1": "c2hvcnQ="}}', "at least 32 are needed"),
    ("MAKEWHOLE_QUOTAS", "off", "every kind of request"),
    ("MAKEWHOLE_QUOTAS", "openings=off", "every kind of request"),
    ("MAKEWHOLE_QUOTAS", "reads=999999999/second", "must be limits"),
    ("MAKEWHOLE_QUOTAS", "strangers=999999999/day", "must be limits"),
    ("MAKEWHOLE_PROXIES", '["0.0.0.0/0"]', "not everybody"),
    ("MAKEWHOLE_PROXIES", "10.0.0.0/8", "is no JSON list"),
    ("MAKEWHOLE_PROXIES", "7", "is no JSON list"),
    ("MAKEWHOLE_PROXIES", "[5]", "is no JSON list"),
    ("MAKEWHOLE_PROXIES", "[" * 50_000, "is no JSON list"),
    ("MAKEWHOLE_PROXIES", "{}", "is no JSON list"),
    ("MAKEWHOLE_PROXIES", '["here"]', "is no JSON list"),
    ("MAKEWHOLE_DATABASE_URLS", "x", "one for each service"),
    ("MAKEWHOLE_PROXIES", '["::/0"]', "not everybody"),
    ("MAKEWHOLE_PARTITIONS", "7", "does not divide"),
    ("MAKEWHOLE_PORT_BASE", "0", "greater than or equal to 1"),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A complete environment of production mode, and nothing else about makewhole."""
    for name in ("PORT_BASE", "CRASH", *(f"MAKEWHOLE_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "127.0.0.1", "my-machine", "app_1"])
def test_any_address_may_be_listened_on(environment: pytest.MonkeyPatch, host: str) -> None:
    environment.setenv("MAKEWHOLE_HOST", host)
    assert Settings.load("dispute").host == host


def lines_of(process: str = "") -> list[str]:
    """What a process says that does not start."""
    with pytest.raises(SystemExit) as refused:
        Settings.load(process)
    return str(refused.value).splitlines()


def test_the_complete_environment_starts() -> None:
    assert Settings.load("dispute").mode == "production"


def test_at_least_forty_settings_are_refused() -> None:
    assert len(REFUSED) >= 40
    assert {name for name, _, _ in REFUSED} >= {
        requirement.setting for requirement in PRODUCTION if requirement.setting.isupper()
    }


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_each_is_refused_with_its_own_line(environment: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    environment.setenv(name, value)
    (line,) = lines_of()
    assert line.startswith(name.removesuffix("_REFUND")) and words in line
    assert not value.strip() or value not in line or value in ("SSL", "0", "1", "7", "-1", "debug", "{}", "10.0.0.0/8")


@pytest.mark.case(
    "M12", given="http issuer and keys, a database without TLS or password, brokers for everybody", right="6 lines"
)
def test_everything_that_is_wrong_is_said_at_once(environment: pytest.MonkeyPatch, came: Came) -> None:
    weak = {
        ISSUER: "http://id.example",
        KEYS: "http://id.example/keys",
        DATABASE: "postgresql://app@db.example",
        "MAKEWHOLE_KAFKA_SECURITY": "PLAINTEXT",
        "MAKEWHOLE_TOKEN_LIFE": "a while",
    }
    for name, value in weak.items():
        environment.setenv(name, value)
    came(f"{len(lines_of())} lines")


@pytest.mark.case("M8", given="python -m console.app in production mode", right="console: refused")
def test_the_console_does_not_run(came: Came) -> None:
    (line,) = lines_of("console")
    came("console: refused" if "without a login" in line else line)


@pytest.mark.parametrize(
    ("process", "given", "starts"),
    [
        ("dispute-worker", ["dispute"], False),
        ("dispute-worker", ["dispute", "refund"], False),
        ("dispute-worker", ["dispute", "refund", "return_label"], True),
        ("return_label-worker", ["return_label"], False),
        ("return_label-worker", ["return_label", "dispute"], True),
        ("dispute", ["dispute"], True),
        ("", ["dispute", "refund"], False),
    ],
)
def test_a_worker_knows_the_keys_of_every_log_that_it_follows(
    environment: pytest.MonkeyPatch, process: str, given: list[str], starts: bool
) -> None:
    environment.setenv("MAKEWHOLE_LOG_KEYS", json.dumps({log: {"k1": key_of(log)} for log in given}))
    assert (unmet(Environment(process=process)) == []) is starts


def test_nor_does_what_simulates_the_world() -> None:
    (line,) = lines_of("sandbox")
    assert line.startswith("sandbox: ")
    with pytest.raises(SystemExit, match="sandbox"):
        require(production(), "sandbox")


def test_who_pays_refunds_is_asked_of_the_process_that_pays_them_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(GATEWAY, "")
    assert unmet(Environment(process="dispute-worker")) == []
    assert [line.partition(":")[0] for line in lines_of("refund-worker")] == [GATEWAY]


def test_a_process_is_asked_for_its_own_database_alone(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(DATABASE, "")
    environment.setenv("MAKEWHOLE_DATABASE_URL_DISPUTE", BY_TLS)
    assert Settings.load("dispute").dsn("dispute") == BY_TLS.replace("example", "example/makewhole_dispute")
    assert Settings.load("dispute-worker")
    assert any("must be a PostgreSQL address" in line for line in lines_of("refund"))


@pytest.mark.parametrize("url", ["postgresql://u:p@[::1/x?", "postgresql://u:p@db:port/x"])
def test_an_address_of_a_service_that_is_none_is_named(environment: pytest.MonkeyPatch, url: str) -> None:
    for service in ("DISPUTE", "RETURN_LABEL"):
        environment.setenv(f"{DATABASE}_{service}", url)
    settings = [line.partition(":")[0] for line in lines_of("dispute")]
    assert settings == [f"{DATABASE}_DISPUTE", f"{DATABASE}_RETURN_LABEL"]


def test_services_with_addresses_of_their_own_have_logins_of_their_own(environment: pytest.MonkeyPatch) -> None:
    for service in ("DISPUTE", "REFUND"):
        environment.setenv(f"MAKEWHOLE_DATABASE_URL_{service}", BY_TLS)
    assert lines_of() == [f"{DATABASE}: must have another login for each service that has its own address"]


def test_a_password_file_is_a_password(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pgpass").write_text("*:*:*:app:hush")
    environment.setenv(DATABASE, f"postgresql://app@db.example?sslmode=verify-full&passfile={tmp_path}/pgpass")
    assert Settings.load()


def test_no_representation_and_no_refusal_holds_a_password(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAKEWHOLE_DATABASE_URL_REFUND", BY_TLS.replace("app", "refund"))
    assert "hush" not in repr(Settings()) + str(Settings())
    environment.setenv("MAKEWHOLE_KAFKA_USER", "")
    with pytest.raises(ValueError) as refused:
        Settings()
    assert "hush" not in str(refused.value)


@pytest.mark.case(
    "H3",
    given="MAKEWHOLE_MODE=production with the sandbox as issuer at 127.1, 0x7f000001, 2130706433, [::ffff:127.0.0.1], "
    "ip6-localhost, a LAN address, another port",
    right="7 of 7 refused",
)
def test_the_sandbox_is_refused_under_every_name(environment: pytest.MonkeyPatch, came: Came) -> None:
    names = ["127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "ip6-localhost", "192.168.1.7", "127.0.0.1"]
    refused = 0
    for name in names:
        environment.setenv(ISSUER, f"http://{name}:27009")
        environment.setenv(KEYS, f"http://{name}:27009/jwks")
        refused += bool(lines_of("dispute"))
    came(f"{refused} of {len(names)} refused")


@pytest.mark.case("M7", given="MAKEWHOLE_HOST=0.0.0.0 in sandbox mode", right="MAKEWHOLE_HOST refused")
def test_a_sandbox_listens_on_this_machine_alone(environment: pytest.MonkeyPatch, came: Came) -> None:
    given(environment, MAKEWHOLE_HOST="0.0.0.0")
    (line,) = lines_of()
    assert "MAKEWHOLE_EXPOSE_SANDBOX" in line
    came(f"{line.partition(':')[0]} refused")


@pytest.mark.parametrize("host", ["::", "192.168.1.7", "0", "my-machine", "10.1", "[::]"])
@pytest.mark.parametrize("name", ["MAKEWHOLE_HOST", "MAKEWHOLE_INNER_HOST"])
@pytest.mark.case("M7+1", given="any other address that others reach, of apps and of workers", right="refused")
def test_nor_on_any_other_address(environment: pytest.MonkeyPatch, came: Came, name: str, host: str) -> None:
    given(environment, **{name: host})
    assert [line.partition(":")[0] for line in lines_of()] == [name]
    came("refused")


def test_unless_a_second_setting_says_so(environment: pytest.MonkeyPatch) -> None:
    given(environment, MAKEWHOLE_HOST="0.0.0.0", MAKEWHOLE_INNER_HOST="0.0.0.0", MAKEWHOLE_EXPOSE_SANDBOX="1")
    assert Settings.load().host == "0.0.0.0"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_this_machine_is_no_risk(environment: pytest.MonkeyPatch, host: str) -> None:
    given(environment, MAKEWHOLE_HOST=host)
    assert unmet(Settings.load()) == []


def test_what_is_set_can_be_read_without_being_judged(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(HOSTS, "")
    assert len(unmet(Environment())) == 1


def given(environment: pytest.MonkeyPatch, **values: str) -> None:
    """Sandbox mode with these values."""
    for name in ENVIRONMENT:
        environment.delenv(name)
    for name, value in values.items():
        environment.setenv(name, value)


def test_the_page_for_operators_lists_every_demand() -> None:
    page = (PROJECT / "docs" / "runbooks" / "production.md").read_text()
    lines = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert set(lines) == {requirement.setting for requirement in PRODUCTION}
    assert [
        requirement.line for requirement in PRODUCTION if requirement.sentence not in lines[requirement.setting]
    ] == []
