"""One room per protocol that clients speak; none knows another."""
