//! Samples of both shapes, and what becomes of them.

use proptest::prelude::*;

use super::super::samples::{comes_to, damaged, orders};
use super::*;

const SETTINGS: &str = include_str!("../../../testdata/orchestrator/orchestrator.conf.json");
const INSTANCES: &str = include_str!("../../../testdata/orchestrator/instances.json");

fn told(text: &str) -> String {
    import(text, "o.json", &Clusters::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_configuration_becomes_the_policies_of_the_known_clusters() {
    let mut clusters = orders();
    clusters.insert("stock".parse().unwrap(), [].into());
    comes_to(
        &import(SETTINGS, "orchestrator.conf.json", &clusters).unwrap(),
        include_str!("../../../testdata/orchestrator/settings.yaml"),
        include_str!("../../../testdata/orchestrator/settings.notes"),
    );
}

#[test]
fn instances_become_clusters_with_zones_and_promotion_rules() {
    comes_to(
        &import(INSTANCES, "instances.json", &Clusters::new()).unwrap(),
        include_str!("../../../testdata/orchestrator/instances.yaml"),
        include_str!("../../../testdata/orchestrator/instances.notes"),
    );
}

#[test]
fn clusters_that_a_filter_names_are_taken_where_none_is_known() {
    let import = import(SETTINGS, "orchestrator.conf.json", &Clusters::new()).unwrap();
    let names: Vec<_> = import
        .draft
        .clusters
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["orders"]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, error) in [
        ("", "o.json:1:1: EOF while parsing a value"),
        ("{\n\"a\": }", "o.json:2:6: expected value"),
        ("{}", "o.json: no setting of orchestrator is in it"),
        (
            "3",
            "o.json: it is neither a configuration of orchestrator, an object, nor a list of instances",
        ),
        ("[]", "o.json: it lists no instances"),
        (
            r#"{"Code":"ERROR","Message":"no such cluster"}"#,
            "o.json: it is an answer of orchestrator's API that says that something went wrong",
        ),
        (
            r#"{"RecoveryPeriodBlockSeconds":"1h"}"#,
            "o.json: RecoveryPeriodBlockSeconds: it is no whole number of seconds",
        ),
        (
            r#"{"RecoverMasterClusterFilters":["*", 1]}"#,
            "o.json: RecoverMasterClusterFilters[1]: it is no text",
        ),
        (
            r#"{"RecoverMasterClusterFilters":["("]}"#,
            "o.json: RecoverMasterClusterFilters[0]: `(` is no usable pattern",
        ),
        (
            r#"[{"Key":{"Hostname":"a","Port":"x"}}]"#,
            "o.json: [0].Key.Port: invalid type: string \"x\", expected u16",
        ),
        (
            r#"[{"Key":{"Hostname":"a","Port":1},"SuggestedClusterAlias":"1"}]"#,
            "o.json: [0].SuggestedClusterAlias: neither `1` nor ClusterName `` becomes a cluster's name; use a-z, 0-9 and hyphens, beginning with a letter",
        ),
        (
            r#"[{"Key":{"Hostname":"a","Port":1},"SuggestedClusterAlias":"a","PromotionRule":"maybe"}]"#,
            "o.json: [0].PromotionRule: `maybe` is none of must, prefer, neutral, prefer_not and must_not",
        ),
        (
            r#"[{"Key":{"Hostname":"a","Port":0}}]"#,
            "o.json: [0].Key: address `a:0` is not host:port: the port is 0",
        ),
        (
            "[1]",
            "o.json: [0]: invalid type: integer `1`, expected struct Instance",
        ),
    ] {
        assert_eq!(told(text), error);
    }
    assert!(told(&"[".repeat(100_000)).contains("recursion limit exceeded"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![damaged(SETTINGS), damaged(INSTANCES)]) {
        let _ = import(&text, "any", &orders());
    }
}
