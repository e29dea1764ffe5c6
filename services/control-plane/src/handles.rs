//! File handles: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What lictord needs beside its subscribers: stores, nodes, the API's callers.
const OTHERS: u64 = 1000;

/// Takes as many as the system allows, and says so when those are too few for
/// so many subscribers.
pub(crate) fn take_all(subscribers: u32) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            current
        }
    };
    let needed = u64::from(subscribers) + OTHERS;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than `push.max_subscribers` can need; raise the limit"
        );
    }
}
