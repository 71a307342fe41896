"""The words of the engine and the rules that need no I/O."""
