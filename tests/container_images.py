"""Small images laid out as those of mail servers are that people run in containers: no init system, no syslog daemon,
users and parts of the configuration made at the start. Each can be given files, to make it faulty."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests import image_maker as make
from tests.elf_maker import shared_object
from tests.image_maker import Item, folder
from tests.mail_image import _certificates

_ROOT = Path(__file__).parent.parent
_POSTFIX, _POSTDROP = 101, 103
_PLUGINS = {"crammd5": "server", "login": "server", "plain": "server", "sasldb": "auxprop"}

MASTER = """\
smtp      inet  n       -       n       -       -       smtpd
submission inet n       -       n       -       -       smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_security_level=encrypt
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
proxymap  unix  -       -       n       -       -       proxymap
anvil     unix  -       -       n       -       1       anvil
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
local     unix  -       n       n       -       -       local
lmtp      unix  -       -       n       -       -       lmtp
postlog   unix-dgram n  -       n       -       1       postlogd
"""
TLS = """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/ssl/mail/cert.pem
smtpd_tls_key_file = /etc/ssl/mail/key.pem
"""
COMMON = """\
compatibility_level = 3.6
myhostname = mail.example.org
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8
"""


@dataclass(frozen=True)
class Layout:
    """One manner of image: its files by path (text, or an item), and how it is started."""

    alpine: bool
    files: Mapping[str, str | bytes | Item]
    start: Mapping[str, object] = field(default_factory=dict)

    def image(self, put: Mapping[str, str | bytes | Item | None] | None = None, **start: object) -> bytes:
        """`docker save` of it; `put`: files besides or instead, None takes one away; `start`: the same of how it is
        started."""
        return make.files(make.docker_save({"mail:ci": [make.tar(*self.items(put))]}, {**self.start, **start}))

    def items(self, put: Mapping[str, str | bytes | Item | None] | None = None) -> list[Item]:
        """What is in it."""
        table: dict[str, str | bytes | Item | None] = {**_base(self.alpine), **self.files, **(put or {})}
        found = [_item(path, what) for path, what in table.items() if what is not None]
        names = {item.name for item in found}
        above = {"/".join(n.split("/")[:k]) for n in names for k in range(n.count("/") + 1)} - names
        return [folder(""), *(folder(n) for n in sorted(above - {""})), *found]

    def unpack(self, top: Path, put: Mapping[str, str | bytes | Item | None] | None = None) -> Path:
        """Its files below a folder; owners are those of whoever unpacks."""
        import os

        for item in self.items(put):
            path = top / item.name
            if item.kind == b"5":
                path.mkdir(parents=True, exist_ok=True)
            elif item.link:
                path.symlink_to(item.link)
            else:
                path.write_bytes(item.data)
            if not item.link:
                path.chmod(item.mode)
                if os.geteuid() == 0:
                    os.chown(path, item.uid, item.gid)
        return top


def _item(path: str, what: str | bytes | Item) -> Item:
    if isinstance(what, Item):
        return replace(what, name=path)
    data = what.encode() if isinstance(what, str) else what
    return Item(path, data, mode=0o755 if data[:2] == b"#!" else 0o644)


def _base(alpine: bool) -> dict[str, str | bytes | Item]:
    authority, pair = _certificates()
    key, certificate = pair.split(b"-----BEGIN CERTIFICATE-----")
    program = Item("", shared_object(), mode=0o755)
    libraries = "usr/lib" if alpine else "usr/lib/x86_64-linux-gnu"
    daemons = "usr/libexec/postfix" if alpine else "usr/lib/postfix/sbin"
    release = "ID=alpine\nVERSION_ID=3.21.3\n" if alpine else 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
    return {
        "etc/os-release": release,
        "etc/passwd": "root:x:0:0::/root:/bin/sh\npostfix:x:101:102::/var/spool/postfix:/sbin/nologin\n"
        "dovecot:x:104:104::/:/sbin/nologin\n",
        "etc/group": "root:x:0:\nsasl:x:45:postfix\npostfix:x:102:\npostdrop:x:103:\ndovecot:x:104:\n",
        "etc/services": "smtp 25/tcp mail\nsubmission 587/tcp\n",
        "etc/nsswitch.conf": "hosts: files dns\n",
        "bin/sh": program,
        **({} if alpine else {"bin/bash": program, "usr/sbin/service": "#!/bin/sh\n"}),
        "usr/sbin/postfix": program,
        "usr/sbin/sendmail": program,
        **{f"{daemons}/{name}": program for name in ("smtpd", "master", "anvil", "proxymap")},
        "var/spool/postfix": replace(folder("", 0o755)),
        "etc/postfix/main.cf": COMMON,
        "etc/postfix/master.cf": MASTER,
        "etc/ssl/mail/cert.pem": b"-----BEGIN CERTIFICATE-----" + certificate,
        "etc/ssl/mail/key.pem": Item("", key, mode=0o600),
        "etc/ssl/mail/ca.pem": authority,
        f"{libraries}/libsasl2.so.3" if alpine else f"{libraries}/libsasl2.so.2": shared_object(soname="libsasl2.so"),
        **{
            f"{libraries}/sasl2/lib{name}.so": shared_object(defines=[f"sasl_{kind}_plug_init"])
            for name, kind in _PLUGINS.items()
        },
    }


_SMTPD_CONF = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\n"
_SASLDB = (_ROOT / "fixtures/sasldb/basic.sasldb2").read_bytes()

SUPERVISED = Layout(
    alpine=False,
    files={
        "usr/bin/supervisord": "#!/usr/bin/python3\n",
        "usr/bin/python3": Item("", shared_object(), mode=0o755),
        "usr/bin/dumb-init": Item("", shared_object(), mode=0o755),
        "usr/sbin/dovecot": Item("", shared_object(), mode=0o755),
        "etc/supervisor/supervisord.conf": (
            "[supervisord]\nnodaemon = true\n\n[include]\nfiles = /etc/supervisor/conf.d/*.conf\n"
        ),
        "etc/supervisor/conf.d/services.conf": (
            "[program:setup]\ncommand=/usr/local/bin/setup.sh\nautorestart=false\n\n"
            "[program:imap]\ncommand=/usr/sbin/dovecot -F -c /etc/dovecot/dovecot.conf\nautostart=false\n\n"
            "[program:mta]\ncommand=/usr/bin/pidproxy /var/spool/postfix/pid/master.pid /usr/sbin/postfix start-fg\n"
            "autostart=false\n"
        ),
        "usr/local/bin/setup.sh": (
            "#!/bin/bash\nset -e\nsource /usr/local/bin/parts/index.sh\nmake_users\nmake_names\n"
            "supervisorctl start imap\nsupervisorctl start mta\n"
        ),
        "usr/local/bin/parts/index.sh": (
            '#!/bin/bash\nPARTS=/usr/local/bin/parts\nsource "${PARTS}/users.sh"\nsource "${PARTS}/names.sh"\n'
        ),
        "usr/local/bin/parts/users.sh": (
            "#!/bin/bash\nUSERS=/etc/dovecot/userdb\n"
            'function make_users() {\n  : >"${USERS}"\n  : >/etc/postfix/boxes\n'
            '  while read -r LINE; do\n    echo "${LINE}" >>"${USERS}"\n  done < /config/accounts\n}\n'
        ),
        "usr/local/bin/parts/names.sh": (
            '#!/bin/bash\nfunction make_names() {\n  postconf "myhostname = ${HOSTNAME}"\n'
            "  postconf 'virtual_mailbox_maps = texthash:/etc/postfix/boxes'\n}\n"
        ),
        "etc/dovecot/dovecot.conf": (
            "protocols = imap\nauth_mechanisms = plain login\nssl_cert = </etc/ssl/mail/cert.pem\n"
            "ssl_key = </etc/ssl/mail/key.pem\npassdb {\n  driver = passwd-file\n  args = /etc/dovecot/userdb\n}\n"
            "userdb {\n  driver = passwd-file\n  args = /etc/dovecot/userdb\n}\n"
            "service auth {\n  unix_listener /dev/shm/auth.sock {\n    mode = 0660\n    user = postfix\n"
            "    group = postfix\n  }\n}\n"
        ),
        "etc/postfix/main.cf": COMMON
        + TLS
        + "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = /dev/shm/auth.sock\nsmtpd_tls_auth_only = yes\n",
    },
    start={
        "Entrypoint": ["/usr/bin/dumb-init", "--"],
        "Cmd": ["supervisord", "-c", "/etc/supervisor/supervisord.conf"],
        "Env": ["PATH=/usr/bin:/bin", "ADMIN_PASSWORD=never-told"],
    },
)
"""One container for all: supervisord, Postfix and Dovecot, users from a file that is mounted (docker-mailserver)."""

MOUNTED = Layout(
    alpine=False,
    files={
        "usr/bin/supervisord": "#!/bin/sh\n",
        "entry.sh": '#!/bin/bash\nfor hook in /hooks/*; do\n  "$hook"\ndone\nexec "$@"\n',
        "etc/supervisor/supervisord.conf": (
            "[supervisord]\nnodaemon=true\n\n[program:syslog-ng]\ncommand=/usr/sbin/syslog-ng --foreground\n\n"
            "[program:postfix]\ncommand=/opt/run-postfix.sh\n"
        ),
        "opt/run-postfix.sh": (
            "#!/bin/bash\nset -e\ncat <<EOF > /etc/aliases\nnull: /dev/null\nEOF\nnewaliases\n"
            "cat <<EOF > /opt/mta/conf/sql/users.cf\nuser = ${DBUSER}\npassword = ${DBPASS}\nEOF\n"
            "postfix -c /opt/mta/conf start\nsleep 126144000\n"
        ),
    },
    start={"Entrypoint": ["/entry.sh"], "Cmd": ["/usr/bin/supervisord", "-c", "/etc/supervisor/supervisord.conf"]},
)
"""Postfix alone, its configuration mounted, users in a database, Dovecot in another container (mailcow)."""

ELSEWHERE = (
    COMMON + TLS + "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:dovecot:10001\nsmtpd_tls_auth_only = yes\n"
)
"""A main.cf that asks Dovecot in another container."""

RELAY = Layout(
    alpine=False,
    files={
        "tini": Item("", shared_object(), mode=0o755),
        "usr/bin/supervisord": "#!/bin/sh\n",
        "etc/supervisord.conf": (
            "[supervisord]\nnodaemon = true\n\n[program:rsyslog]\ncommand = rsyslogd -n -f /tmp/rsyslog.conf\n\n"
            "[program:postfix]\ncommand = /scripts/postfix.sh\n"
        ),
        "scripts/run.sh": (
            "#!/bin/bash\nset -e\n. /scripts/functions.sh\nset_names\nset_users\n"
            "exec supervisord -c /etc/supervisord.conf\n"
        ),
        "scripts/functions.sh": (
            '#!/bin/bash\nset_names() {\n  postconf -e "myhostname=$POSTFIX_myhostname"\n}\nset_users() {\n'
            '  if [[ -n "$SMTPD_SASL_USERS" ]]; then\n    postconf -e "smtpd_sasl_auth_enable=yes"\n'
            "    mkdir -p /etc/postfix/sasl\n    cat > /etc/postfix/sasl/smtpd.conf <<EOF\n"
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\nEOF\n"
            "    ln -s -f /etc/postfix/sasl/smtpd.conf /etc/sasl2/\n"
            "    echo $PASSWORD | saslpasswd2 -p -c -u $DOMAIN $NAME\n    chown postfix:sasl /etc/sasldb2\n  fi\n}\n"
        ),
        "scripts/postfix.sh": "#!/bin/sh\nexec /usr/sbin/postfix -c /etc/postfix start-fg\n",
        "etc/postfix/master.cf": MASTER.replace("  -o smtpd_sasl_auth_enable=yes\n", ""),
    },
    start={
        "Entrypoint": ["/tini", "--"],
        "Cmd": ["/bin/sh", "-c", "/scripts/run.sh"],
        "Volumes": {"/var/spool/postfix": {}},
    },
)
"""A relay that is configured by environment variables, users among them (boky/postfix)."""

TEMPLATED = Layout(
    alpine=True,
    files={
        "usr/bin/env": Item("", shared_object(), mode=0o755),
        "usr/bin/python3": Item("", shared_object(), mode=0o755),
        "start.py": (
            "#!/usr/bin/env python3\nimport glob, os\nfrom house import conf, system\n\n"
            'for name in glob.glob("/conf/*.cf"):\n'
            '    conf.jinja(name, os.environ, os.path.join("/etc/postfix", os.path.basename(name)))\n'
            'if "RELAYUSER" in os.environ:\n'
            '    conf.jinja("/conf/sasl_passwd", os.environ, "/etc/postfix/sasl_passwd")\n'
            'os.system("postmap /etc/postfix/transport.map")\n'
            'system.run(["postfix", "start-fg"])\n'
        ),
        "conf/main.cf": "myhostname = {{ HOSTNAMES }}\nmaillog_file = /dev/stdout\nqueue_directory = /queue\n",
        "conf/master.cf": MASTER.replace("587", "{{ PORT }}"),
        "etc/postfix/main.cf": COMMON + "inet_interfaces = localhost\nsmtpd_tls_cert_file = /nowhere.pem\n",
    },
    start={"Cmd": ["/bin/sh", "-c", "/start.py"], "Volumes": {"/queue": {}}},
)
"""Postfix behind a proxy that checks logins; its files are filled in by a template engine (Mailu)."""

OVERLAY = Layout(
    alpine=False,
    files={
        "init": "#!/bin/sh\n",
        "etc/services.d/syslog/run": "#!/bin/sh\nexec syslogd -n\n",
        "etc/cont-init.d/10-drop-ins.sh": (
            '#!/bin/sh\nfor file in /etc/postfix/main.cf.d/*.cf; do\n  cat "$file" >> /etc/postfix/main.cf\ndone\n'
        ),
        "etc/postfix/main.cf": COMMON + "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = example.org\n",
        "etc/postfix/master.cf": MASTER.replace("  -o smtpd_tls_security_level=encrypt\n", ""),
        "etc/postfix/sasl/smtpd.conf": _SMTPD_CONF,
        "etc/sasl2/smtpd.conf": _SMTPD_CONF,
        "etc/sasldb2": Item("", _SASLDB, mode=0o640, gid=45),
    },
    start={"Entrypoint": ["/init"], "Cmd": ["/usr/lib/postfix/sbin/master", "-d"]},
)
"""s6-overlay, a syslog daemon in the container, drop-in files, users in the image (instrumentisto/postfix)."""

FOREGROUND = Layout(
    alpine=True,
    files={
        "entrypoint.sh": (
            '#!/bin/sh\nset -e\necho "$SMTP_PASSWORD" | saslpasswd2 -p -c -u example.org "$SMTP_USER"\n'
            'chown postfix /etc/sasldb2\nexec "$@"\n'
        ),
        "etc/postfix/main.cf": COMMON
        + "maillog_file = /dev/stdout\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = example.org\n",
        "etc/postfix/master.cf": MASTER.replace("  -o smtpd_tls_security_level=encrypt\n", ""),
        "etc/sasl2/smtpd.conf": _SMTPD_CONF,
    },
    start={"Entrypoint": ["/entrypoint.sh"], "Cmd": ["postfix", "start-fg"]},
)
"""Alpine, Postfix in the foreground with its log on stdout, one user from the environment."""

LAYOUTS = {
    "supervised": SUPERVISED,
    "mounted": MOUNTED,
    "relay": RELAY,
    "templated": TEMPLATED,
    "overlay": OVERLAY,
    "foreground": FOREGROUND,
}
