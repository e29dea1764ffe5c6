//! Who calls: what a service is told beside its message, as over gRPC.

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::request::Parts;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::server::TcpConnectInfo;

use super::super::grpc;
use super::refusal::Refusal;
use crate::access::Identity;

/// The caller of a request.
pub(in crate::api) struct Caller {
    actor: Option<HeaderValue>,
    peer: Option<TcpConnectInfo>,
    identity: Option<Identity>,
}

impl Caller {
    /// The message as a request of this caller's.
    pub(in crate::api) fn asks<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        if let Some(identity) = &self.identity {
            request.extensions_mut().insert(identity.clone());
        }
        if let Some(actor) = &self.actor {
            // What is no ASCII is not a name, and neither is the empty one.
            let actor = MetadataValue::try_from(actor.as_bytes());
            let actor = actor.unwrap_or_else(|_| MetadataValue::from_static(""));
            request.metadata_mut().insert(grpc::ACTOR, actor);
        }
        request
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = Self {
            actor: parts.headers.get(grpc::ACTOR).cloned(),
            peer: parts.extensions.get().cloned(),
            identity: parts.extensions.get().cloned(),
        };
        // Whoever says who it is says it well, also where nobody writes it down.
        grpc::actor(&caller.asks(()))?;
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use lictor_domain::access::Role;

    use super::super::super::tests::whole;
    use super::*;

    async fn caller(actor: Option<&[u8]>) -> Result<Caller, Refusal> {
        let peer = TcpConnectInfo {
            local_addr: None,
            remote_addr: Some("127.0.0.9:5".parse().unwrap()),
        };
        let identity = whole::holder(Role::Viewer);
        let mut request = http::Request::builder().extension(peer).extension(identity);
        if let Some(actor) = actor {
            request = request.header("Lictor-Actor", actor);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Caller::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_service_hears_who_calls_and_from_where() {
        let request = caller(Some(b"ada")).await.unwrap().asks(());
        assert_eq!(request.metadata().get(grpc::ACTOR).unwrap(), "ada");
        assert_eq!(request.remote_addr(), Some("127.0.0.9:5".parse().unwrap()));
        let request = caller(None).await.unwrap().asks(());
        assert!(request.metadata().get(grpc::ACTOR).is_none());
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_refused_and_not_left_out() {
        for name in ["d\u{e9}j\u{e0}", "", " "] {
            assert!(caller(Some(name.as_bytes())).await.is_err(), "{name:?}");
        }
    }
}
