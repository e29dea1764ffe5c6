//! Exact keys and the term key.

use lictor_consul::ConsulError;
use lictor_domain::Term;

use crate::fixture::{Fixture, TERM_KEY};

#[tokio::test]
async fn keys_that_begin_alike_are_never_confused() {
    let fixture = Fixture::start().await;
    let consul = &fixture.consul;
    let keys = ["app/a", "app/ab", "app/a/x", "app/a b?c"];
    for key in keys {
        let written = consul.compare_and_set(key, key.as_bytes(), 0).await;
        assert!(written.unwrap().is_some(), "{key}");
    }
    for key in keys {
        let entry = consul.read_exact(key).await.unwrap().unwrap();
        assert_eq!(entry.value, key.as_bytes());
    }
    assert_eq!(consul.read_exact("app").await.unwrap(), None);
    assert_eq!(consul.read_exact("app/").await.unwrap(), None);

    let index = consul
        .read_exact("app/a")
        .await
        .unwrap()
        .unwrap()
        .modify_index;
    assert!(consul.delete_cas("app/a", index).await.unwrap());
    assert_eq!(consul.read_exact("app/a").await.unwrap(), None);
    for key in &keys[1..] {
        assert!(consul.read_exact(key).await.unwrap().is_some(), "{key}");
    }
}

#[tokio::test]
async fn a_key_is_written_and_deleted_only_at_the_index_that_was_read() {
    let fixture = Fixture::start().await;
    let consul = &fixture.consul;
    let value: &[u8] = &[0, 159, 255];
    let first = consul
        .compare_and_set("k", value, 0)
        .await
        .unwrap()
        .unwrap();
    let entry = consul.read_exact("k").await.unwrap().unwrap();
    assert_eq!((entry.value.as_slice(), entry.modify_index), (value, first));

    assert_eq!(consul.compare_and_set("k", b"late", 0).await.unwrap(), None);
    let second = consul
        .compare_and_set("k", b"", first)
        .await
        .unwrap()
        .unwrap();
    assert!(second > first);
    assert_eq!(
        consul.compare_and_set("k", b"late", first).await.unwrap(),
        None
    );
    assert!(!consul.delete_cas("k", first).await.unwrap());
    let entry = consul.read_exact("k").await.unwrap().unwrap();
    assert_eq!((entry.value.len(), entry.modify_index), (0, second));

    assert!(consul.delete_cas("k", second).await.unwrap());
    assert!(
        consul.delete_cas("k", second).await.unwrap(),
        "it is gone already"
    );
}

#[tokio::test]
async fn of_many_writers_at_one_index_one_wins() {
    let fixture = Fixture::start().await;
    let consul = &fixture.consul;
    let write = |who: &'static [u8]| consul.compare_and_set("lease", who, 0);
    let (a, b, c) = tokio::join!(write(b"a"), write(b"b"), write(b"c"));
    let won = [a, b, c]
        .into_iter()
        .filter(|it| it.as_ref().unwrap().is_some());
    assert_eq!(won.count(), 1);
}

#[tokio::test]
async fn the_term_key_only_rises() {
    let fixture = Fixture::start().await;
    let consul = &fixture.consul;
    let third = consul.advance_term(TERM_KEY, Term(3), "a").await.unwrap();
    let again = consul.advance_term(TERM_KEY, Term(3), "a").await.unwrap();
    assert_eq!(again, third, "a lost answer can be asked for again");

    for (term, holder) in [(Term(3), "b"), (Term(2), "a")] {
        let error = consul
            .advance_term(TERM_KEY, term, holder)
            .await
            .unwrap_err();
        assert!(matches!(error, ConsulError::StaleTerm { .. }), "{error}");
        assert!(
            error.to_string().ends_with("the key holds term 3 of a"),
            "{error}"
        );
    }
    let fourth = consul.advance_term(TERM_KEY, Term(4), "b").await.unwrap();
    assert!(fourth.modify_index() > third.modify_index());
}

#[tokio::test]
async fn a_term_key_that_holds_no_term_is_left_as_it_is() {
    let fixture = Fixture::start().await;
    let consul = &fixture.consul;
    consul.compare_and_set(TERM_KEY, b"hello", 0).await.unwrap();
    let error = consul
        .advance_term(TERM_KEY, Term(9), "a")
        .await
        .unwrap_err();
    assert!(matches!(error, ConsulError::Conflict { .. }), "{error}");
    let entry = consul.read_exact(TERM_KEY).await.unwrap().unwrap();
    assert_eq!(entry.value, b"hello");
}
