//! A primary that answers and commits nothing.

use lictor_domain::Problem;
use lictor_domain::report::{Stall, StallCause};

use super::{StalledPrimary, codes, healthy, ms};
use crate::analysis::problems;
use crate::fixture::{NOW, TIMING, gtids, name};

fn stall(cause: StallCause) -> Stall {
    Stall {
        cause,
        sessions: 3,
        longest: ms(4000),
    }
}

/// A primary whose sessions wait for `cause` at each look for so long, while it
/// commits something before the look at `commit`.
fn waiting(cause: &StallCause, looks: u64, commit: Option<u64>) -> Vec<Problem> {
    let mut fixture = healthy().report(1, |report| report.stalls = vec![stall(cause.clone())]);
    let mut view = healthy().view();
    let mut now = NOW;
    for look in 1..=looks {
        now = NOW + TIMING.probe_interval * u32::try_from(look).unwrap();
        if commit == Some(look) {
            fixture = fixture.executed(1, &gtids(1, 101, 101));
        }
        for n in [1, 2, 3] {
            view.probed(&name(n), fixture.answer(n), now);
        }
    }
    problems(&view, &TIMING, now)
}

#[test]
fn a_primary_that_answers_and_commits_nothing_is_stalled() {
    for (cause, what) in [
        (StallCause::Acknowledgements, "acknowledgements of replicas"),
        (StallCause::GlobalReadLock, "a global read lock"),
        (
            StallCause::DiskSpace("Disk is full writing 'binlog.000001'".to_owned()),
            "disk space",
        ),
        (StallCause::Turn, "a commit that does not end"),
    ] {
        let found = waiting(&cause, 9, None);
        assert_eq!(codes(&found), [StalledPrimary]);
        assert_eq!(
            found[0].sentence,
            format!("orders-1 answers, but no commit passes: it waits for {what}")
        );
        let evidence: Vec<_> = found[0].evidence.iter().map(ToString::to_string).collect();
        assert_eq!(
            evidence,
            [
                "orders-1 has committed nothing for 3200 ms (threshold 3000 ms)".to_owned(),
                format!("orders-1: 3 session(s) wait for {cause}, the longest for 4 s"),
            ]
        );
    }
}

#[test]
fn commits_that_wait_although_enough_replicas_are_connected_need_another_commit() {
    let told = waiting(&StallCause::Acknowledgements, 9, None);
    assert!(
        told[0].response.contains("FLUSH OPTIMIZER_COSTS"),
        "{told:?}"
    );
    let told = waiting(&StallCause::Turn, 9, None);
    assert!(!told[0].response.contains("FLUSH"), "{told:?}");
}

#[test]
fn a_busy_primary_is_not_stalled() {
    let cause = StallCause::Turn;
    assert_eq!(waiting(&cause, 3, None), []);
    assert_eq!(waiting(&cause, 9, Some(5)), []);
    assert_eq!(codes(&waiting(&cause, 13, Some(5))), [StalledPrimary]);
}
