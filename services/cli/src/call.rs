//! Calls to the control plane, each with a deadline, and what went wrong in
//! words.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use anyhow::{Context, anyhow};
use lictor_wire::objections;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

use crate::view::Finding;

/// An answer from memory or a store.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// An answer that needs a look at every node of a cluster.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);

const CONNECT: Duration = Duration::from_secs(3);
const KEEPALIVE: Duration = Duration::from_secs(2);

/// A connection to the instance at this URL.
pub(crate) async fn connect(server: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(server.to_owned())
        .ok()
        .filter(|endpoint| endpoint.uri().scheme_str() == Some("http"))
        .with_context(|| {
            format!("the server `{server}` is not a URL of http, such as http://127.0.0.1:7400")
        })?;
    endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(CONNECT)
        .keep_alive_while_idle(true)
        .connect()
        .await
        .map_err(|error| {
            anyhow!(
                "cannot reach the control plane at {server}: {}. Is lictord running there? \
                 --server or LICTOR_SERVER says where to ask.",
                root_of(&error)
            )
        })
}

/// What a call answers, within a time.
pub(crate) async fn answer<T>(
    within: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> anyhow::Result<T> {
    let answered = answer_or_status(within, call).await?;
    answered.map_err(|status| anyhow!(explain(&status)))
}

/// The same, for a caller that looks at what was refused.
pub(crate) async fn answer_or_status<T>(
    within: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> anyhow::Result<Result<T, Status>> {
    let answered = tokio::time::timeout(within, call).await;
    let answered = answered.map_err(|_| {
        anyhow!(
            "the control plane did not answer within {}",
            humantime::format_duration(within)
        )
    })?;
    Ok(answered.map(Response::into_inner))
}

/// A refusal in words, its objections each with its remedy.
pub(crate) fn explain(status: &Status) -> String {
    let objections = objections(status);
    if !objections.is_empty() {
        let intro = status.message().lines().next().unwrap_or_default();
        return std::iter::once(intro.to_owned())
            .chain(
                objections
                    .into_iter()
                    .map(|found| Finding::from(found).text()),
            )
            .collect::<Vec<_>>()
            .join("\n");
    }
    match status.code() {
        Code::NotFound
        | Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::ResourceExhausted => status.message().to_owned(),
        _ if status.source().is_some() => format!(
            "the call broke off: {}. Is there a lictord, and does it answer?",
            cause(status)
        ),
        Code::Unavailable => format!("the control plane is not available: {}", status.message()),
        Code::Unimplemented => {
            "this control plane does not know the request; is it an older version?".to_owned()
        }
        code => format!("the control plane failed ({code:?}): {}", status.message()),
    }
}

/// Why a call or a stream broke off, or what the server said.
pub(crate) fn cause(status: &Status) -> String {
    match status.source() {
        Some(source) => root_of(source),
        None => status.message().to_owned(),
    }
}

/// What lies at the bottom of an error.
fn root_of(error: &dyn Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

#[cfg(test)]
mod tests {
    use lictor_wire::refusal;
    use lictor_wire::v1;

    use super::*;

    #[test]
    fn objections_are_listed_each_with_its_remedy() {
        let found = |node: Option<&str>, sentence: &str, remedy: &str| v1::Finding {
            code: "Any".to_owned(),
            node: node.map(ToOwned::to_owned),
            sentence: sentence.to_owned(),
            remedy: remedy.to_owned(),
        };
        let status = refusal(
            "orders cannot be added:",
            vec![
                found(
                    Some("127.0.0.2:3306"),
                    "127.0.0.2:3306 has gtid_mode off.",
                    "Set gtid_mode=ON.",
                ),
                found(None, "There is no replica.", ""),
                found(Some("127.0.0.3:3306"), "Nobody answers.", ""),
            ],
        );
        assert_eq!(
            explain(&status),
            "orders cannot be added:\n  \
               - 127.0.0.2:3306 has gtid_mode off.\n    \
                 Remedy: Set gtid_mode=ON.\n  \
               - There is no replica.\n  \
               - 127.0.0.3:3306: Nobody answers."
        );
    }

    #[test]
    fn a_missing_or_taken_thing_is_said_in_the_servers_words() {
        let status = Status::not_found("there is no cluster orders");
        assert_eq!(explain(&status), "there is no cluster orders");
        let status = Status::already_exists("127.0.0.2:3306 belongs to orders");
        assert_eq!(explain(&status), "127.0.0.2:3306 belongs to orders");
    }

    #[tokio::test]
    async fn an_unreachable_control_plane_is_named() {
        let error = connect("http://127.0.0.1:1").await.unwrap_err().to_string();
        assert!(
            error.starts_with("cannot reach the control plane at http://127.0.0.1:1: "),
            "{error}"
        );
        let error = connect("127.0.0.1").await.unwrap_err().to_string();
        assert!(error.contains("is not a URL of http"), "{error}");
    }
}
