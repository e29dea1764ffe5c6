//! Asks for leases, for as long as the process lives: one server at a time, and
//! the next one when that does not answer or does not lead.

use std::sync::Arc;
use std::time::Duration;

use lictor_tls::ClientTls;
use lictor_wire::v1::agent_service_client::AgentServiceClient;
use lictor_wire::v1::renew_response::Answer as Told;
use lictor_wire::{Bearer, EndpointError, TokenError, TokenSource, micros, v1};
use thiserror::Error;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::clock;
use crate::lease::{Answer, Renewal};
use crate::watch::Watch;

/// A server has answered within this, or counts as away.
const DEADLINE: Duration = Duration::from_secs(1);
/// An idle connection asks the kernel of the other side whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Between two rounds of servers of which none has answered, and between two looks
/// whether a mysqld runs.
const PAUSE: Duration = Duration::from_millis(200);
/// Whatever a server says, the next renewal comes neither sooner nor later.
const SOONEST: Duration = Duration::from_millis(100);
const LATEST: Duration = Duration::from_secs(1);

/// Where lictord is, whom to trust there, and what to show.
#[derive(Clone, Debug)]
pub(crate) struct Lictords {
    pub(crate) urls: Vec<String>,
    pub(crate) tls: ClientTls,
    pub(crate) token: Option<TokenSource>,
}

/// Why lictord cannot be asked.
#[derive(Debug, Error)]
enum Unusable {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

type Client = AgentServiceClient<InterceptedService<Channel, Bearer>>;

impl Lictords {
    /// Whether each can be used.
    pub(crate) fn check(&self) -> Result<(), EndpointError> {
        self.urls.iter().try_for_each(|url| self.at(url).map(drop))
    }

    /// Whether there is a token to show. A server starts without one, too: it is
    /// bound to no lease then.
    pub(crate) fn check_token(&self) -> Result<(), TokenError> {
        Bearer::of(self.token.as_ref()).map(drop)
    }

    /// Certificates and tokens are renewed while an agent lives: their files are read
    /// as they are now.
    fn client(&self, url: &str) -> Result<Client, Unusable> {
        let bearer = Bearer::of(self.token.as_ref())?;
        let channel = self.at(url)?.connect_lazy();
        Ok(AgentServiceClient::with_interceptor(channel, bearer))
    }

    fn at(&self, url: &str) -> Result<Endpoint, EndpointError> {
        let endpoint = lictor_wire::endpoint(url, &self.tls)?;
        Ok(endpoint
            .connect_timeout(DEADLINE)
            .timeout(DEADLINE)
            .tcp_keepalive(Some(KEEPALIVE)))
    }
}

/// The servers, and the one that answered last.
struct Servers {
    lictords: Lictords,
    at: usize,
    client: Option<Client>,
}

/// What a server said.
struct Word {
    answer: Answer,
    renew_after: Duration,
    sentence: String,
}

/// Keeps the lease of whatever server runs.
pub(crate) async fn for_leases(watch: Arc<Watch>, lictords: Lictords) {
    let mut servers = Servers {
        lictords,
        at: 0,
        client: None,
    };
    let mut said = String::new();
    let mut failed = 0;
    loop {
        let Some((instance, renewal)) = watch.renewal(clock::now()) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let request = v1::RenewRequest {
            instance: instance.to_string(),
            number: renewal.number,
            holds_us: renewal.holds.map(micros),
        };
        let (sentence, pause) = match servers.ask(request).await {
            Ok(word) => {
                failed = 0;
                watch.take(instance, &renewal, word.answer);
                (
                    word.sentence,
                    pause_after(&renewal, word.answer, word.renew_after),
                )
            }
            Err(why) => {
                failed += 1;
                let sentence = format!("no lease from {}: {why}", servers.name());
                let all = servers.next();
                (sentence, if all { PAUSE } else { Duration::ZERO })
            }
        };
        // With every server away, each says the same again and again.
        if sentence != said && failed <= servers.lictords.urls.len() {
            tracing::info!(%instance, "{sentence}");
            said = sentence;
        }
        tokio::time::sleep(pause).await;
    }
}

/// The leader counts on an agent from the renewal that says that it is bound: that
/// comes at once.
fn pause_after(renewal: &Renewal, answer: Answer, told: Duration) -> Duration {
    match (renewal.holds, answer) {
        (None, Answer::Bound(_)) => Duration::ZERO,
        _ => told.clamp(SOONEST, LATEST),
    }
}

impl Servers {
    fn name(&self) -> String {
        self.lictords.urls[self.at].clone()
    }

    /// Turns to the next server; whether that was the last one.
    fn next(&mut self) -> bool {
        self.client = None;
        self.at = (self.at + 1) % self.lictords.urls.len();
        self.at == 0
    }

    async fn ask(&mut self, request: v1::RenewRequest) -> Result<Word, String> {
        let client = match &mut self.client {
            Some(client) => client,
            none => {
                let made = self.lictords.client(&self.lictords.urls[self.at]);
                none.insert(made.map_err(|error| error.to_string())?)
            }
        };
        let answered = tokio::time::timeout(DEADLINE, client.renew(request)).await;
        let answered = answered.map_err(|_| format!("no answer within {DEADLINE:?}"))?;
        let answer = answered.map_err(|status| explain(&status))?;
        word(answer.into_inner())
    }
}

/// Why there was no answer, and what to do about it.
fn explain(status: &Status) -> String {
    let remedy = match status.code() {
        Code::Unauthenticated => "; --token-file, LICTOR_TOKEN_FILE or LICTOR_TOKEN gives a token",
        Code::PermissionDenied => "; the token has to be of the role agent, and for the cluster",
        _ => "",
    };
    format!("{}{remedy}", status.message())
}

fn word(response: v1::RenewResponse) -> Result<Word, String> {
    let node = &response.node;
    let told = response
        .answer
        .ok_or("the answer is none that this agent knows")?;
    let (answer, sentence) = match told {
        Told::Lease(lease) => (
            Answer::Bound(Duration::from_micros(lease.duration_us)),
            format!(
                "{node} may live for {} ms at a time",
                lease.duration_us / 1000
            ),
        ),
        Told::Release(_) => (Answer::Free, format!("{node} needs no lease")),
        Told::Refusal(refusal) => (
            Answer::Refused,
            format!("no lease for this server: {}", refusal.sentence),
        ),
    };
    Ok(Word {
        answer,
        renew_after: Duration::from_micros(response.renew_after_us),
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(answer: Option<Told>) -> v1::RenewResponse {
        v1::RenewResponse {
            node: "orders-1".to_owned(),
            renew_after_us: 500_000,
            answer,
        }
    }

    #[test]
    fn an_answer_that_nobody_knows_grants_nothing() {
        assert!(word(response(None)).is_err());
        let lease = v1::Lease {
            duration_us: 6_000_000,
        };
        let known = word(response(Some(Told::Lease(lease)))).unwrap();
        assert_eq!(known.answer, Answer::Bound(Duration::from_secs(6)));
        assert_eq!(known.renew_after, Duration::from_millis(500));
    }

    #[test]
    fn an_agent_that_was_just_bound_says_so_at_once() {
        let renewal = |holds| Renewal {
            number: 1,
            holds,
            asked: clock::now(),
        };
        let bound = Answer::Bound(Duration::from_secs(6));
        let told = Duration::from_millis(500);
        assert_eq!(pause_after(&renewal(None), bound, told), Duration::ZERO);
        assert_eq!(pause_after(&renewal(Some(told)), bound, told), told);
        assert_eq!(
            pause_after(&renewal(None), Answer::Free, Duration::ZERO),
            SOONEST
        );
        let never = Duration::from_hours(1);
        assert_eq!(pause_after(&renewal(None), Answer::Refused, never), LATEST);
    }

    #[test]
    fn who_is_turned_away_is_told_which_token_it_takes() {
        let said = explain(&Status::unauthenticated("no token was shown"));
        assert!(
            said.starts_with("no token was shown; --token-file"),
            "{said}"
        );
        let said = explain(&Status::permission_denied("a viewer renews no lease"));
        assert!(said.contains("role agent"), "{said}");
        assert_eq!(explain(&Status::unavailable("away")), "away");
    }

    #[test]
    fn every_server_is_asked_in_turn() {
        let mut servers = Servers {
            lictords: Lictords {
                urls: ["http://a:1", "http://b:1"].map(ToOwned::to_owned).into(),
                tls: ClientTls::default(),
                token: None,
            },
            at: 0,
            client: None,
        };
        assert!(!servers.next());
        assert_eq!(servers.name(), "http://b:1");
        assert!(servers.next());
        assert_eq!(servers.name(), "http://a:1");
    }
}
