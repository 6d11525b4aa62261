"""What stands behind a login where the mail server does not keep the accounts itself: neutral facts."""
