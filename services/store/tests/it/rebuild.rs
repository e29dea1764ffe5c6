//! Rebuilds and the quarantine they leave.

use lictor_domain::{
    CopyProgress, GtidSet, NodeName, Quarantine, Rebuild, RebuildId, RebuildState,
};
use lictor_store::{AuditFilter, StoreError};
use sqlx::types::Uuid;

use crate::database::Database;
use crate::fixture::{ONE, TWO, cluster, entry, minute, name};

fn rebuild() -> Rebuild {
    let numbered = |number| NodeName::numbered(&name("orders"), number);
    Rebuild {
        id: RebuildId(Uuid::from_u128(5)),
        cluster: name("orders"),
        node: numbered(2),
        donor: numbered(1),
        actor: "ada".into(),
        started_at: minute(0),
        finished_at: None,
        state: RebuildState::Copying {
            progress: CopyProgress::default(),
        },
    }
}

fn quarantine() -> Quarantine {
    Quarantine {
        reason: "its data is replaced".into(),
        errant: GtidSet::default(),
        incomplete: true,
    }
}

#[tokio::test]
async fn a_rebuild_begins_together_with_the_quarantine_of_its_node() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(ONE).await.unwrap();
    let orders = cluster("orders", 1);
    store
        .cluster_add(ONE, &orders, &entry("cluster.add"))
        .await
        .unwrap();
    let begun = entry("node.rebuild");
    store
        .rebuild_begin(ONE, &rebuild(), &quarantine(), &begun)
        .await
        .unwrap();
    assert_eq!(store.rebuild_unfinished().await.unwrap(), [rebuild()]);
    let stored = store.cluster_get(&orders.name).await.unwrap();
    assert_eq!(stored.nodes[1].quarantine, Some(quarantine()));
    let log = store
        .audit_list(&AuditFilter::default(), 1, None)
        .await
        .unwrap();
    assert_eq!(log[0].entry, begun);

    let mut over = rebuild();
    over.finished_at = Some(minute(1));
    over.state = RebuildState::Done;
    store
        .rebuild_save(ONE, &over, Some(&entry("node.rebuild")))
        .await
        .unwrap();
    assert_eq!(store.rebuild_unfinished().await.unwrap(), []);
    let node = &stored.nodes[1].name;
    store.node_set_quarantine(ONE, node, None).await.unwrap();
    let stored = store.cluster_get(&orders.name).await.unwrap();
    assert_eq!(stored.nodes[1].quarantine, None);
}

#[tokio::test]
async fn nothing_of_a_rebuild_is_written_for_an_unknown_node_or_by_an_older_term() {
    let (_database, store) = Database::with_store().await;
    store.term_advance(TWO).await.unwrap();
    let (begun, quarantine) = (entry("node.rebuild"), quarantine());
    let unknown = store
        .rebuild_begin(TWO, &rebuild(), &quarantine, &begun)
        .await;
    assert!(
        matches!(unknown, Err(StoreError::NotFound { .. })),
        "{unknown:?}"
    );
    let stale = store.rebuild_save(ONE, &rebuild(), None).await;
    assert!(
        matches!(stale, Err(StoreError::StaleTerm { .. })),
        "{stale:?}"
    );
    assert_eq!(store.rebuild_unfinished().await.unwrap(), []);
}
