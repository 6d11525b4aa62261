"""What sets up SMTP AUTH on a host, as typed steps in their order: for the guide, and for the checks that find none."""
