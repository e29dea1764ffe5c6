//! `TokenService`: who may call.

use std::collections::BTreeSet;
use std::time::Duration;

use lictor_domain::{Scope, Token};
use lictor_wire::v1::token_service_server::TokenService;
use lictor_wire::{WireError, v1};
use secrecy::ExposeSecret;
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::{actor, allow_all, identity, parse, reason};
use crate::access::Identity;
use crate::access::tokens::{self, Wish};
use crate::app::Shared;
use crate::clock;

/// Clusters that one token may be limited to.
const CLUSTERS_MAX: usize = 1000;

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
impl TokenService for Api {
    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        allow_all(&request)?;
        let actor = actor(&request)?;
        let request = request.into_inner();
        let expires_in = request.expires_in_secs.map(lasting).transpose()?;
        let wish = Wish {
            name: parse(&request.name, "name")?,
            role: request.role().try_into().map_err(problem::invalid)?,
            scope: scope(&request.clusters)?,
            expires_at: expires_in.map(|it| clock::now().wall + it),
            actor,
            reason: reason(&request.reason)?,
        };
        let created = tokens::create(&self.app, wish).await;
        let (token, secret) = created.map_err(Problem::from)?;
        Ok(Response::new(v1::CreateTokenResponse {
            token: Some((&token).into()),
            secret: secret.expose_secret().to_owned(),
        }))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        allow_all(&request)?;
        let tokens = tokens::list(&self.app).await.map_err(Problem::from)?;
        Ok(Response::new(v1::ListTokensResponse {
            tokens: tokens.iter().map(Into::into).collect(),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        allow_all(&request)?;
        let actor = actor(&request)?;
        let request = request.into_inner();
        let id = parse(&request.id, "id")?;
        let reason = reason(&request.reason)?;
        let revoked = tokens::revoke(&self.app, &id, actor, reason).await;
        let revoked = revoked.map_err(Problem::from)?;
        Ok(Response::new(v1::RevokeTokenResponse {
            token: Some((&revoked.token).into()),
            unheard: revoked.unheard,
        }))
    }

    async fn get_caller(
        &self,
        request: Request<v1::GetCallerRequest>,
    ) -> Result<Response<v1::GetCallerResponse>, Status> {
        let token = match identity(&request)? {
            Identity::Holder(token) => Some(token.as_ref().into()),
            Identity::Member => None,
        };
        Ok(Response::new(v1::GetCallerResponse { token }))
    }
}

fn lasting(secs: u64) -> Result<Duration, Status> {
    if !(1..=Token::LONGEST_LIFE.as_secs()).contains(&secs) {
        let why = "it must be from one second to ten years";
        return Err(problem::invalid(WireError::invalid("expires_in_secs", why)));
    }
    Ok(Duration::from_secs(secs))
}

fn scope(clusters: &[String]) -> Result<Scope, Status> {
    if clusters.len() > CLUSTERS_MAX {
        let why = format!("there must be at most {CLUSTERS_MAX}");
        return Err(problem::invalid(WireError::invalid("clusters", why)));
    }
    let named = clusters.iter().map(|name| parse(name, "clusters"));
    Ok(Scope::of(named.collect::<Result<BTreeSet<_>, _>>()?))
}
