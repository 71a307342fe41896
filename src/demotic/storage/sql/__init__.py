"""What the SQL backends share: named queries and migrations."""
