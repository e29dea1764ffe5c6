//! `ControlPlaneService`: how the instance asked stands, and what it can find.

use std::sync::atomic::Ordering;

use lictor_domain::ProblemCode;
use lictor_wire::v1::control_plane_service_server::ControlPlaneService;
use lictor_wire::{micros, v1};
use tonic::{Request, Response, Status};

use super::super::readiness;
use super::member;
use crate::app::Shared;
use crate::leadership::{LeaseView, StoreView};

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
impl ControlPlaneService for Api {
    async fn get_status(
        &self,
        _: Request<v1::GetStatusRequest>,
    ) -> Result<Response<v1::GetStatusResponse>, Status> {
        let standing = self.app.standing.view();
        let missing = readiness::of(&self.app);
        let ready = missing.is_empty();
        let (members, why) = member::every(&self.app).await;
        let sentences = std::iter::once(standing.sentence)
            .chain(missing)
            .chain(why)
            .chain(readiness::warnings(&self.app))
            .chain(self.app.spool.sentences())
            .chain(self.app.behind.sentences());
        Ok(Response::new(v1::GetStatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: self.app.instance.clone(),
            leader: standing.leader,
            term: standing.term.0,
            leases: standing.leases.into_iter().map(lease).collect(),
            stores: standing.stores.into_iter().map(store).collect(),
            consul_drift: self.app.repairs.load(Ordering::Relaxed),
            uptime_secs: self.app.started.elapsed().as_secs(),
            ready,
            sentences: sentences.collect(),
            members,
        }))
    }

    async fn list_problem_codes(
        &self,
        _: Request<v1::ListProblemCodesRequest>,
    ) -> Result<Response<v1::ListProblemCodesResponse>, Status> {
        let mut codes = ProblemCode::ALL.to_vec();
        codes.sort_by_key(|code| code.as_str());
        let kinds = codes.into_iter().map(Into::into).collect();
        Ok(Response::new(v1::ListProblemCodesResponse { kinds }))
    }
}

fn lease(lease: LeaseView) -> v1::LeaseView {
    v1::LeaseView {
        store: lease.store.to_owned(),
        holder: lease.holder,
        advertise: lease.advertise,
        term: lease.term.0,
        age_us: lease.age.map(micros),
    }
}

fn store(store: StoreView) -> v1::StoreView {
    v1::StoreView {
        name: store.name.to_owned(),
        reachable: store.reachable,
        sentence: store.sentence,
    }
}
