//! Every decision of Lictor, without I/O.
