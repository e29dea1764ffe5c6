//! Postgres: the only SQL against Lictor's own database.
