#!/bin/sh
# Records a host that has no Python 3.11, for `maildoctor check --snapshot`: host.toml as `check --record` writes it, on
# the standard output. It only reads. Of settings it writes those whose names have nothing to do with secrets, and no
# comments; of keys, databases of users, maps and logs nothing but that they are there, and of logs the lines of logins
# that went well. What is not recorded is not judged.
#
#     sh recorder.sh >host.toml
set -u
LC_ALL=C
export LC_ALL
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 077
TAB=$(printf '\t')

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

# a text as a string of TOML
quoted() {
	tr -d '\000' | tr '\001-\010\013-\037\177-\377' '?' | sed "s/\\\\/&&/g; s/\"/\\\\&/g; s/$TAB/\\\\t/g" |
		awk 'BEGIN { ORS = ""; print "\"" } NR > 1 { print "\\n" } { print } END { print "\"" }'
}

word() { printf '%s' "$1" | quoted; }

answer() { printf '%s = ' "$(word "$1")"; quoted; printf '\n'; }

no_answer() { # SUBJECT WHY REASON
	printf '%s = { why = "%s", reason = %s }\n' "$(word "$1")" "$2" "$(word "$3")"
}

# a path that cannot be looked at is not a path that is missing
missing() { # VERB's SUBJECT
	if [ -x "$(dirname "$1")" ] || [ ! -e "$(dirname "$1")" ]; then
		no_answer "$1" absent "$1 does not exist"
	else
		no_answer "$1" refused "permission denied: $1"
	fi
}

there() { [ -e "$1" ] || [ -L "$1" ]; }

# what is longer than a configuration can be is not read
small() { [ "$(wc -c <"$1")" -le 1048576 ]; }

look_line() {
	ls -ld --time-style=full-iso -- "$1" 2>/dev/null || ls -ld --full-time -- "$1" 2>/dev/null
}

above() {
	path=$1
	while [ "$path" != / ] && [ -n "$path" ]; do
		path=$(dirname "$path")
		printf '%s\n' "$path"
	done
}

# the values of settings that have to do with secrets, and all comments, are struck out; `user:password@host` anywhere
masked() {
	awk '
		BEGIN { secret = "(passw|passphrase|secret|_pw|pwd|credential|token|api_?key|dnpass|bindpw)" }
		/^[ \t]*(#|dnl)/ { sub(/(#|dnl).*/, "# ***"); print; next }
		{
			low = tolower($0)
			if (low ~ /^[ \t]*[a-z_]*_maps[ \t]*=[ \t]*[a-z]+:\/[^ ]*$/) { print; next }
			if (match(low, /^[ \t]*[^=: \t]+[ \t]*[=: \t]/) && substr(low, 1, RLENGTH) ~ secret) { print substr($0, 1, RLENGTH) " ***"; next }
			if (low ~ secret "[a-z0-9_]*[ \t]*[=:]") { match($0, /^[^=:]*/); print substr($0, 1, RLENGTH) "= ***"; next }
			gsub(/:\/\/[^ \/@:]*:[^ @]*@/, "://***@"); gsub(/"[UIP][:=][^"]*"/, "\"***\""); print
		}'
}

settings() {
	case $1 in
	/etc/passwd) awk -F: -v OFS=: 'NF > 6 { $2 = "x"; $5 = "***"; print }' "$1" ;;
	/etc/group) awk -F: -v OFS=: 'NF > 3 { $2 = "x"; print }' "$1" ;;
	*.pid) head -n 1 "$1" | tr -cd '0-9' ;;
	/etc/services | /etc/os-release | /etc/nsswitch.conf) sed 's/#.*//' "$1" ;;
	*) masked <"$1" ;;
	esac
}

# every path of a setting that is one, as of certificates and keys
named() {
	for file in /etc/mail/sendmail.cf /etc/mail/submit.cf /etc/postfix/main.cf /etc/dovecot/dovecot.conf \
		/etc/dovecot/conf.d/*.conf; do
		[ -f "$file" ] && small "$file" && settings "$file"
	done | tr ' \t=,<:"' '\n\n\n\n\n\n\n' | sed -n '/^\/[A-Za-z0-9._\/-]*[A-Za-z0-9]$/p'
}

plugins() {
	for folder in $SASL /usr/lib/*/sasl2; do
		for file in "$folder"/*.so*; do there "$file" && printf '%s\n' "$file"; done
	done
}

paths() {
	{
		printf '%s\n' $LOOKED $LISTED $SASL
		for folder in $SASL; do for name in $APPLICATIONS; do printf '%s\n' "$folder/$name"; done; done
		named
		plugins
	} | sort -u | while read -r one; do
		printf '%s\n' "$one"
		above "$one"
	done | sort -u
}

files() {
	{
		printf '%s\n' $READ
		for folder in $SASL; do for name in $APPLICATIONS; do printf '%s\n' "$folder/$name"; done; done
		for file in /etc/dovecot/conf.d/*.conf /etc/dovecot/conf.d/*.ext /etc/pam.d/*; do
			[ -f "$file" ] && printf '%s\n' "$file"
		done
	} | sort -u
}

SENDMAILS='/usr/libexec/sendmail/sendmail /usr/lib/sm.bin/sendmail /usr/sbin/sendmail.sendmail
/usr/lib/sendmail.sendmail /usr/sbin/sendmail'

MAIL='sendmail|sm-mta|master|smtpd|exim4?|smtpd|opensmtpd|dovecot|auth|anvil|saslauthd|postscreen|qmgr|pickup|slapd|krb5kdc'

processes() {
	began=$(awk '$1 == "btime" { print $2 }' /proc/stat)
	hertz=$(getconf CLK_TCK 2>/dev/null || echo 100)
	for folder in /proc/[0-9]*; do
		program=$(readlink "$folder/exe" 2>/dev/null) || continue
		printf '%s\n' "${program##*/}" | grep -Eqx "$MAIL" || continue
		words=$(tr '\000' ' ' <"$folder/cmdline" 2>/dev/null)
		owner=$(ls -ld "$folder" | awk '{ print $3 }')
		started=$(sed 's/.*) //' "$folder/stat" 2>/dev/null | awk -v b="$began" -v h="$hertz" '{ printf "%.2f", b + $20 / h }')
		printf '%s %s %s %s %s\n' "${folder##*/}" "$owner" "$started" "$program" "$words"
		awk -v p="${folder##*/}" '/libsasl2?\.so/ { print "libsasl: " p " " $6; exit }' "$folder/maps" 2>/dev/null
	done
}

# `ADDRESS PORT PID NAME` of each listening TCP socket; the process is looked up where we may
listeners() {
	awk '
		function byte(h, n) { return (index(digits, substr(h, n, 1)) - 1) * 16 + index(digits, substr(h, n + 1, 1)) - 1 }
		BEGIN { digits = "0123456789ABCDEF" }
		FNR > 1 && $4 == "0A" {
			split($2, at, ":")
			port = byte(at[2], 1) * 256 + byte(at[2], 3)
			if (length(at[1]) == 8)
				address = byte(at[1], 7) "." byte(at[1], 5) "." byte(at[1], 3) "." byte(at[1], 1)
			else
				address = at[1] ~ /^0*$/ ? "::" : at[1] ~ /^0*01000000$/ ? "::1" : ""
			if (address != "") print address, port, $10
		}' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | while read -r address port inode; do
		pid=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v s="socket:[$inode]" '
			/^\/proc\// { split($1, at, "/"); pid = at[3] } index($0, s) { print pid; exit }')
		name=$(cat "/proc/${pid:-none}/comm" 2>/dev/null)
		printf '%s %s %s %s\n' "$address" "$port" "${pid:--}" "${name:--}"
	done
}

# only the forms of a login that went well, whose fields are no secrets
logins() {
	tail -c 1048576 "$1" | grep -E \
		'AUTH=server, relay=[^,]*, authid=[^, ]*, mech=[A-Z0-9-]+, bits=[0-9]+$|client=[^, ]*, sasl_method=[A-Z0-9-]+, sasl_username=[^, ]*$' |
		tail -n 2000
}

free() {
	df -kP "$1" 2>/dev/null | awk 'NR == 2 { k = $4; t = $2 } END { print k, t }' | {
		read -r kib all
		df -iP "$1" 2>/dev/null | awk -v k="$kib" -v t="$all" 'NR == 2 { printf "%s KiB free of %s KiB, %s of %s inodes free", k, t, $4, $2 }'
	}
}

# what a sendmail program says of itself; another mail server's, which knows no such test, says nothing that counts
built() { "$1" -OLogLevel=0 -d0.1 -bt </dev/null 2>/dev/null | sed -n '/^Version /,/^=/p' | sed '/^=/,$d; /^$/d'; }

printf '# What a host said to the recorder of maildoctor. Secrets of known forms were struck out:\n'
printf '# read it before you hand it on.\n[host]\nkind = "host"\nname = %s\ncommands = []\n' "$(word "$(hostname)")"

printf '\n[hostname]\n'
hostname | answer ''
printf '\n[build]\n'
for path in $SENDMAILS; do
	if there "$path"; then build=$(built "$path"); else missing "$path"; continue; fi
	case $build in Version*) printf '%s\n' "$build" | answer "$path" ;; *) echo Version unknown | answer "$path" ;; esac
done
printf '\n[clock]\n'
date -u +%Y-%m-%dT%H:%M:%SZ | answer ''
printf '\n[elapsed]\n'
echo 0.0 | answer ''
printf '\n[whoami]\n'
if [ "$(id -u)" = 0 ]; then echo root; else id -u; fi | answer ''

printf '\n[look]\n'
paths | while read -r path; do
	if line=$(look_line "$path") && [ -n "$line" ]; then printf '%s\n' "$line" | answer "$path"; else missing "$path"; fi
done
printf '\n[changed]\n'
paths | while read -r path; do
	there "$path" && when=$(stat -c %z "$path" 2>/dev/null) && printf '%s\n' "$when" | answer "$path"
done
printf '\n[real]\n'
paths | while read -r path; do
	there "$path" && real=$(readlink -f "$path" 2>/dev/null) && printf '%s\n' "$real" | answer "$path"
done
printf '\n[list]\n'
printf '%s\n' $LISTED /usr/lib/*/sasl2 | sort -u | while read -r path; do
	if [ -d "$path" ] && [ -r "$path" ]; then ls -A1 "$path" | answer "$path"; else missing "$path"; fi
done
printf '\n[read]\n'
files | while read -r path; do
	if [ -f "$path" ] && [ -r "$path" ] && small "$path"; then settings "$path" | answer "$path"
	elif ! there "$path"; then missing "$path"; fi
done
printf '\n[space]\n'
for path in / /var/spool/mqueue /var/spool/mqueue-client /var/spool/postfix /var/spool/postfix/active \
	/var/spool/postfix/incoming /var/log; do
	[ -d "$path" ] && free "$path" | answer "$path"
done
printf '\n[logins]\n'
for path in /var/log/mail.log /var/log/maillog; do
	if [ -f "$path" ] && [ -r "$path" ]; then logins "$path" | answer "$path"; else missing "$path"; fi
done
if [ -d /proc/self ]; then
	printf '\n[processes]\n'
	processes | answer ''
	printf '\n[listeners]\n'
	listeners | answer ''
fi
