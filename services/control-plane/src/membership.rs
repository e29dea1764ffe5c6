//! This instance as a service in Consul, so that clients find the control plane
//! by DNS: `lictor.service.consul`, and `leader.lictor.service.consul`.

use std::time::Duration;

use lictor_consul::{ConsulError, SelfService, Url};

use crate::app::Shared;

/// How often the tag is compared with the truth.
const EVERY: Duration = Duration::from_millis(500);
/// How often it is registered anew, should the agent have lost it.
const RENEW: u32 = 60;
/// Saying goodbye must not hold up the end.
const GOODBYE: Duration = Duration::from_secs(1);

const LEADER: &str = "leader";
const FOLLOWER: &str = "follower";

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
        name: "lictor".to_owned(),
        id: app.instance.clone(),
        address: host.trim_matches(['[', ']']).to_owned(),
        port: ready.port_or_known_default().unwrap_or_default(),
        tags: vec![tag.to_owned()],
        ready,
    };
    app.consul.register_self(&service).await
}
