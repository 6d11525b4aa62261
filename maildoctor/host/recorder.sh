#!/bin/sh
# Records a host that has no Python 3.11, for `maildoctor check --snapshot`: host.toml as `check --record` writes it, on
# the standard output. It only reads, runs no program of the mail server, and takes of a file a mebibyte at most. Of
# settings it writes what cannot be a secret, and no comments; of keys, databases of users and maps nothing but that they
# are there; of logs which logins went well and which did not. What is not recorded is not judged.
#
#     sh recorder.sh >host.toml
set -u
LC_ALL=C TZ=UTC0
export LC_ALL TZ
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077

LOOKED='/ /.dockerenv /dev/log /dev/null /dev/random /dev/urandom /etc/aliases /etc/aliases.db /etc/exim.conf
/etc/exim4/exim4.conf /etc/exim4/update-exim4.conf.conf /etc/fail2ban /etc/imapd.conf /etc/krb5.conf /etc/krb5.keytab
/etc/mail/access /etc/mail/access.db /etc/mail/aliases /etc/mail/aliases.db /etc/mail/authinfo /etc/mail/authinfo.db
/etc/mail/auth/client-info /etc/mail/auth/client-info.db /etc/mail/local-host-names /etc/mail/relay-domains
/etc/mail/sendmail.cf /etc/mail/sendmail.mc /etc/mail/submit.cf /etc/mail/virtusertable /etc/sendmail.cf
/etc/postfix/main.cf /etc/postfix/master.cf /etc/smtpd.conf /etc/mail/smtpd.conf /etc/rc.subr /etc/sasldb2 /etc/sasldb2.db
/etc/Sendmail.conf /etc/mail/Sendmail.conf /etc/dovecot/dovecot.conf /etc/dovecot/users /run/.containerenv /run/openrc
/run/systemd/system /run/saslauthd/mux /var/run/saslauthd/mux /var/lib/sasl2/mux /var/state/saslauthd/mux
/usr/bin/mailq /usr/bin/newaliases /usr/bin/fail2ban-client /usr/sbin/sendmail /usr/libexec/sendmail/sendmail
/usr/sbin/saslauthd /usr/sbin/service /usr/sbin/nft /sbin/nft /usr/sbin/iptables-save /sbin/iptables-save
/usr/sbin/postfix /usr/sbin/postdrop /usr/sbin/postqueue /usr/lib/postfix/sbin/smtpd /usr/libexec/postfix/smtpd
/usr/sbin/dovecot /usr/sbin/exim /usr/sbin/exim4 /usr/sbin/smtpctl /usr/sbin/sensible-mda /usr/lib/systemd/systemd
/var/mail /var/spool/mqueue /var/spool/mqueue-client /var/spool/postfix/active /var/spool/postfix/deferred
/var/spool/postfix/dev/log /var/spool/postfix/etc/resolv.conf /var/spool/postfix/etc/sasldb2
/var/spool/postfix/etc/services /var/spool/postfix/incoming /var/spool/postfix/maildrop /var/spool/postfix/pid
/var/spool/postfix/private/auth /var/spool/postfix/public /var/spool/postfix/var/run/saslauthd/mux /var/lib/postfix
/var/run/sendmail/mta/sendmail.pid /var/run/sendmail.pid /var/log/mail.log /var/log/maillog'

LISTED='/etc /etc/dovecot /etc/dovecot/conf.d /etc/exim /etc/exim4 /etc/mail/tls /etc/pam.d /etc/postfix
/etc/postfix/dynamicmaps.cf.d /etc/postfix/sasl /etc/rc.d/rc3.d /etc/rc.d/rc5.d /etc/rc2.d /etc/rc3.d /etc/rc5.d
/etc/runlevels/default /etc/sasl /etc/sasl2 /etc/systemd/system/default.target.wants
/etc/systemd/system/graphical.target.wants /etc/systemd/system/multi-user.target.wants /usr/lib /usr/lib64 /usr/lib/sasl
/usr/lib/sasl2 /usr/lib64/sasl2 /usr/lib/x86_64-linux-gnu/sasl2 /usr/lib/aarch64-linux-gnu/sasl2
/usr/lib/dovecot/modules/auth /usr/local/etc /usr/local/lib/sasl2 /usr/share/dovecot/protocols.d
/var/spool/mqueue-client /var/spool/postfix/etc'

# where libsasl looks for the files of its applications
SASL='/etc/sasl2 /etc/sasl /usr/lib/sasl2 /usr/lib64/sasl2 /usr/lib/sasl /usr/local/lib/sasl2 /usr/local/etc/sasl2
/etc/postfix/sasl'
APPLICATIONS='Sendmail.conf smtpd.conf exim.conf'

READ='/etc/default/saslauthd /etc/sysconfig/saslauthd /etc/group /etc/hostname /etc/hosts /etc/hosts.allow /etc/hosts.deny
/etc/krb5.conf /etc/mail/local-host-names /etc/mail/sendmail.cf /etc/mail/sendmail.mc /etc/mail/submit.cf
/etc/nsswitch.conf /etc/os-release /etc/passwd /etc/postfix/dynamicmaps.cf /etc/postfix/main.cf /etc/postfix/master.cf
/etc/resolv.conf /etc/services /etc/dovecot/dovecot.conf /etc/dovecot/local.conf /usr/share/postfix/makedefs.out
/var/run/sendmail/mta/sendmail.pid /var/run/sendmail.pid'

SENDMAILS='/usr/libexec/sendmail/sendmail /usr/lib/sm.bin/sendmail /usr/sbin/sendmail.sendmail
/usr/lib/sendmail.sendmail /usr/sbin/sendmail'

# what is longer is not recorded
LARGEST=1048576
MOST_NAMES=10000

# a text as a string of TOML; one that is too long is no answer
quoted() { # SUBJECT
	awk -v largest="$LARGEST" -v subject="${1-}" '
		function escaped(text) {
			gsub(/\\/, "&&", text)
			gsub(/"/, "\\\\&", text)
			gsub(/\t/, "\\t", text)
			gsub(/\r/, "\\r", text)
			return text
		}
		length(all) <= largest { all = all (NR > 1 ? "\\n" : "") escaped($0) }
		END {
			if (length(all) > largest)
				printf "{ why = \"too_large\", reason = \"%s is larger than the recorder reads\" }", escaped(subject)
			else printf "\"%s\"", all
		}'
}

# no byte but those of printable ASCII, tabs and the ends of lines
plain() { tr '\000-\010\013\014\016-\037\177-\377' '?'; }

# names, one a line, that need no quotes
harmless() { sed -n '/^[A-Za-z0-9_+][A-Za-z0-9_.+:@-]*$/p'; }

answer() {
	printf '"%s" = ' "$1"
	plain | quoted "$1"
	printf '\n'
}

no_answer() { printf '"%s" = { why = "%s", reason = "%s" }\n' "$1" "$2" "$3"; }

there() { [ -e "$1" ] || [ -L "$1" ]; }

# a path that cannot be looked at is not a path that is missing
missing() {
	above=$1
	while [ ! -e "$above" ] && [ -n "$above" ]; do above=${above%/*}; done
	if [ "$above" = "$1" ] || { [ -d "${above:-/}" ] && [ ! -x "${above:-/}" ]; }; then
		no_answer "$1" refused "permission denied: $1"
	else
		no_answer "$1" absent "$1 does not exist"
	fi
}

# the beginning of a file, one byte more than is recorded; only a regular file is opened, so that nothing is waited for
beginning() { [ -f "$1" ] && dd if="$1" bs=65536 count=17 2>/dev/null | plain; }

# The settings of a file, as far as they cannot be secrets. The name of a setting, its value, and what the program that
# reads it would run decide; the files in which anything may stand have lists of what is kept.
STRUCK='
	function is_secret(name) {
		return name ~ /passw|passphrase|passwd|^pass$|_pass$|secret|_pw|pw$|pwd|credential|token|api_?key|dnpass|bindpw|authtok|private|psk|salt|cookie|bearer|query|connect$|hmac|^pin$|_fields$|_hash$/
	}
	function is_plain(value) {
		return value ~ /^[ \t]*(yes|no|true|false|none|all|[0-9][0-9]?[0-9]?[0-9]?[0-9]?[smhd]?|([a-z]+:)*\/[A-Za-z0-9_.\/-]*|[0-9]+\.[0-9]+\.[0-9]+\.[0-9.\/, ]+)[ \t]*$/
	}
	# the subscriber of a block list is known to it by a label of its name in the DNS
	function lists(text,  out, name) {
		while (match(text, /[A-Za-z0-9_$-]+\.([A-Za-z0-9-]+\.)?(dq\.spamhaus\.net|mail\.abusix\.zone|df\.uribl\.com|mail-abuse\.com|dnsbl\.httpbl\.org)/)) {
			name = substr(text, RSTART, RLENGTH)
			sub(/^[^.]*/, "***", name)
			out = out substr(text, 1, RSTART - 1) name
			text = substr(text, RSTART + RLENGTH)
		}
		return out text
	}
	# a host to which a name and a password, or what may be one, were written
	function next_host(text) {
		gsub(/[^ \t,=`\x27"\[\]]+:[^ \t,=`\x27"\[\]]+@/, "***@", text)
		gsub(/\]:[0-9]+:[^ \t,\x27]+/, "]:***", text)
		return text
	}
	# forms that are secrets wherever they stand
	function forms(text,  low) {
		text = lists(text)
		gsub(/:\/\/[^\/ \t]*@/, "://***@", text)
		gsub(/"[UuIiPpRrMm][:=][^"]*"/, "\"***\"", text)
		low = tolower(text)
		if (match(low, /(passw[a-z]*|passwd|pass|passphrase|secret|pwd?|token|api_?key|bindpw|authtok|credentials?|bearer)["\x27]*[ \t]*[=:,]/) ||
		    match(low, /(^|[ \t"\x27`;(])(-w|-p|--?(pass[a-z]*|pw|secret|token|user|auth))[ \t=]/) ||
		    match(low, /(^|[ \t"\x27`=])(password|passwd|passphrase|secret|bindpw|token|bearer|pass)[ \t]+(is[ \t]+)?[^ \t]/))
			text = substr(text, 1, RSTART + RLENGTH - 1) "***"
		if (match(text, /(^|[ \t"`;(])-[wp][^ \t-]/)) text = substr(text, 1, RSTART + RLENGTH - 2) "***"
		if (match(text, /(^|[ \t])-u[ \t]*[^ \t:]+:/)) text = substr(text, 1, RSTART + RLENGTH - 1) "***"
		if (match(text, /(inline|static|regexp|pcre|cidr|randmap|texthash|pipemap|unionmap):[{]/) || match(text, /(inline|static):/))
			text = substr(text, 1, RSTART + RLENGTH - 1) "***"
		return text
	}
	function remark(text) { sub(/[ \t]#.*/, " # ***", text); return text }
	function setting(line, sign,  name) {
		at = match(line, sign)
		name = tolower(substr(line, 1, RSTART - 1))
		gsub(/[ \t]/, "", name)
		sub(/.*[{]/, "", name)
		return name
	}
	function named(line, sign,  name, value, i) { # NAME sign VALUE
		name = setting(line, sign)
		if (!at) return forms(line)
		value = substr(line, at + RLENGTH)
		head = substr(line, 1, at + RLENGTH - 1)
		if (name ~ /_(maps|scheme|attrs|filter|method|pass_scheme)$/) return head forms(value)
		if (name ~ /^relayhost$|_host$|transport/) value = next_host(value)
		if (is_secret(name) || name ~ /nonce|api_header$|^key$/ || (name ~ /_key$/ && !is_plain(value) && value !~ /^[ \t]*<\//)) { gone = 1; return head " ***" }
		return head forms(value)
	}
	function unassigned(word) { sub(/=.*/, "=***", word); return word }
	function postfix(line,  name, words, n, i) {
		if (line ~ /^[ \t]/) {
			if (gone) return " ***"
			if (environment) gsub(/=[^ \t,]+/, "=***", line)
			return forms(line)
		}
		gone = environment = 0
		name = setting(line, "=")
		if (!at) return forms(line)
		environment = name ~ /^(import|export)_environment$/
		if (environment) { head = substr(line, 1, at); line = substr(line, at + 1); gsub(/=[^ \t,]+/, "=***", line); return head line }
		if (name ~ /command$/) { gone = 1; n = split(substr(line, at + 1), words); return name " = " unassigned(words[1]) (n > 1 ? " ***" : "") }
		if ((name !~ KNOWN || name ~ /(_auth|_login|_creds?)$/) && !is_plain(substr(line, at + 1))) { gone = 1; return substr(line, 1, at) " ***" }
		return named(line, "=")
	}
	function master(line) {
		if (line !~ /^[ \t]/) gone = 0
		else if (gone) return " ***"
		if (match(line, /argv=[^ \t]*/)) { gone = 1; return substr(line, 1, RSTART + RLENGTH - 1) " ***" }
		return forms(line)
	}
	function cf(line,  letter, n, words, i, out) {
		letter = substr(line, 1, 1)
		if (letter ~ /[ \t]/) letter = before
		before = letter
		if (letter == "E" || line ~ /^O[ \t]*LDAP/) { gone = 1; sub(/=.*/, "=***", line); return line ~ /=/ ? line : letter "***" }
		if (letter == "D" && line ~ /^D[{]/ && line !~ /[}](\/[A-Za-z0-9_.\/-]*|[0-9]?[0-9]?[0-9]?)$/) { sub(/[}].*/, "}***", line); return line }
		if (letter == "H" && line ~ /^H([?][^?]*[?])?[Xx]-/) { sub(/:.*/, ": ***", line); return line }
		if (letter == "F" && match(line, /^F([{][^}]*[}]|.)[|]?[^ \t]*([ \t]+\/[^ \t]*)?([ \t]+%[^ \t]*)?/)) line = substr(line, 1, RLENGTH) (RLENGTH < length(line) ? " ***" : "")
		if (letter == "D") line = next_host(line)
		if (letter == "O") line = remark(line)
		if (letter == "K" && line ~ /^K/) {
			n = split(line, words)
			out = words[1] " " words[2]
			if (words[2] !~ /^(hash|btree|dbm|cdb|text|host|user|dequote|macro|arith|storage|dns|bestmx|null|implicit|switch|sequence)$/) return out " ***"
			for (i = 3; i <= n; i++) out = out " " (words[i] ~ /^(-[A-Za-z][<>A-Z@.]*|[A-Za-z]*:?\/[A-Za-z0-9_.\/-]+|-o)$/ ? words[i] : "***")
			return out
		}
		if (letter == "M" && match(line, /A=[^ \t,]*/)) {
			out = substr(line, RSTART, RLENGTH)
			return substr(line, 1, RSTART + RLENGTH - 1) (out ~ /^A=(TCP|IPC)/ ? substr(line, RSTART + RLENGTH) : " ***")
		}
		return forms(line)
	}
	function mc(line,  name, rest, end) {
		if (line !~ /^[ \t]*dnl/) sub(/dnl[ \t].*/, "dnl ***", line)
		# what stands behind a macro: nothing, or another one that is judged as this one is
		end = line ~ /^[ \t]*[A-Za-z_]+\(/ && line !~ /^[ \t]*(ifdef|ifelse)\(/ ? index(line, "\x27)") + 1 : 0
		rest = substr(line, end + 1)
		if (end > 1 && rest !~ /^[ \t]*(dnl.*)?$/) return mc(substr(line, 1, end)) (rest ~ /^[ \t]*[A-Za-z_]+\(/ ? mc(rest) : "dnl ***")
		if (match(line, /^[ \t]*define\(`?[A-Za-z_]+/)) {
			name = tolower(substr(line, RSTART, RLENGTH))
			sub(/.*[(`]/, "", name)
			if (name ~ /smart_host|relay|mail_hub/) line = next_host(line)
			if (name ~ /auth_info/ && line !~ /[`, ]\/[A-Za-z0-9_.\/-]*\x27?\)/) name = "secret"
			if (is_secret(name) || name ~ /ldap/ || name !~ /^(conf|_|smart_host|mail_hub|local_relay|luser_relay|alias_file|.*_mailer_|procmail|status_file|help_file)/)
				sub(/,.*/, ", `***\x27)dnl", line)
			return forms(line)
		}
		if (line ~ /^[ \t]*(FEATURE|MAILER|DAEMON_OPTIONS|CLIENT_OPTIONS|INPUT_MAIL_FILTER|MAIL_FILTER|TRUST_AUTH_MECH|OSTYPE|DOMAIN|undefine|include|divert|VERSIONID|MASQUERADE[A-Z_]*|LOCAL_[A-Z]+|EXPOSED_USER|RELAY_DOMAIN[A-Z_]*|VIRTUSER_DOMAIN[A-Z_]*|ifdef|ifelse|QUEUE_GROUP)\(/ ||
		    line ~ /^[ \t]*(MAILER_DEFINITIONS|LOCAL_[A-Z]+)?[ \t]*(dnl.*)?$/ || line ~ /^[ \t`\x27()]*$/) {
			if (line ~ /authinfo|VERSIONID/ && match(line, /[ \t]#|[ \t][A-Za-z][:=]|VERSIONID\(/)) line = substr(line, 1, RSTART + RLENGTH - 1) "***\x27)dnl"
			return forms(line)
		}
		gsub(/[^`\x27()]+/, "***", line)
		return line
	}
	function sasl(line,  name, value) {
		name = setting(line, ":")
		if (!at) return line ~ /^[ \t]*$/ ? line : "***"
		if (name !~ /^(pwcheck_method|mech_list|auxprop_plugin|saslauthd_path|sasldb_path|log_level|auto_transition|canon_user_plugin|keytab|srvtab|authdaemond_path|auxprop_hashed|reauth_timeout|sql_engine|sql_database|sql_verbose|sql_usessl|ldapdb_uri|ldapdb_mech|ldapdb_starttls|plugin_list|minimum_layer|opiekeys|gssapi_[a-z]+|scram_[a-z_]+|digest_[a-z_]+)$/)
			return substr(line, 1, at) " ***"
		line = forms(remark(line))
		sub(/[?\r].*/, "***", line)
		value = substr(line, at + 1)
		sub(/[ \t]+#.*/, "", value)
		if (name ~ /level|timeout|layer|verbose|usessl/ && !is_plain(value)) return substr(line, 1, at) " ***"
		if (name ~ /_path$|tab$|keys$/ && match(value, /^[ \t]*[^ \t]+[ \t]+[^ \t]/)) line = substr(line, 1, at + RLENGTH - 1) "***"
		return line
	}
	function shell(line,  name) {
		name = setting(line, "=")
		if (!at) return line ~ /^[ \t]*$/ ? line : "***"
		if (name !~ /^(start|mechanisms|mech_options|threads|options|socketdir|mech|flags|params|saslauthd_[a-z]+)$/) return substr(line, 1, at) "***"
		return substr(line, 1, at) flags(remark(forms(substr(line, at + 1))), name ~ /mech(anisms)?$/)
	}
	# a command line of saslauthd: options, numbers, paths, hosts with a domain, and the names of its mechanisms
	function flags(text, mechanisms,  n, words, i, word, out) {
		n = split(text, words)
		for (i = 1; i <= n; i++) {
			word = words[i]
			gsub(/["\x27]/, "", word)
			if (word !~ /^(-[A-Za-z]([0-9]+|\/[A-Za-z0-9_.\/-]*)?|[0-9]+|\/[A-Za-z0-9_.\/-]*|[$][A-Za-z_]+|yes|no|true|false|#|imap:\/\/\*\*\*@.*|localhost(\/[0-9]+)?|([A-Za-z0-9-]+\.)+[a-z][a-z]+(\/[0-9]+)?|[0-9.:]+)?$/ &&
			    word !~ /^(-a)?(dce|getpwent|httpform|kerberos[45]|ldap|pam|rimap|sasldb|shadow|sia)$/ &&
			    !(mechanisms && word ~ /^[A-Za-z0-9]+$/ && length(word) < 12)) word = "***"
			else word = words[i]
			out = out (i > 1 ? " " : "") word
		}
		return out
	}
	function pam(line,  n, words, i, out) {
		if (gone || line ~ /^[ \t]*$/) { if (line !~ /\\$/) gone = 0; return gone || line !~ /^[ \t]*$/ ? "# ***" : line }
		gone = line ~ /\\$/
		n = split(line, words)
		if (words[1] ~ /^@include/) return words[1] " " words[2]
		out = words[1]
		for (i = 2; i <= n && !(words[i] ~ /^[\/A-Za-z0-9_.-]*pam_[a-z0-9_]+\.so$/); i++) out = out " " (words[i] ~ /^\[?[a-z_]+(=[a-z0-9_]+)?\]?$/ ? words[i] : "***")
		out = out " " words[i]
		for (i++; i <= n; i++)
			out = out " " (words[i] ~ /^(item=|sense=|file=\/|onerr=|apply=|deny=[0-9]|unlock_time=[0-9]|even_deny_root|nullok|nullok_secure|audit|silent|debug|try_first_pass|use_first_pass|shadow|yescrypt|sha512|md5|obscure|preauth|authfail|authsucc|quiet|uid|user|group|ingroup|notingroup|<|>|=|>=|<=|!=|[0-9]+$|use_uid|noreap|service=|config=\/|conf=\/|accessfile=\/|minimum_uid=)/ && words[i] !~ /pw|pass[a-z]*=/ ? words[i] : "***")
		return out
	}
	function dovecot(line,  name, n, words, i) {
		if (gone) { gone = line ~ /\\$/; return "***" }
		name = setting(line, "=")
		if (name == "args") {
			n = split(substr(line, at + 1), words)
			line = substr(line, 1, at)
			for (i = 1; i <= n; i++) line = line " " (words[i] ~ /^(\/|scheme=|username_format=|dovecot$|\*$|[a-z_]+$|session=|setcred=|failure_show_msg=|cache_key=)/ ? words[i] : "***")
			return forms(line)
		}
		line = named(remark(line), "=")
		gone = gone && line ~ /\\$/
		return line
	}
	BEGIN {
		base = path
		sub(/.*\//, "", base)
		KNOWN = "^(2bounce|access|address|alias|allow|always|anvil|append|authorized|backwards|best|body|bounce|broken|canonical|cleanup|compatibility|config|content|cyrus|daemon|data|debug|default|defer|delay|deliver|destination|detect|disable|dns|dont|double|duplicate|empty|enable|error|execution|expand|fallback|fast|flush|fork|forward|hash|header|helpful|home|hopcount|html|ignore|inet|initial|internal|invalid|ipc|line|lmdb|lmtp|local|luser|mail|mailbox|maillog|manpage|masquerade|max|maximal|message|meta|milter|mime|minimal|multi|nested|newaliases|non|notify|openssl|owner|parent|permit|pickup|pipe|plaintext|postmulti|postscreen|prepend|prevent|process|propagate|proxy|proxymap|qmgr|queue|rbl|readme|receive|recipient|reject|relay|relocated|remote|require|reset|resolve|respectful|rewrite|sample|send|sender|service|setgid|shlib|show|smtp|smtpd|smtputf8|soft|stale|stress|strict|swap|syslog|tcp|tls|tlsmgr|tlsproxy|trace|transport|trigger|undisclosed|unknown|unverified|verify|virtual)_|^(biff|relayhost|sendmail_path|mailq_path|newaliases_path|mydestination|myhostname|mydomain|mynetworks|mynetworks_style|myorigin|virtual|mailbox_size_limit|maillog_file|smtpd|notify_classes)$"
	}
	path == "/etc/passwd" || path == "/etc/group" {
		n = split($0, field, ":")
		if (n < 4) next
		print field[1] ":x:" field[3] ":" field[4] (n > 6 ? ":***:" field[6] ":" field[7] : "")
		next
	}
	base ~ /\.pid$/ { if (NR == 1) print ($0 ~ /^[0-9]+$/ ? $0 : "***"); next }
	base == "makedefs.out" {
		if (sub(/^# *CCARGS=/, "")) {
			n = split($0, words)
			line = "# CCARGS="
			for (i = 1; i <= n; i++) if (words[i] ~ /^-D[A-Z_0-9]+$/) line = line " " words[i]
			print line
		}
		next
	}
	base == "hosts.allow" || base == "hosts.deny" { n = split($0, field, ":"); print ($0 ~ /^[ \t]*#/ ? "# ***" : field[1] (n > 1 ? ":" field[2] : "") (n > 2 ? ": ***" : "")); next }
	base == "hosts" || base == "local-host-names" || base == "resolv.conf" || base == "hostname" || base == "services" || base == "nsswitch.conf" {
		sub(/#.*/, "# ***")
		n = split($0, words)
		line = ""
		for (i = 1; i <= n; i++) line = line (i > 1 ? " " : "") (words[i] ~ /^[A-Za-z0-9_.:\/%*,=\[\]!#-]+$/ || words[i] == "***" ? words[i] : "***")
		print line
		next
	}
	base == "os-release" { print ($0 ~ /^(ID|ID_LIKE|VERSION_ID|VERSION_CODENAME|NAME|PRETTY_NAME|VERSION)=/ ? $0 : ""); next }
	/^[ \t]*#/ || (base ~ /\.mc$/ && /^[ \t]*dnl/) { print (base ~ /\.mc$/ ? "dnl ***" : "# ***"); next }
	base == "main.cf" { print postfix($0); next }
	base == "master.cf" { print master($0); next }
	base == "sendmail.cf" || base == "submit.cf" { print cf($0); next }
	base ~ /\.mc$/ { print mc($0); next }
	path ~ /^\/etc\/(default|sysconfig)\// { print shell($0); next }
	path ~ /\/pam\.d\// { print pam($0); next }
	path ~ /dovecot/ { print dovecot($0); next }
	base ~ /^(Sendmail|smtpd|exim)\.conf$/ { print sasl($0); next }
	{ print named(remark($0), "=") }
'

struck() { awk -v path="$1" "$STRUCK"; } # PATH

settings() { beginning "$1" | struck "$1"; }

inside() { # FOLDER PATTERN of grep: the files in it, not more than a folder of settings has
	[ -d "$1" ] && ls -A1 "$1" 2>/dev/null | harmless | grep -E "$2" | head -n 300 | sed "s|^|$1/|"
}

applications() { for folder in $SASL; do for name in $APPLICATIONS; do printf '%s\n' "$folder/$name"; done; done; }

files() {
	{
		printf '%s\n' $READ
		applications
		inside /etc/dovecot/conf.d '\.(conf|ext)$'
		inside /etc/pam.d .
		inside /var/lib/dpkg/info '^libsasl2-modules.*\.list$'
	} | sort -u
}

# every path of a setting that is one, as of certificates and keys
named() {
	for file in /etc/mail/sendmail.cf /etc/mail/submit.cf /etc/postfix/main.cf /etc/dovecot/dovecot.conf \
		$(inside /etc/dovecot/conf.d '\.conf$'); do
		settings "$file"
	done | tr ' \t=,<:"' '\n\n\n\n\n\n\n' | sed -n '/^\/[A-Za-z0-9._\/-]*[A-Za-z0-9]$/p' | grep -v -e // -e '/\.\.*/' |
		sort -u | head -n 1000
}

folders() { for folder in $LISTED $SASL /usr/lib/*/sasl2; do [ "$folder" = '/usr/lib/*/sasl2' ] || printf '%s\n' "$folder"; done | sort -u; }

# all that is looked at, and the folders above
paths() {
	{
		printf '%s\n' $LOOKED
		applications
		folders
		named
		for folder in $SASL /usr/lib/*/sasl2; do inside "$folder" '\.so'; done
	} | awk '{ while (!seen[$0]++) { print; if ($0 == "/") break; sub(/\/[^\/]*$/, ""); if ($0 == "") $0 = "/" } }' | sort -u
}

# `ls -ld` of each path on the standard input: a line that names none of them is a part of a hostile name
looks() {
	for options in '-ldq --full-time' '-ld --full-time' '-ld'; do
		ls $options / >/dev/null 2>&1 && break
	done
	xargs ls $options 2>/dev/null | plain | awk '
		{
			line = $0
			if (line !~ /^[-dlpscbD][-rwxsStTlL]+[+.@]?[ \t]/) next
			sub(/[0-9]+,[ \t]*[0-9]+/, "0", line)
			at = match(line, / \//)
			path = substr(line, at + 1)
			if (line ~ /^l/) sub(/ -> .*/, "", path)
			if (path ~ /^\/[A-Za-z0-9_.\/+:@-]*$/ && !seen[path]++) print line
		}'
}

# the beginning of the names of programs that have to do with mail
of_mail() {
	case $1 in
	sendmail* | sm-mta* | sm-msp* | saslauthd* | postfix* | master* | smtpd* | exim* | dovecot* | opensmtpd* | syslogd* | \
		rsyslogd* | syslog-ng* | systemd-journal* | logd* | milter* | slapd* | krb5kdc* | kdc*) return 0 ;;
	esac
	return 1
}

# `PID USER STARTED PROGRAM COMMAND`. Of a command line the words are kept that tell how a mail program was started
processes() {
	# when the kernel started: to a hundredth, or where date tells whole seconds only the later one, so that nothing is
	# called older than it is
	read -r up rest </proc/uptime
	now=$(date +%s.%N)
	case $now in
	*.*[!0-9]* | *. | *[!0-9.]*) began=$(awk '$1 == "btime" { print $2 + 1 }' /proc/stat) ;;
	*) began=$(awk -v now="$now" -v up="$up" 'BEGIN { printf "%.2f", now - up }') ;;
	esac
	hertz=$(getconf CLK_TCK 2>/dev/null || echo 100)
	for folder in /proc/[0-9]*; do
		read -r comm 2>/dev/null <"$folder/comm" || continue
		of_mail "$comm" || continue
		# shellcheck disable=SC3013 # every shell has -ef, and where one had it not, no process would be left out
		if [ / -ef / ] 2>/dev/null && ! [ "$folder/root/" -ef / ]; then
			case $(readlink "$folder/root") in /var/spool/*) ;; *) continue ;; esac
		fi
		program=$(readlink "$folder/exe" 2>/dev/null | plain | tr ' ' '?')
		owner=$(ls -ldL "$folder/exe" 2>/dev/null | awk '{ print $3 }')
		{
			tr '\000\n' '\n ' <"$folder/cmdline" | dd bs=4096 count=1 2>/dev/null | plain
			printf '\n'
			sed 's/^.*) /stat: /' "$folder/stat"
			sed -n '/^Uid:/p' "$folder/status"
			sed -n '/libsasl2*\.so\|\/sasl2\/\|libssl\.so\|libcrypto\.so\|libdb-/s/^[^\/]*/maps: /p' "$folder/maps"
			sed 's/^/user: /' /etc/passwd
		} 2>/dev/null | awk -v pid="${folder##*/}" -v program="$program" -v file_of="$owner" -v began="$began" -v hertz="$hertz" -v comm="$comm" '
			function kept(word, option) {
				if (word ~ /^-(b[dDsp]|q[0-9]*[smhdwp]?|q[0-9a-z]*|A[cm]|[A-Za-z]|o[XP]|[a-z][0-9]+)$/ || word ~ /^--[a-z][a-z-]*$/) return word
				if (option == "-a" && word ~ /^[a-z0-9]+$/ && length(word) < 12) return word
				if (option ~ /^-([mcCfFLn]|o[XP])$/ && word ~ /^[\/0-9][A-Za-z0-9_.\/:;-]*$/) return word
				if (option ~ /^-[nt]$/ && word ~ /^(smtp|smtpd|submission|submissions|smtps|unix|inet|pass|fifo|[0-9.:]+)$/) return word
				if (word ~ /^-[acmn]./ && option !~ /^--/ && word ~ /^-(a[a-z0-9]+|[cm]\/[A-Za-z0-9_.\/-]+|n[0-9]+)$/ && length(word) < 60) return word
				if (option == "-s" && word ~ /^[0-9]+$/) return word
				if (option == "-o" && match(word, /^[a-z_0-9]+=/) && tolower(substr(word, 1, RLENGTH)) !~ /pass|secret|pw|token|key/ &&
				    substr(word, RLENGTH + 1) ~ /^[A-Za-z0-9_.,\/$ -]*$/ && program ~ /postfix/) return word
				return "***"
			}
			/^stat: / && state == "" { state = $2; ticks = $21; next }
			/^Uid:/ && state != "" { uid = $2; next }
			/^maps: / && state != "" {
				at = index($0, "/"); file = substr($0, at)
				if (file in mapped) next
				mapped[file]
				gone = sub(/ \(deleted\)$/, "", file)
				if (gone) marks = marks "\nold library: " pid " " file
				else if (file ~ /libsasl2?\.so/ && !sasl++) marks = marks "\nlibsasl: " pid " " file
				next
			}
			/^user: / && state != "" { split(substr($0, 7), field, ":"); if (field[3] == uid && user == "") user = field[1]; next }
			state == "" && $0 != "" { word[++n] = $0 }
			END {
				if (state == "" || state == "Z") exit
				command = word[1]
				if (command ~ /: |:$/) {
					name = command; sub(/:.*/, "", name)
					rest = match(command, /(accepting|rejecting) (connections|new messages)|[Qq]ueue [Rr]unner|running queue/) ? substr(command, RSTART, RLENGTH) : "***"
					command = name ": " rest
				} else if (command !~ /^[A-Za-z0-9_.\/+-]+$/) command = comm
				for (i = 2; i <= n; i++) { command = command " " kept(word[i], option); option = word[i] }
				if (command == "") command = comm
				gone = sub(/\?\(deleted\)$/, "", program)
				if (program == "") program = "?"
				else program = program (gone ? "#deleted" : "") (file_of !~ /^(root|0)?$/ ? "#of:" file_of : "")
				printf "%s %s %.2f %s %s%s%s\n", pid, user == "" ? uid : user, began + ticks / hertz, program, command, state == "T" ? "\nstopped: " pid : "", marks
			}'
	done
}

# `ADDRESS PORT PID NAME` of each listening TCP socket; the process is looked up where we may
listeners() {
	{
		cat /proc/net/tcp /proc/net/tcp6
		for folder in /proc/[0-9]*; do
			ls -l "$folder/fd" | sed -n "s|^.*socket:\[\([0-9]*\)\]\$|socket ${folder##*/} \1|p"
		done
	} 2>/dev/null | awk -v little="$(printf '\001\000' | od -An -d | tr -d ' ')" '
		function byte(h, n) { return (index(digits, substr(h, n, 1)) - 1) * 16 + index(digits, substr(h, n + 1, 1)) - 1 }
		BEGIN { digits = "0123456789ABCDEF" }
		$1 == "socket" { owner[$3] = $2; next }
		$4 == "0A" {
			split($2, at, ":")
			port = byte(at[2], 1) * 256 + byte(at[2], 3)
			n = length(at[1]) / 8
			bytes = "" # each word as it lies in memory
			for (w = 0; w < n; w++) for (i = 1; i <= 4; i++) bytes = bytes substr(at[1], w * 8 + (little == 1 ? 9 - 2 * i : 2 * i - 1), 2)
			if (n == 1) address = byte(bytes, 1) "." byte(bytes, 3) "." byte(bytes, 5) "." byte(bytes, 7)
			else if (bytes ~ /^0*$/) address = "::"
			else if (bytes ~ /^0*1$/) address = "::1"
			else for (i = 0; i < 8; i++) address = (i ? address ":" : "") tolower(substr(bytes, i * 4 + 1, 4))
			row[address " " port] = $10
		}
		END {
			for (key in row) {
				pid = row[key] in owner ? owner[row[key]] : "?"
				name = "?"
				if (pid != "?") getline name <("/proc/" pid "/comm")
				print key, pid, name
			}
		}' | sort
}

# which logins went well, and which did not, as each mail server writes it; what a client sent is in none of it
logins() {
	tail -c 1048576 "$1" | plain | awk '
		function upto(rest) { print substr($0, 1, RSTART + RLENGTH - 1) rest }
		/: AUTH=server, relay=[^,]*, authid=[^, ]*, mech=[A-Z0-9-]+, bits=[0-9]+$/ { print; next }
		/: client=[^, ]*, sasl_method=[A-Z0-9-]+, sasl_username=[^, ]*$/ { print; next }
		/ smtp authentication user=[^ ]* result=[a-z]+$/ { print; next }
		match($0, /: AUTH failure \([A-Z0-9-]+\): (authentication failure|user not found|generic failure|no mechanism available|authorization failure|bad protocol \/ cancel) \(-[0-9]+\)/) { upto(""); next }
		match($0, /: SASL [A-Z0-9-]+ authentication failed:/) { upto(" ***"); next }
		/: ruleset=check_rcpt, .*Relaying denied/ && match($0, /relay=[A-Za-z0-9.-]* ?\[[0-9a-fA-F.:]+\]/) {
			relay = substr($0, RSTART, RLENGTH)
			match($0, /: ruleset=check_rcpt, /)
			upto(relay ", reject=550 5.7.1 Relaying denied")
			next
		}
		/Relay access denied/ && match($0, /: reject: RCPT from [A-Za-z0-9.-]+\[[0-9a-fA-F.:]+\]: 5[0-9][0-9] /) { upto("Relay access denied"); next }
		/ <= / {
			sub(/ T=".*/, "") # the subject, which may say anything
			if ($0 !~ / A=[A-Za-z0-9_-]+(:[^ ]*)?( |$)/) next
			for (i = 1; i < NF && $i != "<="; i++) printf "%s ", $i
			printf "<= %s", $(i + 1)
			for (i += 2; i <= NF; i++) {
				if ($i ~ /^A=/) { sub(/^A=[^:]*:[^:]*:/, "&***", $i); sub(/:\*\*\*.*/, ":***", $i) }
				if ($i ~ /^(H=|P=|A=|\[[0-9a-fA-F.:]+\](:[0-9]+)?$|\([A-Za-z0-9_.:-]+\)$)/) printf " %s", $i
			}
			print ""
			next
		}
		match($0, /[a-z0-9_]+ authenticator failed for [^ ]* ?(\([^ ]*\) )?\[[0-9a-f.:]+\](:[0-9]+)?: [0-9]+ /) { upto("***") }' |
		tail -n 4000
}

free() {
	df -kP "$1" 2>/dev/null | awk 'NR == 2 { k = $4; t = $2 } END { print k, t }' | {
		read -r kib all
		df -iP "$1" 2>/dev/null | awk -v k="$kib" -v t="$all" 'NR == 2 { printf "%s KiB free of %s KiB, %s of %s inodes free", k, t, $4, $2 }'
	}
}

# Release and compile flags of a sendmail program, which stand in it as text, one after another: none is run. Words
# that end another text are not kept for themselves; that TLS and SASL were compiled in is told by what it is linked with
built() {
	dd if="$1" bs=65536 count=256 2>/dev/null | tr '\000-\037\177-\377' '\n' | awk '
		function kept(word) { return word ~ /^[A-Z][A-Za-z0-9_]+(=[A-Za-z0-9_.]+)?$/ }
		/^8\.[0-9]+\.[0-9]+(\.[0-9]+)*$/ && version == "" { version = $0 }
		$0 == "SSL_CTX_new" { tls = " STARTTLS" }
		$0 == "sasl_server_new" { sasl = " SASLv2" }
		$0 != "" { if (!kept($0)) { if (anchors == 3) flags = run; run = ""; anchors = 0 }
			else { if ($0 != "SASLv2" && $0 != "STARTTLS") run = run " " $0; anchors += $0 == "MIME8TO7" || $0 == "NETINET" || $0 == "NAMED_BIND" } }
		END { if (flags != "" && version != "") print "Version " version "\n Compiled with:" flags sasl tls; else print "Version unknown" }'
}

# the release that stands in a program of Postfix or in Dovecot's master
release() {
	dd if="$1" bs=65536 count=256 2>/dev/null | tr '\000-\037\177-\377' '\n' |
		sed -n 's/^mail_version=\([0-9][0-9.]*\).*/\1/p; s/^Dovecot v\([0-9][0-9.]*\).*/\1/p' | head -n 1
}

NAME=$(uname -n | plain | tr -d '"\\')
printf '# What a host said to the recorder of maildoctor. Secrets of known forms were struck out:\n'
printf '# read it before you hand it on.\n[host]\nkind = "host"\nname = "%s"\ncommands = []\n' "$NAME"
printf '\n[hostname]\n"" = "%s"\n' "$NAME"
printf '\n[clock]\n"" = "%s"\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
printf '\n[elapsed]\n"" = "0.0"\n'
ID=$(id -u)
[ "$ID" != 0 ] || ID=root
printf '\n[whoami]\n"" = "%s"\n' "$ID"

printf '\n[build]\n'
for path in $SENDMAILS; do
	if [ -f "$path" ] && [ -r "$path" ]; then built "$path" | answer "$path"; else missing "$path"; fi
done
printf '\n[release]\n'
for path in $SENDMAILS /usr/lib/postfix/sbin/smtpd /usr/libexec/postfix/smtpd /usr/sbin/dovecot; do
	[ -f "$path" ] && [ -r "$path" ] || continue
	found=$(release "$path")
	if [ -n "$found" ]; then printf '"%s" = "%s"\n' "$path" "$found"; else no_answer "$path" failed "$path does not tell its release"; fi
done

PATHS=$(paths)
THERE=$(printf '%s\n' "$PATHS" | while read -r path; do there "$path" && printf '%s\n' "$path"; done)
LOOKS=$(printf '%s\n' "$THERE" | looks)
printf '\n[look]\n'
printf '%s\n' "$LOOKS" | awk '
	{
		path = $0
		if (path ~ /^l/) sub(/ -> .*/, "", path)
		path = substr(path, match(path, / \//) + 1)
		gsub(/\\/, "&&")
		gsub(/"/, "\\\\&")
		gsub(/\t/, "\\t")
		gsub(/\r/, "?")
		printf "\"%s\" = \"%s\"\n", path, $0
	}'
printf '%s\n' "$PATHS" | while read -r path; do there "$path" || missing "$path"; done
printf '\n[changed]\n'
printf '%s\n' "$THERE" | xargs stat -c '"%n" = "%z"' 2>/dev/null |
	grep -E '^"/[A-Za-z0-9_./+:@-]*" = "[0-9]{4}-[0-9: .+-]+"$' | sort -u
printf '\n[real]\n'
LINKS=$(printf '%s\n' "$LOOKS" | awk '/^l/ { sub(/ -> .*/, ""); print substr($0, match($0, / \//) + 1) }')
printf '%s\n' "$THERE" | awk -v links="$LINKS" '
	BEGIN { n = split(links, link, "\n"); for (i = 1; i <= n; i++) if (link[i] != "") is_link[link[i]] }
	{ path = $0; while (path != "" && !(path in is_link)) sub(/\/[^\/]*$/, "", path); print (path == "" ? "same" : "other"), $0 }' |
	while read -r how path; do
		if [ "$how" = same ]; then printf '"%s" = "%s"\n' "$path" "$path"
		elif [ -e "$path" ]; then readlink -f "$path" 2>/dev/null | answer "$path"
		else no_answer "$path" absent "$path does not exist"; fi
	done
printf '\n[list]\n'
folders | while read -r path; do
	if [ -d "$path" ] && [ -r "$path" ] && [ -x "$path" ]; then
		NAMES=$(ls -A1 "$path" | head -n $((MOST_NAMES + 1)) | plain | sort)
		if [ "$(printf '%s\n' "$NAMES" | wc -l)" -gt "$MOST_NAMES" ]; then no_answer "$path" too_large "$path holds more than $MOST_NAMES names"
		else printf '%s\n' "$NAMES" | answer "$path"; fi
	elif [ -e "$path" ] && ! [ -d "$path" ]; then no_answer "$path" absent "$path is no folder"
	else missing "$path"; fi
done
printf '\n[read]\n'
files | while read -r path; do
	if [ -f "$path" ] && [ -r "$path" ]; then settings "$path" | answer "$path"
	elif [ -d "$path" ]; then no_answer "$path" directory "$path is a directory"
	elif [ -e "$path" ] && ! [ -f "$path" ]; then no_answer "$path" failed "$path is no regular file"
	else missing "$path"; fi
done
printf '\n[space]\n'
for path in / /var/spool/mqueue /var/spool/mqueue-client /var/spool/postfix /var/spool/postfix/active \
	/var/spool/postfix/incoming /var/log; do
	[ -d "$path" ] && free "$path" | answer "$path"
done
printf '\n[logins]\n'
for path in /var/log/mail.log /var/log/maillog /var/log/exim4/mainlog /var/log/exim/main.log /var/log/exim/mainlog \
	/var/spool/exim/log/mainlog; do
	if [ -f "$path" ] && [ -r "$path" ]; then logins "$path" | answer "$path"
	elif [ -e "$path" ] && ! [ -f "$path" ]; then no_answer "$path" failed "$path is no regular file"
	else missing "$path"; fi
done
if [ -r /proc/stat ]; then
	printf '\n[processes]\n'
	processes | answer ''
	printf '\n[listeners]\n'
	listeners | answer ''
fi
