//! Lets a node back; where an operator wants it, after its errant transactions
//! were committed on the primary as empty ones.

use std::time::Duration;

use lictor_domain::GtidSet;
use lictor_domain::access::Outcome;
use lictor_engine::message::Event;
use lictor_engine::readmission::{self, Obstacle, Way};
use lictor_engine::timing::Timing;

use super::{Deed, NodeError, Place, Refused, audit};
use crate::app::Shared;
use crate::clock;

/// Committing the empty transactions, each with its acknowledgements.
const INJECT: Duration = Duration::from_secs(30);

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// Let it back as it is.
    AsItIs,
    /// Make its errant transactions empty ones of the primary: exactly those that
    /// the operator was shown, where it is more than a look.
    InjectEmpty(Option<GtidSet>),
}

/// What was done, or would be.
#[derive(Clone, Debug)]
pub(crate) struct Rejoined {
    /// As a sentence.
    pub(crate) sentence: String,
    /// The empty transactions.
    pub(crate) injected: GtidSet,
}

/// Lets the node back, or says what stands in the way.
pub(crate) async fn rejoin_node(
    app: &Shared,
    deed: &Deed,
    wish: Wish,
    dry_run: bool,
) -> Result<Rejoined, NodeError> {
    let done = rejoin(app, deed, wish, dry_run).await;
    if !dry_run {
        let (outcome, result) = match &done {
            Ok(rejoined) => (Outcome::Done, rejoined.sentence.clone()),
            Err(error) => (Outcome::Refused, format!("not let back: {error}")),
        };
        audit(app, deed, outcome, result).await;
    }
    done
}

async fn rejoin(
    app: &Shared,
    deed: &Deed,
    wish: Wish,
    dry_run: bool,
) -> Result<Rejoined, NodeError> {
    let place = Place::find(app, &deed.node)?;
    match wish {
        Wish::AsItIs => as_it_is(&place, deed, dry_run).await,
        Wish::InjectEmpty(shown) => inject(&place, deed, shown, dry_run).await,
    }
}

async fn as_it_is(place: &Place, deed: &Deed, dry_run: bool) -> Result<Rejoined, NodeError> {
    let view = &place.snapshot.view;
    let timing = Timing::of(view.cluster.policy.profile);
    let way = readmission::way_back(view, &deed.node, &timing, clock::mono())
        .map_err(|obstacle| refused(&obstacle))?;
    let (node, primary) = (&deed.node, &view.cluster.primary);
    let sentence = match way {
        Way::TakesPart => format!("{node} takes part already"),
        Way::Follow => format!("nothing stands in the way: {node} is made to follow {primary}"),
    };
    if way == Way::Follow && !dry_run {
        readmit(place, deed).await?;
    }
    Ok(Rejoined {
        sentence,
        injected: GtidSet::default(),
    })
}

async fn inject(
    place: &Place,
    deed: &Deed,
    shown: Option<GtidSet>,
    dry_run: bool,
) -> Result<Rejoined, NodeError> {
    let view = &place.snapshot.view;
    let timing = Timing::of(view.cluster.policy.profile);
    let errant = readmission::injection(view, &deed.node, &timing, clock::mono())
        .map_err(|obstacle| refused(&obstacle))?;
    let (node, primary) = (&deed.node, &view.cluster.primary);
    let (count, summary) = (errant.count(), errant.summary(12));
    if dry_run {
        let sentence = format!(
            "{count} empty transactions would be committed on {primary}: {summary}; what they \
             changed on {node} stays on {node} and nowhere else"
        );
        let injected = errant;
        return Ok(Rejoined { sentence, injected });
    }
    if shown.as_ref() != Some(&errant) {
        let changed = Refused {
            code: "ErrantChanged",
            sentence: format!("{node} holds other errant transactions than were shown: {summary}"),
            remedy: "look at them again".to_owned(),
        };
        return Err(NodeError::Refused(vec![changed]));
    }
    let held = place
        .hand(primary)?
        .with(INJECT, |session, left| {
            let errant = errant.clone();
            Box::pin(async move {
                session.commit_empty(&errant, left).await?;
                Ok(session.probe(left).await?.executed)
            })
        })
        .await?;
    if !errant.is_subset_of(&held) {
        let missing = errant.subtract(&held);
        return Err(NodeError::Failed(format!(
            "{primary} did not commit {}",
            missing.summary(12)
        )));
    }
    readmit(place, deed).await?;
    Ok(Rejoined {
        sentence: format!(
            "{count} empty transactions were committed on {primary}: {summary}; what they changed \
             on {node} stays there; {node} is made to follow {primary}"
        ),
        injected: errant,
    })
}

async fn readmit(place: &Place, deed: &Deed) -> Result<(), NodeError> {
    let node = deed.node.clone();
    place.tell(Event::Readmitted { node }).await
}

fn refused(obstacle: &Obstacle) -> NodeError {
    NodeError::Refused(vec![Refused {
        code: obstacle.code(),
        sentence: obstacle.to_string(),
        remedy: obstacle.remedy(),
    }])
}
