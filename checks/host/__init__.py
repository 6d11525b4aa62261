"""What belongs to no mail program alone: permissions, TLS files, names, the system."""
