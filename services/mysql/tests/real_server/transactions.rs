use std::time::Duration;

use lictor_lab::APP;
use mysql_async::prelude::Queryable;

use crate::{AMPLE, lab, nodes, session, table};

#[tokio::test]
async fn a_transaction_is_listed_until_it_ends_however_often_one_asks() {
    let lab = lab(0).await;
    let [node] = nodes(&lab);
    table(node).await;
    let mut session = session(node).await;
    let mut app = node.connect(APP).await.unwrap();
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
    app.query_drop("COMMIT").await.unwrap();
    for _ in 0..5 {
        let open = session.long_transactions(Duration::ZERO, AMPLE).await;
        assert_eq!(open.unwrap(), []);
    }
}
