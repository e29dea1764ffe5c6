//! lictor, the command line of the Lictor control plane.

fn main() {}
