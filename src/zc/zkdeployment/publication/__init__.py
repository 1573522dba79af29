"""From a source to something that may be published. Pure."""
