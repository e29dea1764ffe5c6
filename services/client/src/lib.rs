//! Lictor's client library: subscribe to routes, connect to the writer or a reader.
