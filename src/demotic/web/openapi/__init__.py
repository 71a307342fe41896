"""OpenAPI documents and their pages, made from tables that each dialect writes."""
