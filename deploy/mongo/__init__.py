"""The database from the operator's side: which users there are and what each may do."""
