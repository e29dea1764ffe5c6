//! GTID sets: what is read is written back as the same set, and what two sets
//! have in common, have alone and have together fits.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lictor_domain::GtidSet;

fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('|').unwrap_or((text, ""));
    let (Ok(one), Ok(other)) = (one.parse::<GtidSet>(), other.parse::<GtidSet>()) else {
        return;
    };
    assert_eq!(one.to_string().parse::<GtidSet>().as_ref(), Ok(&one));
    let common = one.intersection(&other);
    let alone = one.subtract(&other);
    assert!(alone.intersection(&other).is_empty());
    assert_eq!(alone.union(&common), one);
    assert_eq!(one.union(&other).subtract(&alone), other);
    assert_eq!(one.is_subset_of(&other), alone.is_empty());
});
