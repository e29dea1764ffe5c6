//! How the control plane stands.

use lictor_wire::v1;
use serde::Serialize;

use crate::output::{Paint, Tone, View, or_dash, plain, time};

/// How an instance stands.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    version: String,
    instance: String,
    leader: bool,
    ready: bool,
    term: u64,
    uptime_secs: u64,
    consul_drift: u64,
    leases: Vec<Lease>,
    stores: Vec<Store>,
    sentences: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Lease {
    store: String,
    holder: Option<String>,
    advertise: String,
    term: u64,
    age_us: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Store {
    name: String,
    reachable: bool,
    sentence: String,
}

impl From<v1::GetStatusResponse> for Status {
    fn from(status: v1::GetStatusResponse) -> Self {
        let leases = status.leases.into_iter().map(|lease| Lease {
            store: lease.store,
            holder: lease.holder,
            advertise: lease.advertise,
            term: lease.term,
            age_us: lease.age_us,
        });
        let stores = status.stores.into_iter().map(|store| Store {
            name: store.name,
            reachable: store.reachable,
            sentence: store.sentence,
        });
        Self {
            version: status.version,
            instance: status.instance,
            leader: status.leader,
            ready: status.ready,
            term: status.term,
            uptime_secs: status.uptime_secs,
            consul_drift: status.consul_drift,
            leases: leases.collect(),
            stores: stores.collect(),
            sentences: status.sentences,
        }
    }
}

impl View for Status {
    fn text(&self, paint: Paint) -> String {
        let ready = if self.ready {
            paint.tone("ready", Tone::Good)
        } else {
            paint.tone("not ready", Tone::Bad)
        };
        let uptime = std::time::Duration::from_secs(self.uptime_secs);
        let head = format!(
            "{}  {ready}  {} in term {}, lictord {}, up {}",
            paint.bold(&self.instance),
            if self.leader { "leader" } else { "follower" },
            self.term,
            self.version,
            humantime::format_duration(uptime),
        );
        let stores = self.stores.iter().map(|store| {
            let (word, tone) = if store.reachable {
                ("reachable", Tone::Good)
            } else {
                ("unreachable", Tone::Bad)
            };
            vec![
                plain(&store.name),
                (word.to_owned(), tone),
                plain(&store.sentence),
            ]
        });
        let leases = self.leases.iter().map(|lease| {
            vec![
                plain(&lease.store),
                plain(or_dash(lease.holder.clone())),
                plain(&lease.advertise),
                plain(lease.term.to_string()),
                plain(or_dash(lease.age_us.map(time))),
            ]
        });
        let lease_header = ["LEASE", "HOLDER", "AT", "TERM", "RENEWED AGO"];
        let mut parts = vec![
            head,
            paint.table(&["STORE", "STATE", ""], stores),
            paint.table(&lease_header, leases),
            format!("Drift repaired in Consul: {}", self.consul_drift),
        ];
        if !self.sentences.is_empty() {
            parts.push(self.sentences.join("\n"));
        }
        parts.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_shown_with_stores_and_leases() {
        let store = |name: &str, reachable, sentence: &str| v1::StoreView {
            name: name.to_owned(),
            reachable,
            sentence: sentence.to_owned(),
        };
        let status = v1::GetStatusResponse {
            version: "0.1.0".to_owned(),
            instance: "lictord-1".to_owned(),
            leader: true,
            term: 3,
            leases: vec![v1::LeaseView {
                store: "postgres".to_owned(),
                holder: Some("lictord-1".to_owned()),
                advertise: "http://127.0.0.1:7400".to_owned(),
                term: 3,
                age_us: Some(250_000),
            }],
            stores: vec![
                store("postgres", true, "It answers."),
                store("consul", false, "Connection refused."),
            ],
            consul_drift: 2,
            uptime_secs: 61,
            ready: true,
            sentences: vec!["Consul is away; DNS keeps its last answers.".to_owned()],
        };
        assert_eq!(
            Status::from(status).text(Paint::off()),
            "\
lictord-1  ready  leader in term 3, lictord 0.1.0, up 1m 1s

STORE     STATE
postgres  reachable    It answers.
consul    unreachable  Connection refused.

LEASE     HOLDER     AT                     TERM  RENEWED AGO
postgres  lictord-1  http://127.0.0.1:7400  3     250.0 ms

Drift repaired in Consul: 2

Consul is away; DNS keeps its last answers."
        );
    }
}
