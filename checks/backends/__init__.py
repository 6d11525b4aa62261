"""What stands behind a login: saslauthd, PAM, the system's accounts, LDAP, Kerberos, IMAP."""
