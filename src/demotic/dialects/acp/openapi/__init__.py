"""The OpenAPI documents of this dialect, one per version, and pages that show them."""
