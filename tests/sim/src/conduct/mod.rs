//! How a leader behaves beside what must hold: it is no loss when one of these is
//! broken, but somebody was wronged, or a loss was only a matter of luck.

pub mod hands_off;
pub mod intent_first;
pub mod no_needless_failover;
pub mod no_stale_reader;
pub mod one_leader;

/// What each is called.
pub const NAMES: &[&str] = &[
    "hands off",
    "intent first",
    "no needless failover",
    "no stale reader",
    "one leader",
];
