//! Seeded simulation of the engine in virtual time.
