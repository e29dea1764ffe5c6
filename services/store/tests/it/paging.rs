use lictor_store::{AuditEntry, AuditFilter};

use crate::database::Database;
use crate::fixture::{ONE, entry, name, only, recovery};

#[tokio::test]
async fn pages_of_recoveries_show_each_once_the_newest_first() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    // Each moment twice, so that a page ends between equals too.
    for id in 0..14_u32 {
        let cluster = if id % 7 == 0 { "billing" } else { "orders" };
        let minutes = i64::from(id * 5 % 7);
        store
            .recovery_save(ONE, &recovery(cluster, id.into(), minutes))
            .await
            .unwrap();
    }
    for (cluster, count) in [
        (None, 14),
        (Some(name("orders")), 12),
        (Some(name("billing")), 2),
    ] {
        let all = store
            .recovery_list(&only(cluster.as_ref()), 99, None)
            .await
            .unwrap();
        assert_eq!(all.len(), count);
        assert!(all.is_sorted_by_key(|found| std::cmp::Reverse(found.id)));
        let mut paged = Vec::new();
        loop {
            let before = paged.last().map(|last: &lictor_domain::Recovery| last.id);
            let page = store
                .recovery_list(&only(cluster.as_ref()), 3, before)
                .await
                .unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
}

#[tokio::test]
async fn pages_of_the_audit_log_show_each_entry_once_the_newest_first() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let deeds: Vec<AuditEntry> = (0..7)
        .map(|n| AuditEntry {
            reason: (n % 2 == 0).then(|| "because".into()),
            ..entry(&format!("deed {n}"))
        })
        .collect();
    for deed in &deeds {
        store.audit_append(ONE, deed).await.unwrap();
    }
    let mut paged = Vec::new();
    loop {
        let before = paged.last().map(|last: &lictor_store::AuditRecord| last.id);
        let page = store
            .audit_list(&AuditFilter::default(), 3, before)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert!(paged.is_sorted_by_key(|record| std::cmp::Reverse((record.at, record.id))));
    let told: Vec<_> = paged.into_iter().rev().map(|record| record.entry).collect();
    assert_eq!(told, deeds);
}
