"""What stands before the greeting and behind the login: packet filters, name servers, filters, delivery, restarts."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildoctor.collect import knowledge
from maildoctor.facts.bans import Bans
from maildoctor.facts.firewall import Firewall
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.paths import Paths
from maildoctor.facts.processes import Processes
from maildoctor.facts.resolver import Greeting, Resolver
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.delivery import Delivery
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.facts.tls import Tls
from maildoctor.facts.wire import Wire
from maildoctor.host import Answer, NoAnswer, Verb, asking, procfs
from maildoctor.host.live import Live
from maildoctor.log_lines import of_logins

NFT = """table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\tiif "lo" accept
\t\tct state vmap { established : accept, related : accept, invalid : drop }
\t\ttcp dport { 22, 25 } counter packets 3 bytes 180 accept
\t\tip saddr 192.0.2.0/24 tcp dport 465 accept
\t\tmeta l4proto icmp accept
\t}
\tchain forward { type filter hook forward priority filter; policy drop; }
}
"""
IPTABLES = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:f2b-smtp - [0:0]
:user-input - [0:0]
[7:420] -A INPUT -p tcp -m multiport --dports 25,587 -j f2b-smtp
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 25 -m comment --comment "mail of others" -j ACCEPT
-A INPUT -j user-input
-A f2b-smtp -s 192.0.2.9/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-smtp -j RETURN
-A user-input -p tcp -m tcp --dport 465 -m limit --limit 3/min -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize("rules", [NFT, IPTABLES])
def test_a_port_is_shut_only_where_rules_for_every_client_say_so(rules: str) -> None:
    wall = Firewall.parse(rules)
    assert {port: wall.ruling(port).fate for port in (25, 465, 587)} == {25: "passes", 465: "unsure", 587: "dropped"}
    assert "policy drop" in wall.ruling(587).rule


def test_the_rule_that_shuts_a_port_is_shown() -> None:
    wall = Firewall.parse("# source: iptables-save\n*filter\n:INPUT ACCEPT\n-A INPUT -p tcp --dport 587 -j REJECT\n")
    assert wall.evidence(wall.ruling(587)).source == "iptables-save"
    assert wall.ruling(587).fate == "rejected" and wall.ruling(25).fate == "passes"


def test_ports_in_a_named_set_are_not_guessed() -> None:
    wall = Firewall.parse("chain i {\n type filter hook input priority 0; policy drop;\n tcp dport @mail accept\n}")
    assert wall.ruling(587).fate == "unsure"


def test_chains_that_call_each_other_come_to_an_end() -> None:
    wall = Firewall.parse("*filter\n:INPUT DROP\n:a -\n:b -\n-A INPUT -j a\n-A a -j b\n-A b -j a\n")
    assert wall.ruling(587).fate == "unsure"


def test_what_the_resolver_asks() -> None:
    known = Resolver.parse(
        "nameserver 127.0.0.1\noptions timeout:1\nhosts: files resolve [!UNAVAIL=return] dns # as shipped\n"
        "missing module: resolve\nasked 127.0.0.1: nothing listens there"
    )
    assert known.servers == ("127.0.0.1",) and known.dead == ("127.0.0.1",)
    assert known.usable == ("files", "dns") and known.asks_the_dns
    assert not Resolver.parse("hosts: files").asks_the_dns


def test_a_greeting_has_its_time_and_code() -> None:
    late = Greeting.parse("587 7.002 -")
    assert (late.seconds, late.banner, late.code) == (7.002, "", 0)
    assert Greeting.parse("25 0.010 554 mail ESMTP not accepting messages").code == 554


def test_filters_that_are_asked_are_those_that_a_list_names() -> None:
    cf = SendmailCf.parse(
        "Xdkim, S=inet:8891@localhost, F=T, T=R:2m\nXclam, S=local:/run/clam.sock, F=\nXspare, S=/run/spare.sock\n"
        "Xown, S=unix:/run/own.sock, F=4\nO InputMailFilters=dkim,clam\nO DaemonPortOptions=Port=587, I=own"
    )
    assert [(f.name, f.path, f.port, f.failure) for f in cf.input_filters] == [
        ("dkim", "", 8891, "defers"),
        ("clam", "/run/clam.sock", None, "goes on"),
        ("own", "/run/own.sock", None, "hangs up"),
    ]


def test_block_lists_and_pauses_are_read_from_rules() -> None:
    cf = SendmailCf.parse(
        "V10\nSBasic_check_relay\nR$-.$-.$-.$-\t\t$: <?> $(dnsbl $4.$3.$2.$1.zen.example.org. $: OK $)\n"
        'R<?>OK\t\t$: OKSOFAR\nR<?>$+\t\t$#error $@ 5.7.1 $: "550"\n'
        "R$-.$-.$-.$-\t\t$: <?> $(ednsbl $4.$3.$2.$1.bl.example.net. $: OK $)\nR<?>OK\t\t$: OKSOFAR\n"
        'R<?>127.0.0.2.\t\t$#error $: "550"\nSgreet_pause\nR<?> <$*>\t\t$# 5000\n'
    )
    assert [(b.zone, b.any_answer) for b in cf.block_lists] == [("zen.example.org", True), ("bl.example.net", False)]
    assert cf.greet_pause == (5000, 10) and not cf.delays_checks


def test_features_of_the_source_have_their_place() -> None:
    mc = SendmailMc.parse("# path: /etc/mail/sendmail.mc\ndnl FEATURE(`off')\nFEATURE(`relay_local_from')dnl")
    assert mc.features == {"relay_local_from": "/etc/mail/sendmail.mc:2"}


def test_a_folder_of_certificates_by_their_hashes() -> None:
    tls = Tls.parse("[CA folder] /etc/ssl/certs\nca.pem\n5ad8a5d6.0\n[CA folder] /etc/mail/tls\nhost.pem")
    assert [f.hashed for f in tls.of("CA folder")] == [True, False]


def test_places_of_delivery() -> None:
    all_ = Delivery.parse(
        "[agent local] /usr/bin/procmail\nmissing\n"
        "[filter dkim] /run/d.sock\nsrwxr-xr-x root root /run/d.sock\nbound: no"
    )
    local, dkim = all_.named("agent", "local"), all_.named("filter", "dkim")
    assert local is not None and local.missing and dkim is not None and dkim.deaf


def test_a_daemon_that_began_anew_is_as_young_as_its_pid_file() -> None:
    known = Processes.parse(
        "40 root 1000.00 /usr/sbin/sendmail sendmail: MTA: accepting connections\nbegan: 40 2000.50\nstopped: 40\n"
        "old library: 40 /usr/lib/libsasl2.so.2\n41 root 1.00 /usr/sbin/sendmail sendmail: Queue runner@00:10:00\n"
    )
    (daemon,) = known.sendmail_daemons
    assert (daemon.started, daemon.stopped, daemon.old_libraries) == (2000.5, True, ("/usr/lib/libsasl2.so.2",))
    assert [p.pid for p in known.queue_runners] == [41]


def test_when_an_inode_changed_is_known(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    before = file.stat().st_ctime
    file.chmod(0o600)
    stamp = Live().ask("changed", str(file))
    assert isinstance(stamp, str)
    paths = Paths.parse(f"-rw------- root root {file}\nchanged {stamp} {file}")
    assert before - 0.01 <= paths.changed[str(file)] == pytest.approx(file.stat().st_ctime, abs=0.01)


@pytest.fixture
def banner() -> Iterator[int]:
    """A server on a port of 127.0.0.1 that greets one client."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            talk, _ = server.accept()
            with talk:
                talk.sendall(b"220 mail.example.com ESMTP\r\n")
                talk.recv(100)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def test_a_stranger_is_greeted(banner: int) -> None:
    answer = asking.greeting(banner)
    assert isinstance(answer, str)
    assert Greeting.parse(f"{banner} {answer}").banner == "220 mail.example.com ESMTP"


def test_no_other_machine_is_asked_for_names() -> None:
    answer = asking.name_server("192.0.2.53")
    assert isinstance(answer, NoAnswer) and answer.why == "unavailable"


@pytest.mark.skipif(not procfs.serves(), reason="reads Linux's /proc")
def test_whether_a_process_listens_on_a_socket(tmp_path: Path) -> None:
    path = tmp_path / f"{os.getpid()}.s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert procfs.bound(str(path), "/proc/net") == "no"
        server.listen()
        assert procfs.bound(str(path), "/proc/net") == "yes"
    assert procfs.bound(str(path), "/proc/net") == "no"


def test_routes_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    rows = [
        "eth0\t00000000\t014D0A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0",
        "*\t09094D0A\t00000000\t0205\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
        "*\t08094D0A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
        "*\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0",
        "eth0\t00094D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        "*\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
    ]
    (tmp_path / "route").write_text(head + "\n".join(rows))
    nowhere, zero = "0" * 32, "00000000000000000000000000000000 00"
    (tmp_path / "ipv6_route").write_text(
        f"20010db8000000000000000000000009 80 {zero} {nowhere} 00000400 00000001 00000000 00200200 lo\n"
        f"{nowhere} 00 {zero} {nowhere} ffffffff 00000001 00000000 00200200 lo\n"
    )
    rows_of = procfs.refusing(str(tmp_path)).splitlines()
    assert rows_of == [
        "unreachable 10.77.9.9",
        "blackhole 10.77.9.8",
        "unreachable 2001:db8::9",
        "blackhole 192.168.0.0/16",
    ]
    assert procfs.refusing(str(tmp_path / "none")) == ""


F2B = """table inet f2b-table {
\tset addr-set-sendmail-auth {
\t\ttype ipv4_addr
\t}
\tset addr-set-sshd {
\t\ttype ipv4_addr
\t}
\tchain f2b-chain {
\t\ttype filter hook input priority filter - 1; policy accept;
\t\ttcp dport { 25, 465, 587 } ip saddr @addr-set-sendmail-auth reject with icmp port-unreachable
\t\ttcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable
\t}
}
"""


def test_the_sets_of_fail2ban_are_read_for_the_ports_of_mail() -> None:
    asked = []

    class Table:
        kind, name, commands = "host", "mx", ()

        def ask(self, verb: Verb, subject: str = "") -> Answer:
            asked.append(f"{verb} {subject}".strip())
            return {
                "run nft -t list ruleset": f"exit 0\n{F2B}",
                "run nft list set inet f2b-table addr-set-sendmail-auth": "exit 0\nset x {\n"
                "elements = { 10.77.9.9,\n 198.51.100.0/24 timeout 10m expires 9m }\n}",
                "look /usr/sbin/nft": "-rwxr-xr-x 1 root root 1 2026-01-01 00:00:00.0 +0000 /usr/sbin/nft",
                "look /sys/module/nf_tables": "drwxr-xr-x 1 root root 1 2026-01-01 00:00:00.0 +0000 /sys/module/x",
                "routes": "unreachable 10.77.9.8",
            }.get(f"{verb} {subject}".strip(), NoAnswer("absent", "none"))

    known = knowledge(Table(), lambda _: None)[0](Bans)
    assert isinstance(known, Bans)
    assert [(b.address, b.by, b.jail) for b in known.all] == [
        ("10.77.9.8", "route", ""),
        ("10.77.9.9", "set", "sendmail-auth"),
        ("198.51.100.0/24", "set", "sendmail-auth"),
    ]
    assert not [a for a in asked if "sshd" in a]


def test_a_rule_of_iptables_for_one_client_is_a_ban() -> None:
    wall = Firewall.parse(IPTABLES)
    rows = "\n".join(wall.selective((25, 587)))
    (ban,) = Bans.parse(f"# source: iptables-save -t filter\n{rows}").all
    assert (ban.address, ban.jail, ban.name) == ("192.0.2.9", "smtp", "f2b-smtp")


def test_logins_elsewhere_and_what_became_of_the_mail() -> None:
    rows = [
        "AUTH=client, relay=hub.example.com., mech=DIGEST-MD5, bits=128",
        "6AM7x0000001: to=<a@example.net>, relay=hub.example.com. [192.0.2.2], dsn=2.0.0, stat=Sent (ok)",
        "AUTH=client, relay=other.example.com., mech=DIGEST-MD5, bits=128",
        "AUTH=client, relay=other.example.com [192.0.2.3], authinfo failed",
        "AUTH=client, relay=other.example.com., mech=, bits=0",
        "AUTH=client, relay=mx.example.org., mech=, bits=0",
        "6AM7x0000002: to=<b@example.net>, relay=other.example.com. [192.0.2.3], dsn=5.7.1, reply=550 no, "
        "stat=Service unavailable",
    ]
    lines = "\n".join(f"Nov 22 09:00:0{n} mail sm-mta[{n // 3}]: {row}" for n, row in enumerate(rows))
    hubs = LoginHistory.parse(lines).hubs
    assert {name: (hub.now, hub.mechanism) for name, hub in hubs.items()} == {
        "hub.example.com": ("in", "DIGEST-MD5"),
        "other.example.com": ("failed", "DIGEST-MD5"),
        "mx.example.org": ("out", ""),
    }
    assert "stat=Sent" in hubs["hub.example.com"].taken and not hubs["hub.example.com"].refused
    assert "550 no" in hubs["other.example.com"].refused and not hubs["other.example.com"].taken
    assert [line for line in lines.splitlines() if line not in of_logins(lines.splitlines())] == []


def test_clients_that_are_turned_away_for_their_number_are_kept_by_address() -> None:
    line = (
        "Nov 22 09:00:03 mail sm-mta[8]: ruleset=check_relay, arg1=pc, arg2=10.7.7.9, relay=pc.example.com [10.7.7.9],"
        " reject=452 4.3.2 Connection rate limit exceeded."
    )
    assert dict(LoginHistory.parse(line).limited) == {"10.7.7.9": line}


def test_certificates_that_were_sent_stand_in_the_transcript() -> None:
    talk = Wire.parse(
        "=== connect 127.0.0.1:25 auto\n=== purpose look\n<-  220 mail ESMTP\n=== sent 1: CN=a; issued by CN=b\n"
        "=== sent 2: CN=b\\; c; issued by CN=root"
    ).all[0]
    assert talk.sent == (("CN=a", "CN=b"), ("CN=b\\; c", "CN=root"))


@pytest.mark.parametrize(
    "rule",
    [
        "-A INPUT ! -s 10.0.0.5/32 -p tcp -m tcp --dport 587 -j DROP",
        "-A INPUT -i ppp0 -s 10.0.0.5/32 -j DROP",
        "-A INPUT -p tcp -m tcp --dport 587 -m set ! --match-set users src -j DROP",
        "-A INPUT -s 10.0.0.5/32 -p tcp -m tcp --dport 22 -j DROP",
        "-A INPUT -s 10.0.0.5/32 -m limit --limit 3/min -j DROP",
    ],
)
def test_a_rule_that_spares_whom_it_names_is_no_ban(rule: str) -> None:
    class Table:
        kind, name, commands = "host", "mx", ()

        def ask(self, verb: Verb, subject: str = "") -> Answer:
            return {
                "run iptables-save -t filter": f"exit 0\n*filter\n:INPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n",
                "run ipset save users": "exit 0\nadd users 10.0.0.5\n",
                "look /usr/sbin/iptables-save": "-rwxr-xr-x 1 root root 1 2026-01-01 00:00:00.0 +0000 /x",
                "look /sys/module/ip_tables": "drwxr-xr-x 1 root root 1 2026-01-01 00:00:00.0 +0000 /x",
            }.get(f"{verb} {subject}".strip(), NoAnswer("absent", "none"))

    known = knowledge(Table(), lambda _: None)[0](Bans)
    assert isinstance(known, Bans) and known.all == ()


def test_what_exim_could_not_ask_is_a_failure_by_the_server() -> None:
    line = (
        "2026-11-22 06:23:08 plain_server authenticator failed for (pc.example.com) [192.0.2.9]: 435 Unable to "
        "authenticate at present (set_id=test): failed to open /etc/exim4/passwd for linear search: Permission denied"
    )
    history = LoginHistory.parse(line)
    assert [(r.mechanism, r.failed, r.by_the_server) for r in history.failing()] == [("PLAIN_SERVER", 1, 1)]
