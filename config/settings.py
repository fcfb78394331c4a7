"""All settings. What differs from site to site is an environment variable, each in docs/settings.md."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import available_timezones

from csp.constants import NONE, SELF

from config import postgres
from config.keys import derived, master_key
from config.logs import logging_settings
from reports.webhooks.networks import Network, networks_in


def flag(name: str, default: bool) -> bool:
    """A yes-or-no variable. Anything but 0, 1, false, true, no, yes, off, on or nothing is refused."""
    raw = os.environ.get(name, "").strip().lower()
    if raw in ("1", "true", "yes", "on"):
        return True
    if raw in ("0", "false", "no", "off"):
        return False
    if raw:
        raise ValueError(f"{name} must be 0 or 1, not {raw!r}.")
    return default


def number(name: str, default: int, *, least: int = 0, most: int = 1_000_000_000) -> int:
    raw = os.environ.get(name) or str(default)
    if not raw.isdecimal() or not least <= int(raw) <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}, not {raw!r}.")
    return int(raw)


def days(name: str, default: int, *, least: int = 0) -> int:
    return number(name, default, least=least, most=36_500)  # what is reckoned from it must be a date


def log_level(name: str) -> str:
    raw = (os.environ.get(name) or "WARNING").strip().upper()
    if raw not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError(f"{name} must be DEBUG, INFO, WARNING or ERROR, not {raw!r}.")
    return raw


def secret(name: str) -> str:
    """A variable that nobody else should read: itself, or what stands in the file that ``name``_FILE names."""
    if value := os.environ.get(name):
        return value
    file = os.environ.get(f"{name}_FILE")
    try:
        return Path(file).read_text().strip() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}_FILE names {file}, which cannot be read: {error}.") from error


def folder(path: str) -> Path:
    """With ~ for the home of whoever runs this, where they have one: a user without an account may have none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def shared_secret(secret: str) -> str:
    """What a hub and this site know; empty for none. One that could be guessed is refused."""
    if secret and (len(secret) < 16 or not secret.isascii() or not secret.isprintable() or " " in secret):
        raise ValueError("HUB_WEBHOOK_SECRET must be at least 16 characters of ASCII without spaces.")
    return secret


def is_host(netloc: str) -> bool:
    """Whether requests to it are answered, as Django takes no other names: in ASCII, with a port at will."""
    found = re.fullmatch(r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", netloc)
    return found is not None and int(found[1] or 0) < 65_536


def origin(url: str) -> str:
    """``url`` as browsers name where a page comes from: scheme, host and port, in small letters."""
    scheme, _, netloc = url.lower().rstrip("/").partition("://")
    if scheme not in ("http", "https") or not is_host(netloc):
        raise ValueError(f"SITE_URL must be https://host or http://host:port, in ASCII (xn--…), not {url!r}.")
    return f"{scheme}://{netloc}"


def weekend(days: str) -> frozenset[int]:
    """The days of the week on which nobody is expected to answer, Monday being 0; "none" for none."""
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    named = [] if days.strip().lower() == "none" else days.lower().replace(",", " ").split()
    if unknown := [name for name in named if name not in names] or len(set(named)) == len(names):
        raise ValueError(f"WEEKEND must be days such as sat sun, and leave one to work on, not {unknown or days!r}.")
    return frozenset(names.index(name) for name in named)


def zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"SITE_ZONE must be the name of a time zone, such as Europe/Berlin, not {name!r}.")
    return name


def another_host(variable: str, *taken: str) -> str:
    """A name, with a port at will, that the site answers beside its own; empty for none. Cookies know no ports."""
    host = (os.environ.get(variable) or "").strip().lower()
    if not host:
        return ""
    if not is_host(host):
        raise ValueError(f"{variable} must be a host such as files.example.org, not {host!r}.")
    if urlsplit(f"//{host}").hostname in {urlsplit(f"//{other}").hostname for other in taken if other}:
        raise ValueError(f"{variable} must be another name than the site's others, not {host!r}.")
    return host


def parts_of(variable: str, url: str) -> SplitResult:
    """``url`` in its parts. What is wrong with one that has none is not said: it may be of a password."""
    try:
        parts = urlsplit(url)
        is_whole = parts.port != 0 and not parts.fragment
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"{variable} cannot be read. Special characters of user and password are written as %XX.")
    return parts


def broker(url: str) -> str:
    """Where bells are rung, empty for the embedded queue. Several that stand in for each other have ; between them."""
    for one in url.split(";") if url else ():
        if parts_of("BROKER_URL", one).scheme.partition("+")[0] not in BROKERS:
            raise ValueError("BROKER_URL must start with amqp:// or redis://")
    return url


def callable_networks(listed: str) -> tuple[Network, ...]:
    try:
        return networks_in(listed)
    except ValueError as error:
        raise ValueError(f"WEBHOOK_NETWORKS must be like 10.1.0.0/16, fd12::/16: {error}.") from error


def embedder(spec: str) -> str:
    """What makes vectors of reports, empty for nothing. Only its kind is checked here; workers read the rest."""
    if spec and not spec.startswith(("onnx:", "http:")):
        raise ValueError(f"EMBEDDER must be onnx:FOLDER, onnx:ORG/NAME or http:ADDRESS, not {spec!r}.")
    return spec


def ledger_name(name: str) -> str:
    """What checkpoints call the ledger, for ever: readers who kept one know it by that."""
    name = name.strip()
    if not name or not name.isascii() or not name.isprintable() or set(name) & set(" +"):
        raise ValueError(f"LEDGER_ORIGIN must be like site.example/ledger, without spaces and +, not {name!r}.")
    return name


def issuer(url: str) -> str:
    """Who is asked by OpenID Connect, as it calls itself; empty for nobody. In clear only on this machine."""
    parts = urlsplit(url)
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if url and not (parts.hostname and (parts.scheme == "https" or is_here) and not parts.query and not parts.fragment):
        raise ValueError(f"OIDC_ISSUER must be https://host and maybe a path, not {url!r}.")
    return url


def repository_files(listed: str) -> list[str]:
    """Addresses with {org} and {name} where the site may look for a maintainer's file; none: it looks nowhere."""
    places = listed.split()
    for place in places:
        is_whole = place.startswith("https://") and "{org}" in place and "{name}" in place
        if not is_whole or "{" in urlsplit(place).netloc:
            raise ValueError(f"MAINTAINER_FILES must be like https://hub/{{org}}/{{name}}/telltale.txt, not {place!r}.")
        if set("{}") & set(place.replace("{org}", "").replace("{name}", "")):
            raise ValueError(f"MAINTAINER_FILES knows {{org}} and {{name}} and no other braces, not {place!r}.")
    return places


def contact(address: str) -> str:
    """An e-mail address or an https:// page where people are reached, as a link; empty if nobody is named."""
    address = address.strip()
    if not address:
        return ""
    if not address.isascii() or not address.isprintable() or set(address) & set(' "<>'):
        raise ValueError(f"A contact must be an e-mail address or https://…, in ASCII without spaces, not {address!r}.")
    if address.startswith("https://") and urlsplit(address).hostname:
        return address
    user, at, host = address.removeprefix("mailto:").partition("@")
    if not (user and at and "." in host) or "@" in host or ":" in user:
        raise ValueError(f"A contact must be an e-mail address or https://…, not {address!r}.")
    return f"mailto:{user}@{host}"


BROKERS = ("amqp", "amqps", "pyamqp", "redis", "rediss", "sentinel", "pgmq")
# A machine that vanishes closes no connection. Both ends notice within half a minute; else what it had locked stays so
# for hours. The first line is for us, should the database's machine go; the second for the server, should ours.
NOTICED = {"connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
NOTICED |= {
    "tcp_user_timeout": "25000",
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=25000 -c client_connection_check_interval=10000",
}


def database(url: str, password: str = "") -> dict[str, Any]:
    """A ``postgresql://user:password@host:port/name`` URL as Django wants it; ``?host=`` names a socket folder.

    ``password`` counts where the URL has none.
    """
    parts = parts_of("DATABASE_URL", url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("DATABASE_URL must start with postgresql://")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    host = query.pop("host", parts.hostname or "")
    if not parts.path.lstrip("/") and "service" not in query:
        raise ValueError("DATABASE_URL must name a database, as in postgresql://user:password@host/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or "") or password,
        "HOST": unquote(host),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # else each pooled connection answers 500 once after the server was restarted
        "OPTIONS": {
            **({} if unquote(host).startswith("/") else NOTICED),
            **{key: unquote(value) for key, value in query.items()},
            "pool": {"min_size": 1, "max_size": WEB_THREADS + 4, "timeout": 10, "max_lifetime": 600},
        },
    }


def mail_server(url: str) -> dict[str, Any]:
    """``smtps://user:password@host:465`` begins with TLS, ``smtp+tls://`` with STARTTLS, ``smtp://`` stays bare."""
    parts = parts_of("EMAIL_URL", url or "smtp://localhost")
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("EMAIL_URL must be smtps://host, smtp+tls://host or smtp://host, with user and port at will.")
    return {
        "host": parts.hostname,
        "port": parts.port or ports[parts.scheme],
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "starttls": parts.scheme == "smtp+tls",
        "tls": parts.scheme == "smtps",
    }


BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("STATE_DIR") or BASE_DIR / ".telltale").resolve()
KEY_FILE = Path(os.environ.get("KEY_FILE") or STATE_DIR / "telltale.key")
PORT = number("PORT", 8000, least=1, most=65_535)
LISTEN_ON = os.environ.get("LISTEN_ON") or "127.0.0.1"
WEB_PROCESSES = number("WEB_PROCESSES", 1, least=1, most=1_000)
WEB_THREADS = number("WEB_THREADS", 4, least=1, most=1_000)  # of each web process
WORKER_THREADS = number("WORKER_THREADS", 2, least=1, most=1_000)
SITE_URL = origin(os.environ.get("SITE_URL") or f"http://127.0.0.1:{PORT}")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
IS_LOOPBACK = SITE_HOST in ("127.0.0.1", "localhost", "::1")
IS_HTTPS = SITE_URL.startswith("https://")
# Names beside the site's own (config/hosts.py): one for what people sent, one for whoever works here
FILES_HOST = another_host("FILES_HOST", urlsplit(SITE_URL).netloc)
ADMIN_HOST = another_host("ADMIN_HOST", urlsplit(SITE_URL).netloc, FILES_HOST)
FILES_URL = f"{urlsplit(SITE_URL).scheme}://{FILES_HOST}" if FILES_HOST else ""
STAFF_URL = f"{urlsplit(SITE_URL).scheme}://{ADMIN_HOST}" if ADMIN_HOST else ""
DEBUG = flag("DEBUG", False)
DEMO = flag("DEMO", IS_LOOPBACK)  # fills an empty site with invented content, and says so on every page
PROXY_COUNT = number("PROXY_COUNT", 0)  # reverse proxies of ours in front
REQUIRE_MFA = flag("REQUIRE_MFA", not (DEMO and IS_LOOPBACK))
# Whoever holds a role is signed out after so long without a request, and after so long in any case
STAFF_IDLE = timedelta(minutes=number("STAFF_IDLE_MINUTES", 30, least=1, most=1_000_000))
STAFF_SESSION = timedelta(hours=number("STAFF_SESSION_HOURS", 12, least=1, most=100_000))
SESSION_LASTS = timedelta(days=days("SESSION_DAYS", 14, least=1))  # everybody else's
EMBEDDER = embedder((os.environ.get("EMBEDDER") or "").strip())
EMBEDDER_API_KEY = secret("EMBEDDER_API_KEY").strip()
EMBEDDER_LANGUAGES = (os.environ.get("EMBEDDER_LANGUAGES") or "").replace(",", " ").split()
EMBEDDER_HUB = folder(os.environ.get("HF_HOME") or "~/.cache/huggingface") / "hub"
KNOWN_ISSUES_FINDER = "triage.known.known_issues"  # what looks through public issues while somebody writes
TWO_PERSON = flag("TWO_PERSON", True)  # in force where two people hold triager or moderator
SITE_ZONE = zone((os.environ.get("SITE_ZONE") or "UTC").strip())  # in which the desk tells the ends of embargoes
WEEKEND = weekend(os.environ.get("WEEKEND") or "sat sun")  # days that count for no clock
# Coordinated disclosure, in days: reports.disclosure says what follows, docs/disclosure.md where it comes from
EMBARGO_DAYS = days("EMBARGO_DAYS", 90)  # from when the developer was told
EMBARGO_GRACE_DAYS = days("EMBARGO_GRACE_DAYS", 14)  # more, where a fix is promised
EMBARGO_FIX_DAYS = days("EMBARGO_FIX_DAYS", 30)  # from a fix to publication
EMBARGO_LONGEST_DAYS = days("EMBARGO_LONGEST_DAYS", 180)  # from when the developer was told, extended or not
EMBARGO_STUBS = flag("EMBARGO_STUBS", True)  # whether people may announce an issue under embargo; none is unasked
SAFETY_HOTLINES = [line.strip() for line in (os.environ.get("SAFETY_HOTLINES") or "").split(";") if line.strip()]
LEDGER_ORIGIN = ledger_name(os.environ.get("LEDGER_ORIGIN") or f"{urlsplit(SITE_URL).netloc}/ledger")
OPERATOR_NAME = (os.environ.get("OPERATOR_NAME") or "").strip()  # who runs this site, in words
OPERATOR_CONTACT = contact(os.environ.get("OPERATOR_CONTACT") or "")
SECURITY_CONTACT = contact(os.environ.get("SECURITY_CONTACT") or "")  # for flaws in the site itself
GOVERNANCE_DIR = folder(named) if (named := os.environ.get("GOVERNANCE_DIR") or "") else None

# Signing in by way of others; each is off, and has no button, until it has a client
OIDC_ISSUER = issuer((os.environ.get("OIDC_ISSUER") or "").strip())
OIDC_CLIENT_ID = (os.environ.get("OIDC_CLIENT_ID") or "").strip()
OIDC_CLIENT_SECRET = secret("OIDC_CLIENT_SECRET").strip()
OIDC_NAME = (os.environ.get("OIDC_NAME") or "").strip() or urlsplit(OIDC_ISSUER).netloc  # on the button
OIDC_ORGS_CLAIM = (os.environ.get("OIDC_ORGS_CLAIM") or "").strip()  # names whoever's organisations at a model hub
GITHUB_CLIENT_ID = (os.environ.get("GITHUB_CLIENT_ID") or "").strip()
GITHUB_CLIENT_SECRET = secret("GITHUB_CLIENT_SECRET").strip()
MAINTAINER_FILES = repository_files(os.environ.get("MAINTAINER_FILES") or "")

# How many reports pass, and how many are taken at all: reports.lanes says what follows
LIMIT_NETWORK = number("LIMIT_NETWORK", 30)  # anonymous ones of a network that pass in ten minutes
LIMIT_NETWORK_HOUR = number("LIMIT_NETWORK_HOUR", 300)  # anonymous ones of a network that are taken in an hour
LIMIT_ARTIFACT = number("LIMIT_ARTIFACT", 60)  # anonymous ones about an artifact that pass in an hour
LIMIT_SITE = number("LIMIT_SITE", 300)  # anonymous ones that pass in ten minutes
LIMIT_HELD = number("LIMIT_HELD", 2_000)  # anonymous ones that are held in an hour
LIMIT_NEWCOMER = number("LIMIT_NEWCOMER", 10)  # of a new account that pass in a day
LIMIT_NEWCOMER_HOUR = number("LIMIT_NEWCOMER_HOUR", 300)  # of a new account that are taken in an hour
LIMIT_TRUSTED_HOUR = number("LIMIT_TRUSTED_HOUR", 1_000)  # of an account of which a report was confirmed
LIMIT_DRAFTS = number("LIMIT_DRAFTS", 60)  # drafts of a network that are begun in ten minutes
LIMIT_ALL_DRAFTS = number("LIMIT_ALL_DRAFTS", 3_000)  # drafts that are begun in an hour
LIMIT_API = number("LIMIT_API", 1_500)  # requests of a network to the API in five minutes, filing apart
LIMIT_API_ACCOUNT = number("LIMIT_API_ACCOUNT", 6_000)  # of an account, by its tokens, in five minutes
LIMIT_CODES = number("LIMIT_CODES", 60)  # receipt codes tried in ten minutes
LIMIT_SIGN_IN = number("LIMIT_SIGN_IN", 100)  # tries of a network to sign in, sign up or reset, in ten minutes
ALERT_BUDGET = number("ALERT_BUDGET", 5)  # alarms of bursts in a quiet week: a cap, never a quota

# Webhooks: whether anything calls out at all, what beside public addresses it may reach, and who may call in
WEBHOOKS = flag("WEBHOOKS", False)
WEBHOOK_NETWORKS = callable_networks(os.environ.get("WEBHOOK_NETWORKS") or "")
HUB_WEBHOOK_SECRET = shared_secret(secret("HUB_WEBHOOK_SECRET"))  # none: nobody calls in

if not KEY_FILE.exists() and not os.environ.get("DATABASE_URL") and postgres.is_made(STATE_DIR):
    raise ValueError(f"{KEY_FILE} is gone, and the site in {STATE_DIR} was made with it. See docs/operating.md.")
_master = master_key(KEY_FILE)
SECRET_KEY = derived(_master, "django").hex()
TOKEN_KEY = derived(_master, "tokens and receipts")
VOICE_KEY = derived(_master, "voices")
TERM_KEY = derived(_master, "terms")
CONTACT_KEY = derived(_master, "contacts")
DRAFT_KEY = derived(_master, "drafts")
WEBHOOK_KEY = derived(_master, "webhooks")  # seals the secrets that sign them
FORM_KEY = derived(_master, "forms")  # signs when a form was drawn
FILE_KEY = derived(_master, "files")  # signs the short-lived addresses of attachments
LEDGER_KEY = derived(_master, "ledger")  # signs checkpoints
EVIDENCE_KEY = derived(_master, "evidence")  # wraps the keys of sealed reports; later ones stand in KEY_FILE
# Attachments, and below them a folder of what nobody has examined yet; web processes and workers share it
FILES_DIR = Path(os.environ.get("FILES_DIR") or STATE_DIR / "files").resolve()
FILE_LIMIT = number("FILE_LIMIT_MB", 10, least=1, most=20) * 1_000_000  # bytes of one file
FILES_LIMIT = number("FILES_LIMIT_MB", 20, least=1) * 1_000_000  # bytes of all files beside one report
FILES_AT_MOST = number("FILES_AT_MOST", 5)
IMPORT_LIMIT = number("IMPORT_LIMIT_MB", 500) * 1_000_000  # bytes of a file of many reports
IMPORTS_AT_MOST = number("IMPORTS_AT_MOST", 3)  # files of an account that are here at a time
EVIDENCE_TERM_DAYS = days("EVIDENCE_TERM_DAYS", 90, least=1)  # for how long gated evidence is lent at most
# How long what was never published is kept; 0: until somebody asks. docs/erasure.md
RETAIN_EVIDENCE_MONTHS = number("RETAIN_EVIDENCE_MONTHS", 24, most=1_200)  # words and files of a report
RETAIN_CONTACT_DAYS = days("RETAIN_CONTACT_DAYS", 90)  # an address, once what it was left for is closed
ERASURES_LOG = Path(os.environ.get("ERASURES_LOG") or STATE_DIR / "erasures.log").resolve()  # outlives a database
# What everybody may take away of the record, written nightly; web processes and workers share it
DUMPS_DIR = Path(os.environ.get("DUMPS_DIR") or STATE_DIR / "dumps").resolve()
DUMPS_LICENCE = (os.environ.get("DUMPS_LICENCE") or "").strip()  # what may be done with it, in the operator's words

ALLOWED_HOSTS = [
    f"[{SITE_HOST}]" if ":" in SITE_HOST else SITE_HOST,
    *(["localhost", "127.0.0.1"] if IS_LOOPBACK else []),
    *(urlsplit(f"//{host}").hostname or "" for host in (FILES_HOST, ADMIN_HOST) if host),
]
CSRF_TRUSTED_ORIGINS = list(filter(None, [SITE_URL, STAFF_URL]))
INSTALLED_APPS = [
    "config",
    "ledger",
    "accounts",
    "reports",
    "triage",
    "accounts.admin_app.HouseAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "accounts.providers.openid_connect",
    "accounts.providers.github",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "lucide",
    "rest_framework",
]
MIDDLEWARE = [
    "config.requests.RequestMiddleware",
    "config.headers.HeadersMiddleware",  # it and the next two out here, so that refusals carry theirs too
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.health.ProbesMiddleware",
    "config.hosts.HostsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.SignedInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.knocking.KnockingMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "triage.context.house",
            ]
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # so that templates/ may hold widgets of ours

_address = os.environ.get("DATABASE_URL") or postgres.url(STATE_DIR)
DATABASES = {"default": database(_address, secret("DATABASE_PASSWORD"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Limits of signing in stand here: with Django's 300 rows, whoever makes more would push those of others out
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
BROKER_URL = broker(secret("BROKER_URL"))  # none: the embedded queue, see config/celery.py

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_FORMS = {"confirm_login_code": "accounts.codes.SignInCodeForm"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Telltale] "
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_HOST
MFA_FORMS = {
    "add_webauthn": "accounts.factors.AddKeyForm",
    "authenticate_webauthn": "accounts.factors.UseKeyForm",
    "reauthenticate_webauthn": "accounts.factors.UseKeyAgainForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_LOOPBACK and not IS_HTTPS  # browsers have passkeys on localhost alone then
SOCIALACCOUNT_ADAPTER = "accounts.social.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # an address that a provider names opens nobody's account
SOCIALACCOUNT_QUERY_EMAIL = True
_oidc = {"provider_id": "oidc", "name": OIDC_NAME, "client_id": OIDC_CLIENT_ID, "secret": OIDC_CLIENT_SECRET}
_github = {"name": "GitHub", "client_id": GITHUB_CLIENT_ID, "secret": GITHUB_CLIENT_SECRET}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [{**_oidc, "settings": {"server_url": OIDC_ISSUER}}] if OIDC_ISSUER and OIDC_CLIENT_ID else [],
        "OAUTH_PKCE_ENABLED": True,
    },
    "github": {"APPS": [_github] if GITHUB_CLIENT_ID else [], "OAUTH_PKCE_ENABLED": True},
}
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
EMAIL_URL = secret("EMAIL_URL")
# Where mail goes out an address is its owner's before anybody signs in with it: else whoever came first could have
# taken it, roles that are granted to it with it, and signing up would tell who has an account
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL or os.environ.get("EMAIL_BACKEND") else "optional"
EMAIL_BACKEND = (
    os.environ.get("EMAIL_BACKEND") or f"django.core.mail.backends.{'smtp' if EMAIL_URL else 'console'}.EmailBackend"
)
_mail = mail_server(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT = _mail["host"], _mail["port"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["user"], _mail["password"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["starttls"], _mail["tls"]
EMAIL_TIMEOUT = 10  # seconds; a run of mails must end within a task's minute
DEFAULT_FROM_EMAIL = os.environ.get("FROM_EMAIL") or f"telltale@{SITE_HOST}"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文"), ("es", "Español"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_DIR") or STATE_DIR / "static").resolve()
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nobody else's page needs our scripts and styles

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes, the limit of one report's body
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_HANDLERS = ["reports.uploads.InMemory"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics"]  # asked on the machine itself, past the proxy
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# The list that browsers are delivered with binds a whole domain for years: its owner says so, not we
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if IS_HTTPS else "language"
DRAFT_COOKIE_NAME = "__Host-draft" if IS_HTTPS else "draft"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = int(SESSION_LASTS.total_seconds())
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *filter(None, [FILES_URL])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["reports.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["reports.api.authentication.MayAct"],
    "DEFAULT_RENDERER_CLASSES": ["reports.api.renderers.PlainJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["reports.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "reports.api.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,  # the schema says it all, and OPTIONS of its page had no template to say it in
    "DEFAULT_SCHEMA_CLASS": "reports.api.operations.Operation",
    "EXCEPTION_HANDLER": "reports.api.problems.problem_response",
    "URL_FORMAT_OVERRIDE": None,  # a parameter is what a view knows, and no way to ask for another format
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Telltale API",
    "DESCRIPTION": "Community issue reporting for AI models: file, read and decide. How to use it: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # the words of a closed list say what they mean
    "POSTPROCESSING_HOOKS": ["reports.api.described.complete"],  # closed lists stay where they are used
}

LOGGING = logging_settings(log_level("LOG_LEVEL"))
