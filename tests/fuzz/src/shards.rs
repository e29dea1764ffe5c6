//! The shard resolver against the slowest one there is: a look at every range.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lictor_domain::keyspace::{Bound, Ranges, Shard, Span, Writes};

fuzz_target!(|numbers: (Vec<u64>, Vec<u64>)| {
    let (bounds, points) = numbers;
    check(bounds.clone(), &points);
    let signed = |numbers: &[u64]| -> Vec<i64> {
        numbers.iter().map(|number| number.cast_signed()).collect()
    };
    check(signed(&bounds), &signed(&points));
});

/// Splits the space at these bounds and asks who owns each point.
fn check<B>(mut bounds: Vec<B>, points: &[B])
where
    B: Bound<Point = B> + lictor_domain::keyspace::Point,
{
    bounds.sort();
    bounds.dedup();
    bounds.retain(|bound| *bound != B::least());
    let ends = bounds.iter().cloned().map(Some).chain([None]);
    let begins = [None].into_iter().chain(bounds.iter().cloned().map(Some));
    let spans: Vec<_> = begins
        .zip(ends)
        .map(|(from, below)| Span::new(from, below))
        .collect();
    let shards = spans.iter().enumerate().filter_map(|(at, span)| {
        let shard = Shard {
            name: format!("s{at}").parse().ok()?,
            cluster: "orders".parse().ok()?,
            writes: Writes::Serving,
        };
        Some((shard, span.clone()))
    });
    let Ok(ranges) = Ranges::new(shards.collect()) else {
        assert!(spans.len() > lictor_domain::keyspace::MAX_SHARDS);
        return;
    };
    for point in points.iter().chain(&bounds) {
        let owns = |span: &Span<B>| {
            span.from <= *point && span.below.as_ref().is_none_or(|below| point < below)
        };
        let owner = spans.iter().position(owns).map(|at| format!("s{at}"));
        let found = ranges.find(point).name.to_string();
        assert_eq!(Some(found), owner);
    }
}
