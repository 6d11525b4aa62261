"""What can be wrong with SMTP AUTH on a Sendmail host, each as three lines of shell: break it, and fix it again.

`inject` runs before the daemon starts, `late` after it did. `symptom` is a part of what `probe.py` meets then, the
proof that the fault is real, judged without the doctor; "works" where a client that hands mail in sees nothing.
`expect` is the code of the finding that has to be the first root cause. The shell may use all that
`sendmail.sh` defines.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One way to break the healthy host."""

    id: str
    expect: str
    symptom: str
    inject: str
    mend: str
    late: str = ""
    live: bool = False
    """Seen on a running host only: the files alone do not show it."""


NO_DAEMON = "closed"
NO_AUTH = "no AUTH after TLS"
NO_LOGIN = "login fails"

FAULTS = (
    # who may write where
    Fault("root-group-writable", "PERM001", NO_DAEMON, "chmod g+w /", "chmod g-w /"),
    Fault("etc-group-writable", "PERM001", NO_DAEMON, "chmod g+w /etc", "chmod g-w /etc"),
    Fault(
        "etc-mail-group-writable", "PERM001", NO_DAEMON,
        "chmod g+w /etc/mail", "chmod g-w /etc/mail",
    ),
    Fault("usr-group-writable", "PERM001", NO_AUTH, "chmod g+w /usr", "chmod g-w /usr"),
    Fault("plugins-group-writable", "PERM001", NO_AUTH, "chmod g+w $plugins", "chmod g-w $plugins"),
    Fault(
        "plugin-world-writable", "PERM002", "no PLAIN after TLS",
        "chmod 666 $plugins/libplain.so.2", "chmod 644 $plugins/libplain.so.2",
    ),
    # SASL plug-ins
    Fault(
        "plugin-missing", "MECH001", "no CRAM-MD5 before TLS",
        "mkdir /root/away && mv $plugins/libcrammd5.* /root/away", "mv /root/away/* $plugins",
    ),
    Fault(
        "plugin-undefined-symbol", "LINK001", "no DIGEST-MD5 before TLS",
        "cp $plugins/libdigestmd5.so.2 /root/good.so; "
        "sed -i s/DES_key_sched/des_key_sched/ $plugins/libdigestmd5.so.2.*",
        "cp /root/good.so $plugins/libdigestmd5.so.2",
    ),
    Fault(
        "plugin-missing-library", "LINK002", "no DIGEST-MD5 before TLS",
        "cp $plugins/libdigestmd5.so.2 /root/good.so; "
        "sed -i 's/libcrypto.so.[0-9]/libcrypto.so.9/' $plugins/libdigestmd5.so.2.*",
        "cp /root/good.so $plugins/libdigestmd5.so.2",
    ),
    Fault(
        "plugins-dangling", "LINK005", NO_AUTH,
        "mv $plugins /opt/sasl2 && ln -s /opt/elsewhere/sasl2 $plugins",
        "link=$(ls -d /usr/lib/*-linux-gnu*/sasl2); rm $link && mv /opt/sasl2 $link",
    ),
    # users and realms
    Fault("user-without-realm", "USER005", NO_LOGIN, "new_sasldb ${realm%%.*}", "healthy_sasldb"),
    Fault("realm-other-case", "USER005", NO_LOGIN, "new_sasldb Mail.Lab.Example", "healthy_sasldb"),
    # mechanisms
    Fault(
        "mech-not-trusted", "MECH002", "PLAIN: no relaying",
        "edit_mc \"s/^TRUST_AUTH_MECH.*/TRUST_AUTH_MECH(\\`CRAM-MD5')dnl/\"", "healthy_cf",
    ),
    Fault(
        "mech-not-offered", "MECH003", "no CRAM-MD5 before TLS",
        "edit_mc \"s/confAUTH_MECHANISMS', .*/confAUTH_MECHANISMS', \\`DIGEST-MD5')dnl/\"", "healthy_cf",
    ),
    Fault(
        "mech-list-short", "MECH004", "no AUTH before TLS",
        "sed -i 's/^mech_list:.*/mech_list: LOGIN PLAIN/' /etc/sasl2/Sendmail.conf", "write_sasl_conf",
    ),
    # Sendmail.conf
    Fault(
        "sasl-conf-syntax", "SASL001", NO_DAEMON,
        "sed -i 's/: / = /' /etc/sasl2/Sendmail.conf", "write_sasl_conf",
    ),
    Fault(
        "pwcheck-method-unknown", "SASL002", "PLAIN login fails",
        "sed -i 's/^pwcheck_method:.*/pwcheck_method: sasldb/' /etc/sasl2/Sendmail.conf", "write_sasl_conf",
    ),
    Fault(
        "sasl-conf-name", "SASL003", "works",
        "mv /etc/sasl2/Sendmail.conf /etc/sasl2/sendmail.conf",
        "mv /etc/sasl2/sendmail.conf /etc/sasl2/Sendmail.conf",
    ),
    Fault(
        "saslauthd-not-running", "SASL007", "PLAIN login fails",
        "printf 'pwcheck_method: saslauthd\\nmech_list: LOGIN PLAIN\\n' > /etc/sasl2/Sendmail.conf; "
        "edit_mc \"s/confAUTH_MECHANISMS', .*/confAUTH_MECHANISMS', \\`LOGIN PLAIN')dnl/; "
        "s/^TRUST_AUTH_MECH.*/TRUST_AUTH_MECH(\\`LOGIN PLAIN')dnl/\"",
        "write_sasl_conf; healthy_cf", live=True,
    ),
    # sasldb
    Fault("sasldb-missing", "USER001", NO_LOGIN, "rm /etc/sasldb2", "healthy_sasldb"),
    Fault("sasldb-empty", "USER002", NO_LOGIN, "saslpasswd2 -d -u $realm $user", "healthy_sasldb"),
    Fault("sasldb-world-readable", "PERM004", "works", "chmod 644 /etc/sasldb2", "chmod 600 /etc/sasldb2"),
    Fault(
        "sasldb-other-format", "USER004", NO_LOGIN,
        # the first page of an LMDB file: its magic number stands at offset 16
        "head -c 16384 /dev/zero > /etc/sasldb2; printf '\\336\\300\\357\\276\\001' | "
        "dd of=/etc/sasldb2 bs=1 seek=16 conv=notrunc 2>&1",
        "healthy_sasldb",
    ),
    Fault("sasldb-truncated", "USER003", NO_LOGIN, "truncate -s 5000 /etc/sasldb2", "healthy_sasldb"),
    # sendmail.cf, submit.cf
    Fault(
        "cf-older-than-mc", "CONF002", "no PLAIN after TLS",
        "edit_mc /AUTH/d; touch -d '2 days ago' /etc/mail/sendmail.cf; write_mc", "build_cf",
    ),
    Fault("cf-syntax", "CONF001", NO_DAEMON, "echo 'Jthis is no line' >> /etc/mail/sendmail.cf", "build_cf"),
    Fault("daemon-without-auth", "CONF005", NO_AUTH, "edit_mc s/M=Ea/M=EA/", "healthy_cf"),
    Fault("daemon-without-starttls", "CONF006", "no STARTTLS", "edit_mc s/M=Ea/M=EaS/", "healthy_cf"),
    Fault(
        "submit-cf-missing", "CONF004", "works",
        "rm /etc/mail/submit.cf", "m4 /etc/mail/submit.mc > /etc/mail/submit.cf",
    ),
    Fault(
        "log-level-low", "CONF010", "works",
        "edit_mc \"s/confLOG_LEVEL', .*/confLOG_LEVEL', \\`5')dnl/\"", "healthy_cf",
    ),
    # certificate and key
    Fault("cert-missing", "TLS001", "no STARTTLS", "rm /etc/mail/tls/host.pem", "healthy_tls"),
    Fault("cert-expired", "TLS002", "has expired", "issue $FQDN 20190101 20210101", "healthy_tls"),
    Fault(
        "cert-not-yet-valid", "TLS003", "not yet valid",
        "issue $FQDN 20440101 20450101", "healthy_tls",
    ),
    Fault(
        "cert-other-name", "TLS004", "mismatch",
        "issue www.lab.example 20200101 20450101", "healthy_tls",
    ),
    Fault(
        "key-mismatch", "TLS005", "no STARTTLS",
        "openssl genrsa -out /etc/mail/tls/host.key 2048 2>&1; chmod 600 /etc/mail/tls/host.key", "healthy_tls",
    ),
    Fault(
        "key-world-readable", "PERM002", "no STARTTLS",
        "chmod 644 /etc/mail/tls/host.key", "chmod 600 /etc/mail/tls/host.key",
    ),
    # queue
    Fault("queue-missing", "QUEUE001", NO_DAEMON, "mv $queue /root/queue", "mv /root/queue $queue"),
    Fault(
        "queue-owner", "QUEUE002", "message refused",
        "stat -c %u:%g $queue > /root/owner; chown nobody:nogroup $queue", "chown $(cat /root/owner) $queue",
    ),
    Fault(
        "queue-full", "QUEUE003", "452",
        "mount -t tmpfs -o size=16m,mode=$(stat -c %a,uid=%u,gid=%g $queue) full $queue; "
        "dd if=/dev/zero of=$queue/fill bs=4k 2>&1 || :",
        "rm $queue/fill", live=True,
    ),
    # who is let in
    Fault(
        "hosts-deny", "RUN005", "Access denied",
        "mv /etc/hosts.allow /root; echo 'ALL: ALL' > /etc/hosts.deny", "mv /root/hosts.allow /etc",
    ),
    Fault(
        "srv-features", "MAP005", NO_AUTH,
        "cp -p /etc/mail/access /root/access; printf 'Srv_Features:198.51.100\\tA\\n' >> /etc/mail/access; "
        "build_access",
        "cp -p /root/access /etc/mail/access; build_access",
    ),
    Fault(
        "host-name-unqualified", "CONF014", "calls itself mail",
        "hostname mail; echo '127.0.0.1 localhost' > /etc/hosts", "hostname $FQDN; names", live=True,
    ),
    Fault(
        "run-as-user", "PERM006", "no STARTTLS",
        "edit_mc \"/^MAILER_DEFINITIONS/i define(\\`confRUN_AS_USER', \\`smmta:smmsp')dnl\"", "healthy_cf",
    ),
    # the login to the smart host
    Fault("authinfo-unbuilt", "MAP001", "works", "rm /etc/mail/authinfo.db", "healthy_authinfo"),
    Fault(
        "authinfo-stale", "MAP002", "works",
        "touch -d '2 days ago' /etc/mail/authinfo.db; sed -i s/hub-secret/new-secret/ /etc/mail/authinfo",
        "build_authinfo",
    ),
    Fault(
        "authinfo-malformed", "MAP003", "works",
        'echo "AuthInfo:$smarthost U=box P=hub-secret" > /etc/mail/authinfo; build_authinfo', "healthy_authinfo",
    ),
    Fault(
        "authinfo-other-key", "MAP004", "works",
        "write_authinfo smtp.lab.example; build_authinfo", "healthy_authinfo",
    ),
    Fault(
        "authinfo-world-readable", "PERM005", "works",
        "chmod 644 /etc/mail/authinfo /etc/mail/authinfo.db", "build_authinfo",
    ),
    # the daemon
    Fault("daemon-not-running", "RUN001", NO_DAEMON, ":", ":", late="stop", live=True),
    Fault(
        "daemon-older-configuration", "RUN004", "no CRAM-MD5 before TLS",
        "edit_mc \"s/confAUTH_MECHANISMS', .*/confAUTH_MECHANISMS', \\`DIGEST-MD5')dnl/\"", ":",
        late="sleep 1.1; healthy_cf", live=True,
    ),
)  # fmt: skip

BY_ID = {fault.id: fault for fault in FAULTS}
