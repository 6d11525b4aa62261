"""What is known of OpenSMTPD, and what its configuration says."""
