"""The engine: admission, workers, the feed, state. It knows no protocol, framework or driver."""
