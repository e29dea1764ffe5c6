//! This instance as a service in Consul, so that clients find the control plane
//! by DNS: `lictor.service.consul`, and `leader.lictor.service.consul`.

use std::time::Duration;

use lictor_consul::{ConsulError, Instance, SelfService, Url, ready_check};
use serde::Deserialize;

use crate::app::{App, Shared};
use crate::members;

/// How often the tag is compared with the truth.
const EVERY: Duration = Duration::from_millis(500);
/// How often it is registered anew, should the agent have lost it.
const RENEW: u32 = 60;
/// How often it is looked who the others are.
const LOOK: u32 = 6;
/// Saying goodbye must not hold up the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// The service's name in Consul.
const SERVICE: &str = "lictor";
const LEADER: &str = "leader";
const FOLLOWER: &str = "follower";
/// Where in the service's metadata its URL stands.
const URL: &str = "url";
/// Consul's word for a check that is as it should be.
const PASSING: &str = "passing";

/// Keeps the registration until shutdown, then takes it back.
pub(crate) async fn keep(app: Shared) {
    let mut registered: Option<&str> = None;
    let mut age = 0;
    loop {
        let tag = if app.standing.lease().is_some() {
            LEADER
        } else {
            FOLLOWER
        };
        if registered != Some(tag) || age >= RENEW {
            match register(&app, tag).await {
                Ok(()) => (registered, age) = (Some(tag), 0),
                Err(error) => {
                    tracing::debug!(%error, "not registered in Consul");
                    registered = None;
                }
            }
        }
        if age % LOOK == 0 {
            members::look(&app).await;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => age += 1,
            () = app.shutdown.cancelled() => break,
        }
    }
    let goodbye = app.consul.deregister_self(&app.instance);
    if !matches!(tokio::time::timeout(GOODBYE, goodbye).await, Ok(Ok(()))) {
        tracing::debug!("still registered in Consul: its check will show that this one has gone");
    }
}

async fn register(app: &Shared, tag: &str) -> Result<(), ConsulError> {
    // Where it listens may be every address there is; this one others can use.
    let ready = Url::parse(&format!("{}/readyz", app.settings.advertise));
    let Ok(ready) = ready else {
        return Ok(());
    };
    let host = ready.host_str().unwrap_or_default();
    let service = SelfService {
        name: SERVICE.to_owned(),
        id: app.instance.clone(),
        address: host.trim_matches(['[', ']']).to_owned(),
        port: ready.port_or_known_default().unwrap_or_default(),
        tags: vec![tag.to_owned()],
        meta: [(URL.to_owned(), app.settings.advertise.clone())].into(),
        ready,
    };
    app.consul.register_self(&service).await
}

/// An instance of the control plane, as Consul knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) instance: String,
    /// Where it serves: host:port.
    pub(crate) address: String,
    /// The URL at which it serves.
    pub(crate) url: String,
    /// Whether it is registered as the leader.
    pub(crate) leader: bool,
    /// Whether it is fit to serve; `None` when nobody knows.
    pub(crate) ready: Option<bool>,
    /// How it stands.
    pub(crate) sentence: String,
}

/// Every instance that is registered, in order of name.
pub(crate) async fn members(app: &App) -> Result<Vec<Member>, ConsulError> {
    let registered = app.consul.registered(SERVICE).await?;
    let mut members: Vec<_> = registered.into_iter().map(Member::from).collect();
    members.sort_by(|a, b| a.instance.cmp(&b.instance));
    Ok(members)
}

impl From<Instance> for Member {
    /// A check says something only while the agent that makes it is alive. One that
    /// was the leader keeps the tag when it dies.
    fn from(instance: Instance) -> Self {
        let of_agent = instance.checks.values();
        let mut of_agent = of_agent.filter(|check| check.service_id.is_empty());
        let heard = of_agent.all(|check| check.status == PASSING);
        let check = instance.checks.get(&ready_check(&instance.service_id));
        let check = check.filter(|_| heard);
        let ready = check.map(|check| check.status == PASSING);
        let leader = instance.tags.contains(LEADER) && ready != Some(false);
        let sentence = match (check, ready) {
            (Some(_), Some(true)) if leader => "it leads, and is fit to serve".to_owned(),
            (Some(_), Some(true)) => "it is fit to serve".to_owned(),
            (Some(check), _) => missing(&check.output),
            (None, _) if heard => "it is registered without a check".to_owned(),
            (None, _) => "the Consul agent that checks it is not heard".to_owned(),
        };
        let url = instance.meta.get(URL).cloned();
        Self {
            instance: instance.service_id,
            url: url.unwrap_or_else(|| format!("http://{}", instance.address)),
            address: instance.address,
            leader,
            ready,
            sentence,
        }
    }
}

/// What a check found: what `/readyz` says is missing, or why it said nothing.
fn missing(output: &str) -> String {
    #[derive(Deserialize)]
    struct Readiness {
        missing: Vec<String>,
    }
    let said = output.split_once("Output: ").map(|(_, said)| said);
    let said = said.and_then(|said| serde_json::from_str::<Readiness>(said).ok());
    let missing = said.map(|said| said.missing.join("; "));
    let missing = missing.unwrap_or_else(|| output.trim().to_owned());
    if missing.is_empty() {
        return "it was not asked yet whether it is fit to serve".to_owned();
    }
    missing
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lictor_consul::ObservedCheck;

    use super::*;

    fn check(status: &str, output: &str, service_id: &str) -> ObservedCheck {
        ObservedCheck {
            status: status.to_owned(),
            output: output.to_owned(),
            service_id: service_id.to_owned(),
        }
    }

    fn member(tag: &str, agent: &str, status: &str, output: &str) -> Member {
        let checks = [
            ("serfHealth".to_owned(), check(agent, "", "")),
            (
                "lictor-1-ready".to_owned(),
                check(status, output, "lictor-1"),
            ),
        ];
        Member::from(Instance {
            consul_node: "one".to_owned(),
            service: SERVICE.to_owned(),
            service_id: "lictor-1".to_owned(),
            address: "10.0.0.5:7400".to_owned(),
            tags: [tag.to_owned()].into(),
            meta: BTreeMap::new(),
            node_meta: BTreeMap::new(),
            checks: checks.into(),
        })
    }

    #[test]
    fn a_follower_says_what_it_lacks_by_its_check() {
        let output = "HTTP GET http://10.0.0.5:7400/readyz: 503 Service Unavailable Output: \
                      {\"ready\":false,\"missing\":[\"this instance does not lead: it waits\"]}";
        let follower = member(FOLLOWER, PASSING, "critical", output);
        assert_eq!(follower.ready, Some(false));
        assert_eq!(follower.sentence, "this instance does not lead: it waits");
    }

    #[test]
    fn one_that_died_as_the_leader_leads_no_more() {
        let refused = "dial tcp 10.0.0.5:7400: connect: connection refused";
        let dead = member(LEADER, PASSING, "critical", refused);
        assert_eq!((dead.leader, dead.ready), (false, Some(false)));
        assert_eq!(dead.sentence, refused);
        let lives = member(LEADER, PASSING, PASSING, "");
        assert_eq!((lives.leader, lives.ready), (true, Some(true)));
    }

    #[test]
    fn a_check_that_nobody_makes_any_more_says_nothing() {
        let unknown = member(FOLLOWER, "critical", PASSING, "");
        assert_eq!(unknown.ready, None);
        assert!(unknown.sentence.contains("not heard"), "{unknown:?}");
    }
}
