//! The other instances of the control plane: who they are, and how they are asked.
//!
//! Who is a member Consul says; while it is away it is whoever was one before. Every
//! question has a deadline, and one that does not answer is told as such: what it
//! would have said is not known.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use http::HeaderValue;
use lictor_wire::v1::member_service_client::MemberServiceClient;
use secrecy::ExposeSecret;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::membership::{self, Member};

/// In this header an instance shows that it belongs to the control plane.
pub(crate) const PROOF: &str = "lictor-member";
/// Another instance takes a connection within this.
pub(crate) const CONNECT: Duration = Duration::from_secs(1);
/// It is asked this often whether it lives, and says so within the other.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(1);
pub(crate) const PING_PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer at most: ten thousands of subscribers.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// A connection on which every call shows that this instance is a member.
pub(crate) type Connection = InterceptedService<Channel, Belongs>;
/// One that can be asked.
pub(crate) type Client = MemberServiceClient<Connection>;

/// Shows other instances that this one belongs to them.
#[derive(Clone)]
pub(crate) struct Belongs(MetadataValue<Ascii>);

impl Interceptor for Belongs {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(PROOF, self.0.clone());
        Ok(request)
    }
}

/// The members as Consul last had them.
#[derive(Debug, Default)]
pub(crate) struct Members(Mutex<Vec<Member>>);

impl Members {
    /// Every member that is known, without asking anybody.
    pub(crate) fn registered(&self) -> Vec<Member> {
        let registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registered.clone()
    }

    fn learn(&self, members: &[Member]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = members.to_vec();
    }
}

/// Every member as Consul knows them; where it cannot be asked those that it knew,
/// and why.
pub(crate) async fn look(app: &App) -> (Vec<Member>, Option<String>) {
    match membership::members(app).await {
        Ok(members) => {
            app.members.learn(&members);
            (members, None)
        }
        Err(error) => {
            let why = format!("these members were registered when Consul was last heard: {error}");
            (app.members.registered(), Some(why))
        }
    }
}

/// Asks each of them but this instance the same at once; what each answered within
/// this time, or why nothing came.
pub(crate) async fn ask<T, F>(
    app: &App,
    members: Vec<Member>,
    within: Duration,
    question: impl Fn(Client) -> F,
) -> Vec<(Member, Result<T, String>)>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let question = &question;
    let others = members.into_iter().filter(|it| it.instance != app.instance);
    let asked = others.map(|member| async move {
        let answer = async {
            let client = client(app, &member.url).await;
            let client = client.map_err(|error| error.to_string())?;
            let answer = question(client).await;
            answer
                .map(Response::into_inner)
                .map_err(|status| status.message().to_owned())
        };
        let answer = tokio::time::timeout(within, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {within:?}")));
        (member, answer)
    });
    join_all(asked).await
}

/// The instance that serves at this URL, to be asked.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn client(app: &App, url: &str) -> Result<Client, Box<dyn Error + Send + Sync>> {
    let client = MemberServiceClient::new(connect(app, url).await?);
    Ok(client.max_decoding_message_size(ANSWER_MAX))
}

/// What shows other instances that this one belongs to them.
pub(crate) fn proof(app: &App) -> HeaderValue {
    let text = app.access.keys.member().expose_secret();
    // Hexadecimal digits are always a header.
    let mut proof = HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    proof.set_sensitive(true);
    proof
}

/// A connection to the instance that serves at this URL; over TLS, where this one
/// has a certificate, and then by no other way.
///
/// # Errors
/// When it cannot be reached, or the URL is none.
pub(crate) async fn connect(
    app: &App,
    url: &str,
) -> Result<Connection, Box<dyn Error + Send + Sync>> {
    let certificates = app.certificates.as_ref();
    let tls = certificates.map(|certificates| certificates.calling_files().clone());
    let endpoint = lictor_wire::endpoint(url, &tls.unwrap_or_default())?;
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    let belongs = Belongs(MetadataValue::try_from(proof(app).as_bytes())?);
    Ok(InterceptedService::new(endpoint.connect().await?, belongs))
}
