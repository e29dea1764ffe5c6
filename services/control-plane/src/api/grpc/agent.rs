//! `AgentService`: leases for the agents beside the servers.

use std::time::Duration;

use lictor_domain::Instance;
use lictor_engine::guard::{Answer, Refusal, Renewal};
use lictor_wire::v1::agent_service_server::AgentService;
use lictor_wire::v1::renew_response;
use lictor_wire::{micros, v1};
use tonic::{Request, Response, Status};

use super::{parse, scope};
use crate::app::Shared;
use crate::orders::lease::{self, Granted};

/// The longest time between two renewals.
const RENEW_AFTER: Duration = Duration::from_secs(1);

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl AgentService for Api {
    async fn renew(
        &self,
        request: Request<v1::RenewRequest>,
    ) -> Result<Response<v1::RenewResponse>, Status> {
        let scope = scope(&request)?;
        let request = request.into_inner();
        let instance: Instance = parse(&request.instance, "instance")?;
        let renewal = Renewal {
            instance,
            number: request.number,
            holds: request.holds_us.map(Duration::from_micros),
        };
        let granted = lease::renew(&self.app, renewal, &scope).await;
        let Granted { node, answer } = granted?;
        // Four chances in the time of one lease, at least.
        let renew_after = (self.app.settings.agent_lease / 4).min(RENEW_AFTER);
        Ok(Response::new(v1::RenewResponse {
            node: node.map(|node| node.to_string()).unwrap_or_default(),
            renew_after_us: micros(renew_after),
            answer: Some(shown(answer)),
        }))
    }
}

fn shown(answer: Answer) -> renew_response::Answer {
    match answer {
        Answer::Bound(lease) => renew_response::Answer::Lease(v1::Lease {
            duration_us: micros(lease),
        }),
        Answer::Free => renew_response::Answer::Release(v1::Release {}),
        Answer::Refused(refusal) => renew_response::Answer::Refusal(v1::LeaseRefusal {
            sentence: refusal.to_string(),
            recovery: match refusal {
                Refusal::Fencing(recovery) => Some(recovery.to_string()),
                Refusal::Unknown | Refusal::Late | Refusal::Deposed => None,
            },
        }),
    }
}
