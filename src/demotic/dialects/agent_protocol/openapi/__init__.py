"""The OpenAPI document of this dialect, and a page that shows it."""
