//! How the control plane stands.

use lictor_view::{ControlPlane, Member, Relay};

use crate::output::{Paint, Tone, View, or_dash, plain, time};

impl View for ControlPlane {
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
        let members = self.members.iter().map(|member| {
            let ready = match member.ready {
                Some(true) => ("ready".to_owned(), Tone::Good),
                Some(false) => ("not ready".to_owned(), Tone::Bad),
                None => ("unknown".to_owned(), Tone::Bad),
            };
            vec![
                plain(&member.instance),
                plain(&member.address),
                plain(if member.leader { "leader" } else { "follower" }),
                ready,
                plain(or_dash(member.term.map(|term| term.to_string()))),
                relayed(member),
                plain(or_dash(heard(member).map(time))),
                plain(or_dash(member.subscribers.map(|it| it.to_string()))),
                plain(&member.sentence),
            ]
        });
        let member_header = [
            "MEMBER",
            "AT",
            "ROLE",
            "STATE",
            "TERM",
            "BEHIND",
            "HEARD AGO",
            "SUBSCRIBERS",
            "",
        ];
        let lease_header = ["LEASE", "HOLDER", "AT", "TERM", "RENEWED AGO"];
        let mut parts = vec![
            head,
            paint.table(&member_header, members),
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

/// How many revisions a member is behind the leader.
fn relayed(member: &Member) -> (String, Tone) {
    match &member.relay {
        None => plain("-"),
        Some(Relay {
            current: true,
            behind,
            ..
        }) => (number(*behind), Tone::Good),
        Some(Relay { behind, .. }) => (number(*behind), Tone::Bad),
    }
}

fn number(behind: Option<u64>) -> String {
    behind.map_or_else(|| "unknown".to_owned(), |it| it.to_string())
}

fn heard(member: &Member) -> Option<u64> {
    member.relay.as_ref()?.heard_us
}

#[cfg(test)]
mod tests {
    use lictor_wire::v1;

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
            members: vec![
                v1::Member {
                    instance: "lictord-1".to_owned(),
                    address: "127.0.0.1:7400".to_owned(),
                    leader: true,
                    ready: Some(true),
                    sentence: "It serves.".to_owned(),
                    answers: true,
                    term: Some(3),
                    subscribers: Some(2),
                    ..v1::Member::default()
                },
                v1::Member {
                    instance: "lictord-2".to_owned(),
                    address: "127.0.0.2:7400".to_owned(),
                    ready: Some(true),
                    sentence: "It relays.".to_owned(),
                    answers: true,
                    term: Some(3),
                    subscribers: Some(40),
                    relay: Some(v1::RelayState {
                        current: true,
                        behind: Some(0),
                        heard_us: Some(120_000),
                        ..v1::RelayState::default()
                    }),
                    ..v1::Member::default()
                },
            ],
            sentences: vec!["Consul is away; DNS keeps its last answers.".to_owned()],
        };
        assert_eq!(
            ControlPlane::from(status).text(Paint::off()),
            "\
lictord-1  ready  leader in term 3, lictord 0.1.0, up 1m 1s

MEMBER     AT              ROLE      STATE  TERM  BEHIND  HEARD AGO  SUBSCRIBERS
lictord-1  127.0.0.1:7400  leader    ready  3     -       -          2            It serves.
lictord-2  127.0.0.2:7400  follower  ready  3     0       120.0 ms   40           It relays.

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
