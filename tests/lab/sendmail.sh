# shellcheck shell=sh
# Faults use variables that nothing here does; makemap reads FILE and writes FILE.db:
# shellcheck disable=SC2034,SC2094
# The healthy Sendmail host: STARTTLS, SMTP AUTH by Cyrus SASL from sasldb, a smart host it logs in to.
# Run inside the host with FQDN set. `configure` is done once and kept; faults call the small functions too.

realm=$FQDN user=test password=right-horse
smarthost=relay.lab.example
plugins=$(dirname "$(ls /usr/lib/*/sasl2/libplain.so.2 2>/dev/null)" 2>/dev/null || :)
queue=/var/spool/mqueue
pidfile=/run/sendmail/mta/sendmail.pid

mechs() { # all that the plug-ins of this release serve; SCRAM is not in the oldest
	[ -z "$(ls "$plugins"/libscram.so.2 2>/dev/null)" ] || printf 'SCRAM-SHA-256 '
	echo DIGEST-MD5 CRAM-MD5 LOGIN PLAIN
}

write_mc() {
	cat > /etc/mail/sendmail.mc <<-E
	define(\`_USE_ETC_MAIL_')dnl
	include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
	OSTYPE(\`debian')dnl
	DOMAIN(\`debian-mta')dnl
	undefine(\`confHOST_STATUS_DIRECTORY')dnl
	FEATURE(\`no_default_msa')dnl
	DAEMON_OPTIONS(\`Family=inet, Name=MTA, Port=smtp')dnl
	DAEMON_OPTIONS(\`Family=inet, Name=MSA, Port=submission, M=Ea')dnl
	define(\`confLOG_LEVEL', \`14')dnl
	define(\`confTO_IDENT', \`0')dnl
	define(\`confAUTH_OPTIONS', \`A p')dnl
	define(\`confAUTH_MECHANISMS', \`$(mechs)')dnl
	TRUST_AUTH_MECH(\`$(mechs)')dnl
	define(\`confCACERT_PATH', \`/etc/mail/tls')dnl
	define(\`confCACERT', \`/etc/mail/tls/ca.pem')dnl
	define(\`confSERVER_CERT', \`/etc/mail/tls/host.pem')dnl
	define(\`confSERVER_KEY', \`/etc/mail/tls/host.key')dnl
	define(\`confCLIENT_CERT', \`/etc/mail/tls/host.pem')dnl
	define(\`confCLIENT_KEY', \`/etc/mail/tls/host.key')dnl
	define(\`SMART_HOST', \`$smarthost')dnl
	FEATURE(\`authinfo', \`hash /etc/mail/authinfo')dnl
	FEATURE(\`use_cw_file')dnl
	FEATURE(\`access_db', , \`skip')dnl
	MAILER_DEFINITIONS
	MAILER(\`local')dnl
	MAILER(\`smtp')dnl
	E
}

build_cf() { m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf; }
edit_mc() { sed -i "$1" /etc/mail/sendmail.mc && build_cf; }
healthy_cf() { write_mc && build_cf; }

write_sasl_conf() {
	{
		echo pwcheck_method: auxprop
		echo auxprop_plugin: sasldb
		echo "mech_list: $(mechs)"
	} > /etc/sasl2/Sendmail.conf
	chmod 644 /etc/sasl2/Sendmail.conf
}

add_user() { # REALM
	printf %s "$password" | saslpasswd2 -p -c -u "$1" $user
	chown root:root /etc/sasldb2
	chmod 600 /etc/sasldb2
}
new_sasldb() { rm -f /etc/sasldb2 && add_user "$1"; }
healthy_sasldb() { new_sasldb "$realm"; }

write_authinfo() { # KEY
	echo "AuthInfo:$1 \"U:box\" \"I:box\" \"P:hub-secret\" \"M:DIGEST-MD5\"" > /etc/mail/authinfo
}
build_authinfo() {
	makemap hash /etc/mail/authinfo < /etc/mail/authinfo
	chmod 600 /etc/mail/authinfo /etc/mail/authinfo.db
}
healthy_authinfo() { write_authinfo $smarthost && build_authinfo; }

build_access() { makemap hash /etc/mail/access < /etc/mail/access; }

make_ca() {
	mkdir -p /root/ca/issued
	: > /root/ca/index.txt
	echo 01 > /root/ca/serial
	cat > /root/ca/ca.cnf <<-E
	[ca]
	default_ca = lab
	[lab]
	database = /root/ca/index.txt
	serial = /root/ca/serial
	new_certs_dir = /root/ca/issued
	certificate = /root/ca/ca.pem
	private_key = /root/ca/ca.key
	default_md = sha256
	unique_subject = no
	policy = policy
	copy_extensions = copy
	[policy]
	commonName = supplied
	[req]
	distinguished_name = name
	[name]
	[authority]
	basicConstraints = critical,CA:TRUE
	keyUsage = critical,keyCertSign,cRLSign
	subjectKeyIdentifier = hash
	E
	openssl req -x509 -config /root/ca/ca.cnf -extensions authority -newkey rsa:2048 -nodes -days 7000 \
		-subj '/CN=Lab CA' -keyout /root/ca/ca.key -out /root/ca/ca.pem 2>&1
}

issue() { # NAME FROM TO: a new key and certificate in /etc/mail/tls; the times as YYYYMMDD
	openssl req -config /root/ca/ca.cnf -newkey rsa:2048 -nodes -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
		-keyout /etc/mail/tls/host.key -out /root/ca/host.csr 2>&1
	openssl ca -config /root/ca/ca.cnf -batch -notext -startdate "${2}000000Z" -enddate "${3}000000Z" \
		-in /root/ca/host.csr -out /etc/mail/tls/host.pem 2>&1
	chmod 600 /etc/mail/tls/host.key
}

healthy_tls() {
	mkdir -p /etc/mail/tls
	chown root:root /etc/mail/tls
	chmod 755 /etc/mail/tls
	cp /root/ca/ca.pem /etc/mail/tls/
	issue "$FQDN" 20200101 20450101
}

names() {
	printf '127.0.0.1 localhost\n127.0.1.1 %s %s\n198.51.100.9 client.lab.example\n' "$FQDN" "${FQDN%%.*}" > /etc/hosts
}

configure() {
	echo "$FQDN" > /etc/hostname
	names
	# no name server in the lab: the hosts file knows every name that matters
	: > /etc/resolv.conf
	sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
	echo hosts files > /etc/mail/service.switch
	echo 'aliases files' >> /etc/mail/service.switch
	echo "$FQDN" > /etc/mail/local-host-names
	: > /var/log/mail.log
	: > /var/log/auth.log
	useradd -m -s /bin/sh $user
	make_ca
	healthy_tls
	mkdir -p /etc/sasl2
	write_sasl_conf
	healthy_sasldb
	healthy_cf
	m4 /etc/mail/submit.mc > /etc/mail/submit.cf
	healthy_authinfo
	build_access
	directories
	echo 'postmaster: root' > /etc/aliases
	newaliases
}

directories() { # what Debian's start script makes at every boot
	mkdir -p /run/sendmail/mta /run/sendmail/msp /run/sendmail/stampdir
	chown smmta:smmsp /run/sendmail /run/sendmail/mta
	chown smmsp:smmsp /run/sendmail/msp
	chown root:smmsp /run/sendmail/stampdir
	chmod 2755 /run/sendmail/mta /run/sendmail/msp
	chmod 2775 /run/sendmail/stampdir
	[ -e /var/lib/sendmail/sendmail.st ] || : > /var/lib/sendmail/sendmail.st
}

listening() { # PORT
	grep -qs "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

start() {
	directories
	/usr/sbin/sendmail -L sm-mta -bd -q15m || return
	tries=0
	until listening 587 && listening 25; do
		tries=$((tries + 1))
		[ $tries -le 40 ] || return
		sleep 0.1
	done
}

stop() {
	[ -s $pidfile ] || return 0
	pid=$(head -n 1 $pidfile)
	kill "$pid" 2>/dev/null || return 0
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
}
