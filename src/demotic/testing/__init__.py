"""Public test kit: a scripted agent, a clock that tests own, contract suites for adapters."""
