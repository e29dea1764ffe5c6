//! What `rs-consul` does for us: listing the catalog's nodes.
//!
//! Its client is given our TLS configuration, for its own picks a bundled root
//! list and panics where two providers are linked. Its calls have no
//! deadline over the whole answer, so each gets ours.

use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use rs_consul::{Config, ConsulBuilder, GetNodesRequest};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::client::{Consul, ConsulConfig};
use crate::error::ConsulError;

/// `Node matches "^mysql-"`, encoded here because the library does not.
const OUR_NODES: &str = "Node+matches+%22%5Emysql-%22";

/// The library's client for the same agent.
pub(crate) fn client(config: &ConsulConfig, tls: rustls::ClientConfig) -> rs_consul::Consul {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .build();
    let library = Config {
        address: config.address.as_str().trim_end_matches('/').to_owned(),
        token: config
            .token
            .as_ref()
            .map(|token| token.expose_secret().to_owned()),
        ..Config::default()
    };
    let https = library.hyper_builder.build(connector);
    ConsulBuilder::new(library).with_https_client(https).build()
}

impl Consul {
    /// The names of all catalog nodes that begin with `mysql-`.
    pub(crate) async fn our_node_names(&self, doing: &str) -> Result<Vec<String>, ConsulError> {
        let request = GetNodesRequest {
            filter: Some(OUR_NODES),
            ..GetNodesRequest::default()
        };
        let answer = timeout(self.deadline, self.library.get_nodes(request, None))
            .await
            .map_err(|_| timed_out(doing, self.deadline))?
            .map_err(|error| translate(error, doing))?;
        Ok(answer.response.into_iter().map(|node| node.node).collect())
    }
}

fn timed_out(doing: &str, deadline: Duration) -> ConsulError {
    ConsulError::TimedOut {
        doing: doing.to_owned(),
        deadline,
    }
}

fn translate(error: rs_consul::ConsulError, doing: &str) -> ConsulError {
    match error {
        rs_consul::ConsulError::UnexpectedResponseCode(status, body) => {
            let body = body.unwrap_or_default();
            ConsulError::from_answer(doing, status.as_u16(), body.as_bytes())
        }
        rs_consul::ConsulError::TimeoutExceeded(deadline) => timed_out(doing, deadline),
        rs_consul::ConsulError::ResponseDeserializationFailed(error) => {
            ConsulError::from_answer(doing, 200, error.to_string().as_bytes())
        }
        broken => ConsulError::Unreachable {
            doing: doing.to_owned(),
            source: Box::new(broken),
        },
    }
}
