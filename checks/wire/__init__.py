"""What servers say: answers, offers, certificates, logins, relaying."""
