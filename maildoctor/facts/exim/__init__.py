"""What is known of Exim, and what its configuration says."""
