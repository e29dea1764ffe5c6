//! What helps subscribers to choose among nodes, told while this instance leads,
//! at most once a second.

use std::collections::BTreeMap;
use std::time::Duration;

use lictor_engine::hint;

use crate::app::App;
use crate::clock;

const EVERY: Duration = Duration::from_secs(1);

/// Tells the hints about every cluster. Never returns.
pub(crate) async fn keep(app: &App) {
    let mut told = BTreeMap::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let now = clock::mono();
        let snapshots = app.fleet.snapshots();
        let hint = |snapshot: &crate::snapshot::Snapshot| {
            let name = snapshot.view.cluster.name.clone();
            let before = told.get(&name).cloned().unwrap_or_default();
            let hints = hint::of_cluster(&snapshot.view, &before, app.hub.pools(&name), now);
            (name, hints)
        };
        told = snapshots.iter().map(|snapshot| hint(snapshot)).collect();
        app.hub.hint(&told);
    }
}
