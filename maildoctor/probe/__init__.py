"""What is tried at a server beyond a look: TLS, logins, a relay test, a message."""
