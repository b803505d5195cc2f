"""What a domain is, of any kind of data: rows, ids, splits, shifts, and where they come from."""
