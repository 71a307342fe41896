"""The Agent Protocol dialect: agents, threads, runs by their own ids, and long-term memory."""
