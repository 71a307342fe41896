"""What the engine needs from outside: contracts in prose and types, no code."""
