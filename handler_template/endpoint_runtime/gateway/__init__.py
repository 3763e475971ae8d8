"""The gateway's side: an event becomes an environ, a response becomes a reply."""
