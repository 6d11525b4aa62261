# shellcheck shell=sh
# A healthy Postfix host with Cyrus SASL: what `bench/check.py` measures other programs on.

configure() {
	echo "$FQDN" > /etc/hostname
	printf '127.0.0.1 localhost\n127.0.1.1 %s %s\n' "$FQDN" "${FQDN%%.*}" > /etc/hosts
	: > /etc/resolv.conf
	postconf -e "myhostname = $FQDN" "mydestination = $FQDN, localhost" 'inet_interfaces = all' 'inet_protocols = ipv4' \
		'mynetworks = 127.0.0.0/8' 'smtpd_sasl_auth_enable = yes' 'alias_maps = hash:/etc/aliases' \
		'alias_database = hash:/etc/aliases'
	printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: DIGEST-MD5 CRAM-MD5 LOGIN PLAIN\n' \
		> /etc/postfix/sasl/smtpd.conf
	printf %s right-horse | saslpasswd2 -p -c -u "$FQDN" test
	chown root:postfix /etc/sasldb2
	chmod 640 /etc/sasldb2
	echo 'postmaster: root' > /etc/aliases
	newaliases
	# of the files it copies into its chroot, a host without a name server lacks some
	touch /etc/resolv.conf /etc/localtime
	/usr/lib/postfix/configure-instance.sh - 2>/dev/null || :
}

start() { postfix start; }
stop() { postfix stop; }
