//! What keeps nodes from being one cluster: who is missing, who is there
//! twice, who leads, and whether the others follow.

use std::collections::{BTreeMap, BTreeSet};

use lictor_domain::{NodeAddress, ServerUuid, Survey};

use super::{Objection, objection, others};

/// A node that cannot be looked at could still acknowledge commits.
pub(super) fn unreachable(unreachable: &[(NodeAddress, String)]) -> Vec<Objection> {
    let object = |(address, reason): &(NodeAddress, String)| {
        objection(
            address,
            format!("{address} belongs to the cluster and could not be looked at: {reason}"),
            "start it and let the control account in, or take it out of the cluster for good: \
             on it, STOP REPLICA; RESET REPLICA ALL"
                .to_owned(),
        )
    };
    unreachable.iter().map(object).collect()
}

/// Replicas that a node lists and that are neither surveyed nor known to be
/// unreachable.
pub(super) fn strangers(
    surveys: &[Survey],
    unreachable: &[(NodeAddress, String)],
) -> Vec<Objection> {
    let surveyed: BTreeSet<ServerUuid> = surveys.iter().map(|s| s.report.server_uuid).collect();
    let told = |address: &NodeAddress| unreachable.iter().any(|(told, _)| told == address);
    let mut objections = Vec::new();
    for survey in surveys {
        let at = &survey.address;
        let listed = survey.replicas.iter();
        for stranger in listed.filter(|listed| !surveyed.contains(&listed.server_uuid)) {
            let uuid = stranger.server_uuid;
            let (sentence, remedy) = match &stranger.address {
                Some(address) if told(address) => continue,
                Some(address) => (
                    format!(
                        "{at} lists a replica at {address} with server_uuid {uuid}, which was \
                         not found there"
                    ),
                    format!(
                        "set its report_host and report_port to where it listens, and restart \
                         it; or name it: --seed {address}"
                    ),
                ),
                None => (
                    format!(
                        "{at} lists a replica with server_uuid {uuid} that does not say where \
                         it listens"
                    ),
                    "put report_host and report_port into its option file, and restart it"
                        .to_owned(),
                ),
            };
            objections.push(objection(at, sentence, remedy));
        }
    }
    objections
}

/// Nodes that claim to be the same one.
pub(super) fn doubles(surveys: &[Survey]) -> Vec<Objection> {
    let mut by_uuid: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut by_id: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for survey in surveys {
        by_uuid
            .entry(survey.report.server_uuid)
            .or_default()
            .push(survey);
        by_id
            .entry(survey.report.server_id)
            .or_default()
            .push(survey);
    }
    let same_uuid = by_uuid.iter().filter(|(_, group)| group.len() > 1);
    // The same uuid says it all: one data directory copied, or one server.
    let uuids =
        |group: &[&Survey]| -> BTreeSet<_> { group.iter().map(|s| s.report.server_uuid).collect() };
    let same_id = by_id.iter().filter(|(_, group)| uuids(group).len() > 1);
    let cloned = same_uuid.map(|(uuid, group)| Objection {
        node: None,
        sentence: format!("{} have the same server_uuid {uuid}", list(group)),
        remedy: format!(
            "if a data directory was copied: stop the copy, remove auto.cnf from its data \
             directory, start it; if it is one server under several addresses: start from {}",
            address_in_use(group, surveys)
        ),
    });
    let numbered = same_id.map(|(id, group)| Objection {
        node: None,
        sentence: format!("{} have the same server_id {id}", list(group)),
        remedy: "on all but one, each with a number of its own: SET PERSIST server_id = N"
            .to_owned(),
    });
    cloned.chain(numbered).collect()
}

/// The one among these addresses that the other nodes know.
fn address_in_use(group: &[&Survey], surveys: &[Survey]) -> String {
    let known: BTreeSet<_> = surveys.iter().flat_map(super::crawl_next).collect();
    let in_use = group.iter().find(|survey| known.contains(&survey.address));
    in_use.map_or_else(
        || "the address its replicas follow".to_owned(),
        |survey| format!("--seed {}", survey.address),
    )
}

/// Nodes that follow each other round in a circle.
pub(super) fn circles(surveys: &[Survey]) -> Vec<Objection> {
    let circles: BTreeSet<Vec<&NodeAddress>> = surveys
        .iter()
        .filter_map(|survey| {
            let mut way = sources(survey, surveys).collect::<Vec<_>>();
            let closed = way.last() == Some(&&survey.address);
            way.sort();
            closed.then_some(way)
        })
        .collect();
    let object = |circle: Vec<&NodeAddress>| Objection {
        node: None,
        sentence: format!("{} follow each other in a circle", join(&circle)),
        remedy: "on the one that shall be the primary: STOP REPLICA; RESET REPLICA ALL".to_owned(),
    };
    circles.into_iter().map(object).collect()
}

/// The addresses a node gets its data from, one after the other; ends at a node
/// that follows nobody, at an unknown one, or where it meets one it has met.
fn sources<'a>(from: &'a Survey, surveys: &'a [Survey]) -> impl Iterator<Item = &'a NodeAddress> {
    let next = |survey: &'a Survey| survey.report.replication.as_ref().map(|r| &r.source);
    let mut met = BTreeSet::new();
    std::iter::successors(next(from), move |source| {
        let survey = surveys.iter().find(|survey| survey.address == **source)?;
        next(survey)
    })
    .take_while(move |source| met.insert(*source))
}

/// The primary: the single writable node that follows nobody.
pub(super) fn primary(surveys: &[Survey]) -> Result<&Survey, Objection> {
    let writable: Vec<_> = surveys
        .iter()
        .filter(|survey| survey.report.writability.accepts_writes())
        .collect();
    let leading: Vec<_> = writable
        .iter()
        .filter(|survey| survey.report.replication.is_none())
        .copied()
        .collect();
    let object = |sentence: String, remedy: &str| Objection {
        node: None,
        sentence,
        remedy: remedy.to_owned(),
    };
    match (leading.as_slice(), writable.as_slice()) {
        ([primary], _) => Ok(primary),
        ([], []) => Err(object(
            "there is no primary: no node accepts writes".to_owned(),
            "on the one that shall be the primary: SET GLOBAL read_only = OFF",
        )),
        ([], followers) => Err(object(
            format!(
                "there is no primary: every node that accepts writes follows another ({})",
                list(followers)
            ),
            "on the one that shall be the primary: STOP REPLICA; RESET REPLICA ALL",
        )),
        (several, _) => Err(object(
            format!(
                "several nodes accept writes and follow nobody: {}",
                list(several)
            ),
            "on all but the primary: SET PERSIST super_read_only = ON, and make them follow it",
        )),
    }
}

/// Whether every other node follows the primary, and nothing else.
pub(super) fn replicas(primary: &Survey, surveys: &[Survey]) -> Vec<Objection> {
    let replicas = others(primary, surveys);
    replicas
        .flat_map(|replica| {
            [
                writable(replica),
                astray(replica, primary, surveys),
                errant(replica, primary),
            ]
        })
        .flatten()
        .collect()
}

fn writable(replica: &Survey) -> Option<Objection> {
    let at = &replica.address;
    let wrong = replica.report.writability.accepts_writes();
    wrong.then(|| {
        objection(
            at,
            format!("{at} is a replica, and accepts writes"),
            "SET PERSIST super_read_only = ON".to_owned(),
        )
    })
}

fn astray(replica: &Survey, primary: &Survey, surveys: &[Survey]) -> Option<Objection> {
    let at = &replica.address;
    if sources(replica, surveys).any(|source| *source == primary.address) {
        return None;
    }
    let instead = replica.report.replication.as_ref();
    let instead = instead.map_or("nobody".to_owned(), |r| r.source.to_string());
    let address = &primary.address;
    Some(objection(
        at,
        format!("{at} follows {instead}, not the primary {address}"),
        format!(
            "STOP REPLICA; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '{}', SOURCE_PORT = {}, \
             SOURCE_AUTO_POSITION = 1; START REPLICA",
            address.host(),
            address.port()
        ),
    ))
}

/// The primary was not looked at in the same moment: what it numbered itself
/// may simply be newer.
fn errant(replica: &Survey, primary: &Survey) -> Option<Objection> {
    const SHOWN: usize = 4;
    let at = &replica.address;
    let held = replica.report.holds();
    let errant = held
        .errant_against(&primary.report.executed)
        .without_origin(primary.report.server_uuid.0);
    (!errant.is_empty()).then(|| {
        objection(
            at,
            format!(
                "{at} holds transactions that the primary never had: {}",
                errant.summary(SHOWN)
            ),
            format!(
                "rebuild it from the primary: SET GLOBAL clone_valid_donor_list = '{0}'; \
                 CLONE INSTANCE FROM 'user'@'{1}':{2} IDENTIFIED BY 'password'",
                primary.address,
                primary.address.host(),
                primary.address.port()
            ),
        )
    })
}

fn list(surveys: &[&Survey]) -> String {
    let mut addresses: Vec<_> = surveys.iter().map(|survey| &survey.address).collect();
    addresses.sort();
    join(&addresses)
}

fn join(addresses: &[&NodeAddress]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
