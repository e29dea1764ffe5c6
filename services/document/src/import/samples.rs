//! What the tests of importers share.

use lictor_domain::config::Config;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Clusters, Import};

/// A cluster `orders` of three nodes.
pub(super) fn orders() -> Clusters {
    let nodes = ["10.0.0.11:3306", "10.0.0.12:3306", "10.0.0.13:3306"];
    let nodes = nodes.map(|node| node.parse().unwrap());
    [("orders".parse().unwrap(), nodes.into())].into()
}

/// What comes of a sample is the expected document, which is whole beside a
/// cluster `orders`, with the expected notes, and no password in either.
pub(super) fn comes_to(import: &Import, document: &str, notes: &str) {
    let written = crate::write(&import.draft);
    let told: Vec<_> = import.notes.iter().map(ToString::to_string).collect();
    let told = told.join("\n") + "\n";
    assert_eq!(written, document, "{told}");
    assert_eq!(told, notes);
    assert!(!written.contains("secret") && !told.contains("secret"));
    let mut beside = import.draft.clone();
    beside
        .clusters
        .entry("orders".parse().unwrap())
        .or_default();
    Config::try_from(beside).unwrap();
    assert_eq!(
        crate::read(&import.document(), "document").as_ref(),
        Ok(&import.draft)
    );
}

/// A sample in which something is wrong, and anything at all.
pub(super) fn damaged(sample: &'static str) -> impl Strategy<Value = String> {
    let cut = (any::<Index>(), any::<Index>(), "[\\PC\n]{0,4}").prop_map(move |(from, to, by)| {
        let chars: Vec<char> = sample.chars().collect();
        let (from, to) = (from.index(chars.len()), to.index(chars.len()));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 20));
        let head = chars[..from].iter().copied();
        head.chain(by.chars())
            .chain(chars[to..].iter().copied())
            .collect()
    });
    prop_oneof![4 => cut, 1 => any::<String>()]
}
