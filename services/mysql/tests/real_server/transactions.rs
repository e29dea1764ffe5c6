use std::time::Duration;

use lictor_lab::APP;
use mysql_async::prelude::Queryable;

use crate::{AMPLE, lab, nodes, session, table};

#[tokio::test]
async fn a_transaction_is_listed_from_its_begin_to_its_end_however_often_one_asks() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    table(node).await;
    let mut session = session(node).await;
    let mut app = node.connect(APP).await.unwrap();
    let open = session.long_transactions(Duration::ZERO, AMPLE).await;
    assert_eq!(open.unwrap(), []);
    app.query_drop("BEGIN; INSERT INTO app.t VALUES (1)")
        .await
        .unwrap();

    for _ in 0..5 {
        let open = session.long_transactions(Duration::ZERO, AMPLE).await;
        let open = open.unwrap();
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!(open[0].session, u64::from(app.id()));
        assert_eq!(open[0].user, APP.user);
    }
    let open = session.long_transactions(AMPLE, AMPLE).await;
    assert_eq!(open.unwrap(), [], "none is that old");

    app.query_drop("COMMIT").await.unwrap();
    for _ in 0..5 {
        let open = session.long_transactions(Duration::ZERO, AMPLE).await;
        assert_eq!(open.unwrap(), []);
    }
}

#[tokio::test]
async fn a_server_that_does_not_watch_transactions_lists_them_too() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    table(node).await;
    let unwatched = "UPDATE performance_schema.setup_consumers SET ENABLED = 'NO' \
                     WHERE NAME = 'events_transactions_current'";
    node.sql(unwatched).await.unwrap();
    let mut session = session(node).await;
    let mut app = node.connect(APP).await.unwrap();
    app.query_drop("BEGIN; INSERT INTO app.t VALUES (1)")
        .await
        .unwrap();
    let open = session.long_transactions(Duration::ZERO, AMPLE).await;
    let open = open.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].session, u64::from(app.id()));
}
