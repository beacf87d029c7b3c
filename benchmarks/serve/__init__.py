"""A server under load: many at once, many in a row, live sessions, hostile bytes."""
