//! Instances as orchestrator's API lists them.

use std::collections::BTreeMap;

use lictor_domain::config::{ClusterConfig, Draft, Placement};
use lictor_domain::names::{ClusterName, NodeAddress, Zone};
use lictor_domain::policy::PromotionRule;
use serde::Deserialize;
use serde_json::Value;

use super::super::{Import, Notes, label, list, shown};
use super::Source;
use crate::error::DocumentError;

/// What is read of an instance; orchestrator says much more of what it is now.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    key: Key,
    #[serde(default)]
    master_key: Key,
    #[serde(default)]
    cluster_name: String,
    #[serde(default)]
    suggested_cluster_alias: String,
    #[serde(default)]
    data_center: String,
    #[serde(default)]
    promotion_rule: String,
    #[serde(default)]
    is_downtimed: bool,
}

/// Where an instance listens; without a host where there is none.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    hostname: String,
    port: u16,
}

/// A cluster's nodes, with its primary first to be asked.
#[derive(Default)]
struct Found {
    nodes: BTreeMap<NodeAddress, Placement>,
    primary: Option<NodeAddress>,
}

pub(super) fn import(instances: &[Value], source: Source<'_>) -> Result<Import, DocumentError> {
    if instances.is_empty() {
        return Err(source.whole("it lists no instances"));
    }
    let mut notes = Notes::default();
    let mut clusters: BTreeMap<ClusterName, Found> = BTreeMap::new();
    for (at, instance) in instances.iter().enumerate() {
        let instance: Instance = serde_path_to_error::deserialize(instance).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." {
                format!("[{at}]")
            } else {
                format!("[{at}].{path}")
            };
            source.field(field, error.into_inner().to_string())
        })?;
        let address = NodeAddress::new(&instance.key.hostname, instance.key.port)
            .map_err(|error| source.field(format!("[{at}].Key"), error.to_string()))?;
        let name = cluster_name(&instance).ok_or_else(|| {
            source.field(format!("[{at}].SuggestedClusterAlias"), nameless(&instance))
        })?;
        let placement = placement(&instance, &address, &mut notes)
            .map_err(|why| source.field(format!("[{at}].PromotionRule"), why))?;
        let found = clusters.entry(name).or_default();
        if found.nodes.insert(address.clone(), placement).is_some() {
            return Err(source.field(format!("[{at}].Key"), format!("{address} is listed twice")));
        }
        if matches!(instance.master_key.hostname.as_str(), "" | "_") {
            found.primary.get_or_insert(address);
        }
    }
    let mut configs = BTreeMap::new();
    for (name, found) in clusters {
        notes.taken(
            format!("cluster {name}"),
            format!("its nodes are {}", list(found.nodes.keys())),
        );
        if let Some(seed) = found.primary.as_ref().or_else(|| found.nodes.keys().next()) {
            notes.register(&name, &seed.to_string());
        }
        let placed = found
            .nodes
            .into_iter()
            .filter(|(_, placement)| *placement != Placement::default());
        let config = ClusterConfig {
            nodes: placed.collect(),
            ..ClusterConfig::default()
        };
        configs.insert(name, config);
    }
    notes.changed(
        "policies",
        "instances say nothing of them: they are the defaults; import orchestrator's configuration \
         with `--cluster` to see what it says",
    );
    Ok(notes.with(Draft {
        clusters: configs,
        ..Draft::default()
    }))
}

/// By its alias, or else by the name orchestrator gave it.
fn cluster_name(instance: &Instance) -> Option<ClusterName> {
    let names = [&instance.suggested_cluster_alias, &instance.cluster_name];
    let mut labels = names.into_iter().filter_map(|name| label(name));
    labels.find_map(|label| label.parse().ok())
}

fn nameless(instance: &Instance) -> String {
    format!(
        "neither `{}` nor ClusterName `{}` becomes a cluster's name; use a-z, 0-9 and hyphens, \
         beginning with a letter",
        shown(&instance.suggested_cluster_alias),
        shown(&instance.cluster_name)
    )
}

fn placement(
    instance: &Instance,
    address: &NodeAddress,
    notes: &mut Notes,
) -> Result<Placement, String> {
    let about = format!("instance {address}");
    let promotion = match instance.promotion_rule.as_str() {
        "" => PromotionRule::default(),
        "must" => {
            notes.changed(&about, "PromotionRule `must` is taken as prefer: who holds more data goes first all the same");
            PromotionRule::Prefer
        }
        rule => rule.parse().map_err(|_| {
            format!(
                "`{}` is none of must, prefer, neutral, prefer_not and must_not",
                shown(rule)
            )
        })?,
    };
    let zone = match instance.data_center.as_str() {
        "" => None,
        text => {
            let zone = label(text).and_then(|label| label.parse::<Zone>().ok());
            match &zone {
                None => notes.left_out(&about, format!("DataCenter `{}` does not become a zone: use a-z, 0-9 and hyphens, beginning with a letter", shown(text))),
                Some(zone) if zone.as_str() != text => {
                    notes.changed(&about, format!("DataCenter `{}` is zone {zone}", shown(text)));
                }
                Some(_) => {}
            }
            zone
        }
    };
    if instance.is_downtimed {
        notes.left_out(
            &about,
            "it is downtimed; `lictor node maintenance` does that once the cluster is registered",
        );
    }
    Ok(Placement {
        promotion,
        zone,
        ..Placement::default()
    })
}
