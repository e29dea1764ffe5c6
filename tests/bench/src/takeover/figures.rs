//! The figures: a table for people, and one line of JSON with the same.

use std::time::Duration;

use lictor_bench::{Spread, json_or_null, ms, table};
use serde_json::{Value, json};

/// One change of leaders, as times since the leader was killed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Takeover {
    /// Until the dead leader's leases had run out for all others: the floor.
    pub(crate) free: Duration,
    /// Until another one said that it leads.
    pub(crate) leads: Duration,
    /// Until it had a complete routing table and accepted a change.
    pub(crate) able: Duration,
}

/// One loss of the leader and a primary at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missed {
    /// The change of leaders.
    pub(crate) takeover: Takeover,
    /// Until a writer got its first acknowledgement.
    pub(crate) acked: Duration,
}

/// Prints everything; the last line is the JSON.
pub(crate) fn report(takeovers: &[Takeover], with_primary: &[Missed], lost: usize) {
    let alone =
        |figure: fn(&Takeover) -> Duration| Spread::of(takeovers.iter().map(figure).map(ms));
    let both =
        |figure: fn(&Missed) -> Duration| Spread::of(with_primary.iter().map(figure).map(ms));
    let floor = alone(|takeover| takeover.free);
    let leads = alone(|takeover| takeover.leads);
    let able = alone(|takeover| takeover.able);
    let over = alone(|takeover| takeover.able.saturating_sub(takeover.free));
    let both_able = both(|missed| missed.takeover.able);
    let acked = both(|missed| missed.acked);
    let figures = table([
        ("leader killed: its leases have run out (floor)", floor),
        ("leader killed: another leads", leads),
        ("leader killed: another is able to act", able),
        ("leader killed: able to act, over the floor", over),
        ("leader and primary killed: able to act", both_able),
        ("leader and primary killed: first acknowledged write", acked),
    ]);
    println!("{figures}");
    println!("acknowledged writes lost: {lost}");
    let median = |spread: Option<Spread>| -> Value {
        spread.map_or(Value::Null, |spread| spread.json()["median"].clone())
    };
    let json = json!({
        "bench": "takeover",
        "kills": takeovers.len(),
        "kills_with_primary": with_primary.len(),
        "median_ms": median(able),
        "with_primary_median_ms": median(acked),
        "able_ms": json_or_null(able),
        "leads_ms": json_or_null(leads),
        "floor_ms": json_or_null(floor),
        "over_floor_ms": json_or_null(over),
        "with_primary_able_ms": json_or_null(both_able),
        "with_primary_acked_ms": json_or_null(acked),
        "lost_acked": lost,
    });
    println!("{json}");
}
