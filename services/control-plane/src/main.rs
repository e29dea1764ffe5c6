//! lictord, Lictor's control plane.

fn main() {}
