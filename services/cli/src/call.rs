//! Calls to the control plane, each with a deadline, and what went wrong in
//! words.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lictor_tls::{ClientTls, Identity};
use lictor_wire::{Bearer, TOKEN_VARIABLE, TokenSource, objections};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::args::Server;
use crate::view::finding;

/// An answer from memory or a store.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// An answer that needs a look at every node of a cluster.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);

const CONNECT: Duration = Duration::from_secs(3);
const KEEPALIVE: Duration = Duration::from_secs(2);

/// Says who runs this program: `LICTOR_ACTOR`, or else `USER`.
const ACTOR: &str = "LICTOR_ACTOR";
/// The control plane takes no longer ones.
const LONGEST_ACTOR: usize = 128;

/// A connection on which every call is in the name of who runs this program, and
/// shows a token.
pub(crate) type Connection = InterceptedService<Channel, Caller>;

/// Who runs this program, and what lets it in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    me: Me,
    bearer: Bearer,
}

impl Interceptor for Caller {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        self.bearer.call(self.me.call(request)?)
    }
}

/// Who runs this program, for the history; nobody when that is not known.
#[derive(Clone, Debug)]
struct Me(Option<MetadataValue<Ascii>>);

impl Me {
    fn new(said: Option<&str>, user: Option<&str>) -> anyhow::Result<Self> {
        let Some(said) = said.filter(|said| !said.trim().is_empty()) else {
            return Ok(Self(user.and_then(name)));
        };
        let me = name(said).with_context(|| {
            format!("{ACTOR} must be 1 to {LONGEST_ACTOR} visible ASCII characters: {said:?}")
        })?;
        Ok(Self(Some(me)))
    }

    fn of_environment() -> anyhow::Result<Self> {
        let read = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self::new(read(ACTOR).as_deref(), read("USER").as_deref())
    }
}

/// A name as the control plane takes it.
fn name(text: &str) -> Option<MetadataValue<Ascii>> {
    let text = text.trim();
    let fits = text.is_ascii() && (1..=LONGEST_ACTOR).contains(&text.len());
    text.parse().ok().filter(|_| fits)
}

impl Interceptor for Me {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(me) = self.0.clone() {
            request.metadata_mut().insert("lictor-actor", me);
        }
        Ok(request)
    }
}

/// A connection to the instance at this URL.
pub(crate) async fn connect(server: &Server) -> anyhow::Result<Connection> {
    let me = Me::of_environment()?;
    let bearer = server.bearer()?;
    let url = &server.url;
    let endpoint = lictor_wire::endpoint(url, &server.tls()?).context("--server")?;
    let channel = endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(CONNECT)
        .keep_alive_while_idle(true)
        .connect()
        .await
        .map_err(|error| {
            anyhow!(
                "cannot reach the control plane at {url}: {}",
                with_remedy(
                    &root_of(&error),
                    "Is lictord running there? --server or LICTOR_SERVER says where to ask."
                )
            )
        })?;
    Ok(InterceptedService::new(channel, Caller { me, bearer }))
}

impl Server {
    /// The token to show, if there is one.
    fn bearer(&self) -> anyhow::Result<Bearer> {
        let source = TokenSource::or_variable(self.token_file.clone());
        let place = match &source {
            Some(TokenSource::File(_)) => "--token-file",
            _ => TOKEN_VARIABLE,
        };
        Bearer::of(source.as_ref()).context(place)
    }

    fn tls(&self) -> anyhow::Result<ClientTls> {
        let identity = match (self.cert_file.clone(), self.key_file.clone()) {
            (Some(cert_file), Some(key_file)) => Some(Identity {
                cert_file,
                key_file,
            }),
            (None, None) => None,
            _ => bail!("--cert-file and --key-file go together: one of them is missing"),
        };
        Ok(ClientTls {
            ca_file: self.ca_file.clone(),
            identity,
        })
    }
}

/// Why there is no connection, and what to do about it; if that is not known, what
/// else there is to say.
fn with_remedy(why: &str, otherwise: &str) -> String {
    let remedy = if why.contains("UnknownIssuer") {
        "Its certificate is of an authority that is not trusted here: --ca-file or \
         LICTOR_CA_FILE names the one to trust."
    } else if why.contains("not valid for name") || why.contains("NotValidForName") {
        "Its certificate is for another name: --server has to be a name that is in it."
    } else if why.contains("InvalidContentType") {
        "It does not speak TLS there: is it http?"
    } else if why.contains("CertificateRequired") {
        "It asks for a certificate: --cert-file and --key-file name one that it trusts."
    } else {
        otherwise
    };
    format!("{why}. {remedy}")
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
            .chain(objections.into_iter().map(|it| finding(&it.into())))
            .collect::<Vec<_>>()
            .join("\n");
    }
    match status.code() {
        Code::NotFound
        | Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::AlreadyExists
        | Code::Aborted
        | Code::ResourceExhausted => status.message().to_owned(),
        Code::Unauthenticated => format!(
            "{}. --token-file or LICTOR_TOKEN_FILE names a file with a token, or {TOKEN_VARIABLE} \
             is one; an admin makes them: `lictor token create`.",
            sentence(status)
        ),
        Code::PermissionDenied => format!(
            "{}. `lictor token whoami` shows what your token is for.",
            sentence(status)
        ),
        _ if status.source().is_some() => {
            let otherwise = "Is there a lictord, and does it answer?";
            format!(
                "the call broke off: {}",
                with_remedy(&cause(status), otherwise)
            )
        }
        Code::Unavailable => format!("the control plane is not available: {}", status.message()),
        Code::Unimplemented => {
            "this control plane does not know the request; is it an older version?".to_owned()
        }
        code => format!("the control plane failed ({code:?}): {}", status.message()),
    }
}

/// What the server said, for a sentence to follow it.
fn sentence(status: &Status) -> &str {
    status.message().trim_end_matches('.')
}

/// Why a call or a stream broke off, or what the server said.
pub(crate) fn cause(status: &Status) -> String {
    match status.source() {
        Some(source) => root_of(source),
        None => status.message().to_owned(),
    }
}

/// What lies at the bottom of an error.
pub(crate) fn root_of(error: &dyn Error) -> String {
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

    #[test]
    fn who_is_turned_away_is_told_what_to_set() {
        let told = explain(&Status::unauthenticated("no token was shown."));
        assert!(
            told.starts_with("no token was shown. --token-file"),
            "{told}"
        );
        assert!(told.contains("LICTOR_TOKEN_FILE"), "{told}");
        let told = explain(&Status::permission_denied("a viewer changes nothing"));
        let expected = "a viewer changes nothing. `lictor token whoami` shows";
        assert!(told.starts_with(expected), "{told}");
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_read_is_named_by_its_option() {
        let mut server = Server::at("http://127.0.0.1:1");
        server.token_file = Some("/absent/token".into());
        let error = connect(&server).await.unwrap_err();
        let said = format!("{error:#}");
        let expected = "--token-file: the token file /absent/token cannot be read: ";
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn a_call_says_who_makes_it() {
        let who = |said, user| {
            let request = Me::new(said, user).unwrap().call(Request::new(())).unwrap();
            let actor = request.metadata().get("lictor-actor");
            actor.map(|actor| actor.to_str().unwrap().to_owned())
        };
        assert_eq!(who(Some("ada"), Some("root")).as_deref(), Some("ada"));
        assert_eq!(who(Some(" "), Some("root")).as_deref(), Some("root"));
        assert_eq!(who(None, Some("jos\u{e9}")), None, "nobody chose it");
        assert_eq!(who(None, None), None);
        for said in ["jos\u{e9}", &"x".repeat(129)] {
            let wrong = Me::new(Some(said), Some("root")).unwrap_err();
            let wrong = wrong.to_string();
            assert!(wrong.starts_with("LICTOR_ACTOR must be 1 to"), "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_unreachable_control_plane_is_named() {
        let connect =
            async |url: &str| format!("{:#}", connect(&Server::at(url)).await.unwrap_err());
        let error = connect("http://127.0.0.1:1").await;
        assert!(
            error.starts_with("cannot reach the control plane at http://127.0.0.1:1: "),
            "{error}"
        );
        let error = connect("127.0.0.1").await;
        assert!(
            error.starts_with("--server: `127.0.0.1` is not a URL"),
            "{error}"
        );
    }
}
