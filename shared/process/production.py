"""Production: what a mode demands of its settings, as a list; a process that lacks anything of it does not start."""

from __future__ import annotations

import sys

from shared.process.carrier_requirements import carrier_is_real, carrier_webhooks_are_secret
from shared.process.environment import Environment
from shared.process.hosts import host_names, is_host_name, is_loopback, is_unspecified
from shared.process.quotas import DEFAULTS, quotas
from shared.process.requirements import (
    MOST_A_SECOND,
    MOST_AT_ONCE,
    Requirement,
    bare,
    brokers,
    by_tls,
    databases_are_named,
    databases_are_own,
    does_not_run,
    every_database,
    gateway_by_https,
    gateway_is_named,
    gateway_moves_money,
    has_certificates,
    has_password,
    hosts_are,
    is_broker,
    is_elsewhere,
    is_https,
    is_one_host,
    labels_login_by_https,
    logins_differ,
    logs_are_signed,
    no_administrator,
    no_owner,
    objects_are_named,
    objects_by_https,
    quotas_are_limits,
    webhooks_are_secret,
)

DAY = 86_400.0


def requirements(settings: Environment) -> tuple[Requirement, ...]:
    """Everything that the settings' mode demands."""
    return PRODUCTION if settings.mode == "production" else SANDBOX


def unmet(settings: Environment) -> list[str]:
    """A line for each demand that is not met."""
    return [requirement.line for requirement in requirements(settings) if not requirement.holds(settings)]


def require(settings: Environment, process: str) -> None:
    """Ends the process, with a line for each demand, where its mode does not let it run."""
    if lines := unmet(settings.model_copy(update={"process": process})):
        sys.exit("\n".join(lines))


PRODUCTION: tuple[Requirement, ...] = (
    Requirement(
        "sandbox",
        "the sandbox gives anybody any role and moves time: it does not run in production mode",
        does_not_run("sandbox"),
    ),
    Requirement(
        "console",
        "the console shows every order to whoever opens the page, without a login: it does not run in production mode",
        does_not_run("console"),
    ),
    Requirement("MAKEWHOLE_SANDBOX", "no sandbox is known in production mode: leave it out", lambda it: not it.sandbox),
    Requirement(
        "MAKEWHOLE_GATEWAY",
        "must name who pays refunds, and not the sandbox: stripe+https://<secret key>@api.stripe.com",
        gateway_is_named,
    ),
    Requirement("MAKEWHOLE_GATEWAY", "must ask by https", gateway_by_https),
    Requirement("MAKEWHOLE_GATEWAY", "must have a live key: sk_test_ and rk_test_ move no money", gateway_moves_money),
    Requirement(
        "MAKEWHOLE_WEBHOOKS",
        "must name whose webhooks are heard, and not the sandbox's, with a secret: stripe+whsec_…; or be left out",
        webhooks_are_secret,
    ),
    Requirement(
        "MAKEWHOLE_CARRIER", "must name who sells labels by https, and not the sandbox; or be left out", carrier_is_real
    ),
    Requirement(
        "MAKEWHOLE_CARRIER_WEBHOOKS",
        "must name whose webhooks are heard, and not the sandbox's, with a secret; or be left out",
        carrier_webhooks_are_secret,
    ),
    Requirement(
        "MAKEWHOLE_LABELS_LOGIN",
        "must be an https address with a client id and a secret, or be left out",
        labels_login_by_https,
    ),
    Requirement(
        "MAKEWHOLE_EXPOSE_SANDBOX", "is for the sandbox: production mode refuses it", lambda it: not it.expose_sandbox
    ),
    Requirement("MAKEWHOLE_CRASH", "is for tests: production mode refuses it", lambda it: not it.crash),
    Requirement(
        "MAKEWHOLE_LOG_LEVEL",
        "must not be debug: libraries tell then what they send",
        lambda it: it.log_level != "debug",
    ),
    Requirement(
        "MAKEWHOLE_OIDC_ISSUER",
        "must be an https address, without user and fragment",
        lambda it: is_https(it.oidc_issuer),
    ),
    Requirement(
        "MAKEWHOLE_OIDC_ISSUER",
        "must not be this machine, where the sandbox gives anybody any role",
        lambda it: is_elsewhere(it.oidc_issuer),
    ),
    Requirement(
        "MAKEWHOLE_OIDC_JWKS",
        "must be an https address, without user and fragment",
        lambda it: is_https(it.oidc_jwks),
    ),
    Requirement(
        "MAKEWHOLE_OIDC_JWKS",
        "must not be this machine, where the sandbox gives anybody any role",
        lambda it: is_elsewhere(it.oidc_jwks),
    ),
    Requirement("MAKEWHOLE_OIDC_AUDIENCE", "must name this installation", lambda it: bool(it.oidc_audience.strip())),
    Requirement("MAKEWHOLE_TOKEN_LIFE", "must lie between a minute and a day", lambda it: 60 <= it.token_life <= DAY),
    Requirement("MAKEWHOLE_TOKEN_LEEWAY", "must be a minute at most", lambda it: it.token_leeway <= 60),
    Requirement("MAKEWHOLE_JWKS_REFRESH", "must lie between 1 and 600 seconds", lambda it: 1 <= it.jwks_refresh <= 600),
    Requirement(
        "MAKEWHOLE_QUOTAS",
        "must leave every kind of request a limit",
        lambda it: quotas(it.quotas).keys() == DEFAULTS.keys(),
    ),
    Requirement(
        "MAKEWHOLE_QUOTAS",
        f"must be limits: {MOST_AT_ONCE} at once and {MOST_A_SECOND} a second at most",
        quotas_are_limits,
    ),
    Requirement(
        "MAKEWHOLE_PROXIES",
        "must name the proxies in front, and not everybody",
        lambda it: all(network.prefixlen >= 8 for network in it.proxies),
    ),
    Requirement(
        "MAKEWHOLE_HOSTS", "must name the hosts under which clients ask", lambda it: bool(host_names(it.hosts))
    ),
    Requirement("MAKEWHOLE_HOSTS", "must hold names or addresses, and no pattern", hosts_are(is_host_name)),
    Requirement(
        "MAKEWHOLE_HOSTS",
        "must not hold a name of this machine's loopback",
        hosts_are(lambda entry: not is_loopback(entry) and not is_loopback(bare(entry))),
    ),
    Requirement(
        "MAKEWHOLE_HOSTS",
        "must not hold an address that stands for every one",
        hosts_are(lambda entry: not is_unspecified(entry) and not is_unspecified(bare(entry))),
    ),
    Requirement("MAKEWHOLE_HOST", "must be one name or address to listen on", lambda it: is_one_host(it.host)),
    Requirement(
        "MAKEWHOLE_INNER_HOST",
        "must be one address, that only operators reach",
        lambda it: (
            is_host_name(it.inner_host) and bare(it.inner_host) == it.inner_host and not is_unspecified(it.inner_host)
        ),
    ),
    Requirement(
        "MAKEWHOLE_DATABASE_URL",
        "must be a PostgreSQL address (or MAKEWHOLE_DATABASE_URL_<SERVICE>)",
        databases_are_named,
    ),
    Requirement("MAKEWHOLE_DATABASE_URL", "must have a login and its password", every_database(has_password)),
    Requirement(
        "MAKEWHOLE_DATABASE_URL", "must say sslmode=verify-full, once, of the host it names", every_database(by_tls)
    ),
    Requirement("MAKEWHOLE_DATABASE_URL", "must name certificates that are there", every_database(has_certificates)),
    Requirement("MAKEWHOLE_DATABASE_URL", "must not be the administrator's login", every_database(no_administrator)),
    Requirement(
        "MAKEWHOLE_DATABASE_URL", "must have another login for each service that has its own address", logins_differ
    ),
    Requirement(
        "MAKEWHOLE_DATABASE_URL",
        "must not be the owner's login where a service has no address of its own",
        every_database(no_owner),
    ),
    Requirement(
        "MAKEWHOLE_DATABASE_URL",
        "must not name another service's database in a service's own address",
        databases_are_own,
    ),
    Requirement(
        "MAKEWHOLE_OBJECTS",
        "must name where files are kept: s3://bucket/prefix, or file:///folder that all processes share",
        objects_are_named,
    ),
    Requirement("MAKEWHOLE_OBJECTS", "must ask by https, where it names an endpoint", objects_by_https),
    Requirement("MAKEWHOLE_KAFKA", "must name the brokers", lambda it: bool(brokers(it))),
    Requirement("MAKEWHOLE_KAFKA", "must hold host:port, comma between", lambda it: all(map(is_broker, brokers(it)))),
    Requirement("MAKEWHOLE_KAFKA_SECURITY", "must be SASL_SSL", lambda it: it.kafka_security == "SASL_SSL"),
    Requirement("MAKEWHOLE_KAFKA_USER", "must be set", lambda it: bool(it.kafka_user.strip())),
    Requirement("MAKEWHOLE_KAFKA_PASSWORD", "must be set", lambda it: bool(it.kafka_password.strip())),
    Requirement(
        "MAKEWHOLE_LOG_KEYS",
        "must hold a key of 32 bytes for each log that is written or followed",
        logs_are_signed,
    ),
    Requirement(
        "MAKEWHOLE_KAFKA_CA",
        "must be a file that is there, or left out",
        lambda it: it.kafka_ca is None or it.kafka_ca.is_file(),
    ),
)

SANDBOX: tuple[Requirement, ...] = (
    Requirement(
        "MAKEWHOLE_HOST",
        "the sandbox gives anybody any role, so processes listen on this machine alone "
        "(MAKEWHOLE_EXPOSE_SANDBOX=1 opens them to the network)",
        lambda it: it.expose_sandbox or is_loopback(it.host),
    ),
    Requirement(
        "MAKEWHOLE_INNER_HOST",
        "what workers tell is for this machine alone (MAKEWHOLE_EXPOSE_SANDBOX=1 opens it to the network)",
        lambda it: it.expose_sandbox or is_loopback(it.inner_host),
    ),
    Requirement("MAKEWHOLE_HOSTS", "must hold names or addresses, and no pattern", hosts_are(is_host_name)),
)
