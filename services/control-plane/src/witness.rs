//! Whether another instance reaches a node: asked by the leader when it doubts a
//! primary, answered by the others.
//!
//! Who answers logs in, as the leader does: a bare handshake would count against its
//! host at the server. Nobody waits for an answer.

use std::time::Duration;

use lictor_domain::{ClusterName, NodeAddress, NodeName};
use lictor_engine::message::Event;
use lictor_engine::witness::Word;
use lictor_mysql::{MysqlError, Session, Target};
use lictor_wire::v1;

use crate::app::App;
use crate::clock;
use crate::hands::Hands;
use crate::members;

/// How long a node is waited for. The leader waits longer for the answer.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long an answer is waited for.
const WITHIN: Duration = Duration::from_millis(400);

/// Asks every other instance whether it reaches the node.
pub(crate) fn ask(hands: &Hands, cluster: &ClusterName, node: &NodeName) {
    for member in hands.app.members.registered() {
        let (app, events) = (hands.app.clone(), hands.events.clone());
        let (cluster, node) = (cluster.to_string(), node.clone());
        hands.tasks.spawn(async move {
            let asked = clock::mono();
            let request = v1::WitnessRequest {
                cluster,
                node: node.to_string(),
            };
            let question = |mut client: members::Client| {
                let request = request.clone();
                async move { client.witness(request).await }
            };
            for (member, answer) in members::ask(&app, vec![member], WITHIN, question).await {
                let Some(word) = answer.ok().and_then(heard) else {
                    continue;
                };
                let event = Event::Witnessed {
                    member: member.instance,
                    node: node.clone(),
                    asked,
                    word,
                };
                // A keeper that is gone needs no answer.
                let _ = events.send(event).await;
            }
        });
    }
}

/// What an answer says; nothing where the instance does not know the node.
fn heard(answer: v1::WitnessResponse) -> Option<Word> {
    match answer.reach() {
        v1::Reach::Unspecified => None,
        v1::Reach::Answers => Some(Word::Answers),
        v1::Reach::Refused | v1::Reach::Silent => Some(Word::Misses {
            reason: answer.sentence,
        }),
    }
}

/// Whether the node is reached from here.
pub(crate) async fn testify(
    app: &App,
    cluster: &ClusterName,
    node: &NodeName,
) -> v1::WitnessResponse {
    let Some(address) = address_of(app, cluster, node) else {
        return v1::WitnessResponse {
            reach: v1::Reach::Unspecified.into(),
            sentence: format!("nobody here knows where {node} listens"),
        };
    };
    let target = Target {
        address,
        account: app.settings.mysql.control_account(cluster),
        term: app.standing.view().term,
    };
    let opened = Session::open(&target, PATIENCE).await;
    let (reach, sentence) = word(opened.map(drop).err());
    v1::WitnessResponse {
        reach: reach.into(),
        sentence,
    }
}

fn address_of(app: &App, cluster: &ClusterName, node: &NodeName) -> Option<NodeAddress> {
    let table = app.hub.table()?;
    let route = table.clusters.get(cluster)?;
    let readers = route.readers.iter().map(|reader| &reader.endpoint);
    let mut endpoints = route.writer().into_iter().chain(readers);
    let endpoint = endpoints.find(|endpoint| endpoint.node == *node)?;
    Some(endpoint.address.clone())
}

/// One that turns us away lives.
fn word(error: Option<MysqlError>) -> (v1::Reach, String) {
    match error {
        None => (v1::Reach::Answers, "it answers".to_owned()),
        Some(
            error @ (MysqlError::Denied { .. }
            | MysqlError::Unsupported { .. }
            | MysqlError::Server { .. }),
        ) => (v1::Reach::Answers, format!("it answers: {error}")),
        Some(error @ MysqlError::Refused) => (v1::Reach::Refused, error.to_string()),
        Some(error) => (v1::Reach::Silent, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_that_says_something_lives() {
        let denied = MysqlError::Denied {
            reason: "no such account".to_owned(),
        };
        let silent = MysqlError::TimedOut {
            what: "log in",
            after: PATIENCE,
        };
        assert_eq!(word(None).0, v1::Reach::Answers);
        assert_eq!(word(Some(denied)).0, v1::Reach::Answers);
        assert_eq!(word(Some(MysqlError::Refused)).0, v1::Reach::Refused);
        assert_eq!(word(Some(silent)).0, v1::Reach::Silent);
    }
}
