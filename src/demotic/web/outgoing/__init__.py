"""Requests that the server makes itself: to whom it may, how they are signed and sent."""
