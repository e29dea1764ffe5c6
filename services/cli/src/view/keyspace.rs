//! Keyspaces, their shards, and where a key lives.

use std::collections::BTreeSet;

use lictor_view::{Keyspace, Resolution, Shard, Writes};

use crate::output::{Paint, Tone, View, plain};

impl View for Vec<Keyspace> {
    fn text(&self, paint: Paint) -> String {
        if self.is_empty() {
            return "there is no keyspace".to_owned();
        }
        let row = |it: &Keyspace| {
            let clusters: BTreeSet<_> = it.shards.iter().map(|it| it.cluster.as_str()).collect();
            let clusters: Vec<_> = clusters.into_iter().collect();
            vec![
                plain(&it.name),
                plain(it.function.as_str()),
                plain(it.key.as_str()),
                plain(it.shards.len().to_string()),
                plain(clusters.join(", ")),
            ]
        };
        let header = ["KEYSPACE", "FUNCTION", "KEY", "SHARDS", "CLUSTERS"];
        paint.table(&header, self.iter().map(row))
    }
}

const fn tone(writes: Writes) -> Tone {
    match writes {
        Writes::Serving => Tone::Good,
        Writes::Held | Writes::Unknown => Tone::Doubtful,
    }
}

impl View for Keyspace {
    fn text(&self, paint: Paint) -> String {
        let row = |it: &Shard| {
            vec![
                plain(&it.name),
                plain(&it.owns),
                plain(&it.cluster),
                (it.writes.to_string(), tone(it.writes)),
                plain(it.writer.as_deref().unwrap_or("-")),
            ]
        };
        let header = ["SHARD", "OWNS", "CLUSTER", "WRITES", "WRITER"];
        let name = paint.bold(&self.name);
        format!(
            "{name}: {} of {} keys\n\n{}",
            self.function,
            self.key,
            paint.table(&header, self.shards.iter().map(row))
        )
    }
}

impl View for Resolution {
    fn text(&self, paint: Paint) -> String {
        let writer = self.route.as_ref().and_then(|route| route.writer.as_ref());
        let writer = writer.map_or_else(
            || "nobody takes its writes now".to_owned(),
            |writer| format!("writes go to {}", writer.address),
        );
        let held = if self.held {
            ", and wait: the shard is held"
        } else {
            ""
        };
        format!(
            "{} of {} is on shard {}, cluster {}; {writer}{held}",
            self.key,
            self.keyspace,
            paint.bold(&self.shard),
            paint.bold(&self.cluster)
        )
    }
}
