//! `MemberService`: what this instance tells the others of itself, and what it tells
//! of them when it is asked how the control plane stands.

use std::time::Duration;

use lictor_domain::Actor;
use lictor_domain::access::Outcome;
use lictor_store::AuditEntry;
use lictor_wire::v1::member_service_server::MemberService;
use lictor_wire::{micros, v1};
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::super::readiness;
use super::parse;
use super::routing::subscribers_here;
use crate::app::{App, Shared};
use crate::membership::Member;
use crate::relay::RelayView;
use crate::witness;
use crate::{access, clock, members};

/// The others answer within this.
const WITHIN: Duration = Duration::from_secs(1);

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
impl MemberService for Api {
    async fn get_member(
        &self,
        _: Request<v1::GetMemberRequest>,
    ) -> Result<Response<v1::GetMemberResponse>, Status> {
        let member = Some(itself(&self.app));
        Ok(Response::new(v1::GetMemberResponse { member }))
    }

    async fn list_member_subscribers(
        &self,
        _: Request<v1::ListMemberSubscribersRequest>,
    ) -> Result<Response<v1::ListMemberSubscribersResponse>, Status> {
        let subscribers = subscribers_here(&self.app);
        let response = v1::ListMemberSubscribersResponse { subscribers };
        Ok(Response::new(response))
    }

    async fn witness(
        &self,
        request: Request<v1::WitnessRequest>,
    ) -> Result<Response<v1::WitnessResponse>, Status> {
        let request = request.get_ref();
        let cluster = parse(&request.cluster, "cluster")?;
        let node = parse(&request.node, "node")?;
        Ok(Response::new(
            witness::testify(&self.app, &cluster, &node).await,
        ))
    }

    async fn read_tokens(
        &self,
        _: Request<v1::ReadTokensRequest>,
    ) -> Result<Response<v1::ReadTokensResponse>, Status> {
        let app = &self.app;
        let read = app.access.keyring.read(&app.store, clock::now().wall).await;
        read.map_err(Problem::from)?;
        Ok(Response::new(v1::ReadTokensResponse {}))
    }

    async fn note_denial(
        &self,
        request: Request<v1::NoteDenialRequest>,
    ) -> Result<Response<v1::NoteDenialResponse>, Status> {
        self.app
            .standing
            .lead()
            .map_err(|error| problem::not_leading(error.leader))?;
        let denial = request.into_inner();
        let from = denial.from.as_deref();
        let from = from.map(|text| parse(text, "from")).transpose()?;
        let entry = AuditEntry {
            actor: Actor {
                name: denial.actor,
                token: denial.token,
                from,
            },
            action: denial.action,
            target: denial.target,
            reason: None,
            result: denial.sentence,
            outcome: Outcome::Denied,
        };
        access::write_denial(&self.app, entry).await;
        Ok(Response::new(v1::NoteDenialResponse {}))
    }
}

/// This instance.
fn itself(app: &App) -> v1::Member {
    let standing = app.standing.view();
    let missing = readiness::of(app);
    let sentence = match (&missing[..], standing.leader) {
        ([], true) => "it leads, and is fit to serve".to_owned(),
        ([], false) => app.relayed().sentence(),
        (missing, _) => missing.join("; "),
    };
    let url = &app.settings.advertise;
    let address = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    v1::Member {
        instance: app.instance.clone(),
        address: address.trim_end_matches('/').to_owned(),
        leader: standing.leader,
        ready: Some(missing.is_empty()),
        sentence,
        answers: true,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        term: Some(standing.term.0),
        uptime_secs: Some(app.started.elapsed().as_secs()),
        subscribers: Some(app.hub.served()),
        relay: (!standing.leader).then(|| relay(app.relayed())),
    }
}

fn relay(view: RelayView) -> v1::RelayState {
    v1::RelayState {
        current: view.is_current(),
        behind: view.behind(),
        leader: view.leader,
        held: view.held.map(Into::into),
        head: view.newest.map(Into::into),
        heard_us: view.heard.map(micros),
    }
}

/// Every member, each asked itself, in order of name; and why some may be missing.
pub(super) async fn every(app: &App) -> (Vec<v1::Member>, Option<String>) {
    let (registered, why) = members::look(app).await;
    let question = |mut client: members::Client| async move {
        client.get_member(v1::GetMemberRequest {}).await
    };
    let answers = members::ask(app, registered, WITHIN, question).await;
    let others = answers.into_iter().map(|(member, answer)| match answer {
        Ok(v1::GetMemberResponse {
            member: Some(member),
        }) => member,
        Ok(v1::GetMemberResponse { member: None }) => unheard(member, "it says nothing"),
        Err(error) => unheard(member, &error),
    });
    let mut every: Vec<_> = others.chain([itself(app)]).collect();
    every.sort_by(|one, other| one.instance.cmp(&other.instance));
    (every, why)
}

/// One that does not answer, as Consul knows it.
fn unheard(member: Member, why: &str) -> v1::Member {
    v1::Member {
        instance: member.instance,
        address: member.address,
        leader: member.leader,
        ready: member.ready,
        sentence: format!(
            "it does not answer ({why}); by its check in Consul: {}",
            member.sentence
        ),
        ..v1::Member::default()
    }
}

/// Who is subscribed at the others, and whose subscribers nobody knows.
pub(super) async fn subscribers_elsewhere(app: &App) -> (Vec<v1::Subscriber>, Vec<String>) {
    let (registered, why) = members::look(app).await;
    let question = |mut client: members::Client| async move {
        let request = v1::ListMemberSubscribersRequest {};
        client.list_member_subscribers(request).await
    };
    let (mut subscribers, mut unheard) = (vec![], Vec::from_iter(why));
    for (member, answer) in members::ask(app, registered, WITHIN, question).await {
        match answer {
            Ok(answer) => subscribers.extend(answer.subscribers),
            Err(error) => unheard.push(format!(
                "who is subscribed at {} is not known: {error}",
                member.instance
            )),
        }
    }
    (subscribers, unheard)
}
