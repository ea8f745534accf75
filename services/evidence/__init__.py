"""A session's evidence: fetched from where it lies, packed into a bundle, played as a film with its marks."""
