//! Bodies: what they refuse, what they become, and what their schemas say.

use std::collections::BTreeSet;

use lictor_wire::domain::cluster::LONGEST_EXCEPTION;
use lictor_wire::domain::{OnStarved, Order, Policy, Token};
use lictor_wire::v1;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::*;

fn read<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(body: Value) -> String {
    serde_json::from_value::<T>(body).unwrap_err().to_string()
}

fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}

fn names<T: PartialSchema>() -> BTreeSet<String> {
    let schema = schema::<T>();
    assert_eq!(schema["additionalProperties"], false, "{schema}");
    let properties = schema["properties"].as_object().unwrap();
    properties.keys().cloned().collect()
}

fn assert_names<T: PartialSchema>(expected: &str) {
    let expected: BTreeSet<_> = expected.split_whitespace().map(str::to_owned).collect();
    assert_eq!(names::<T>(), expected);
}

#[test]
fn bodies_have_the_fields_of_the_contract() {
    assert_names::<AddClusterRequest>("name seed policy");
    assert_names::<PauseRequest>("owner reason for_secs");
    assert_names::<ResumeRequest>("reason");
    assert_names::<SwitchoverRequest>(
        "to dry_run pause_us long_transactions older_than_secs reason",
    );
    assert_names::<FailoverRequest>("to force dry_run reason");
    assert_names::<RejoinRequest>("inject_empty errant dry_run reason");
    assert_names::<RebuildRequest>("donor force dry_run reason");
    assert_names::<RepointRequest>("source dry_run reason");
    assert_names::<MaintenanceRequest>("owner reason for_secs");
    assert_names::<NodeChangeFields>("promotion promotion_for_secs zone reason");
    assert_names::<RuleTestRequest>("sql username schemaname document");
    assert_names::<ConfigDiffFields>("from version document yaml");
    assert_names::<ConfigApplyFields>("document yaml reason dry_run");
    assert_names::<ConfigRollbackRequest>("to reason dry_run");
    assert_names::<CreateTokenRequest>("name role clusters expires_in_secs reason");
    assert_names::<RevokeTokenRequest>("reason");
    assert_names::<LogInRequest>("token");
}

#[test]
fn a_change_of_a_policy_has_the_fields_of_a_policy() {
    let policy = crate::Policy::from(v1::Policy::from(&Policy::default()));
    let shown = serde_json::to_value(policy).unwrap();
    let fields = |shown: &Value| -> BTreeSet<String> {
        shown.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names::<PolicyChange>(), fields(&shown));
    assert_eq!(names::<BudgetChange>(), fields(&shown["budget"]));
    assert_eq!(names::<ObjectivesChange>(), fields(&shown["objectives"]));
    let mut with_reason = fields(&shown);
    with_reason.insert("reason".to_owned());
    assert_eq!(names::<PolicyPatch>(), with_reason);
}

#[test]
fn a_field_that_nobody_knows_is_refused_by_name() {
    for error in [
        refused::<SwitchoverRequest>(json!({"too": "orders-2"})),
        refused::<PolicyPatch>(json!({"reason": "why", "too": 1})),
        refused::<AddClusterRequest>(json!({"name": "a", "seed": "b:1", "policy": {"too": 1}})),
        refused::<NodeChange>(json!({"reason": "why", "zone": "a", "too": 1})),
        refused::<ConfigApplyRequest>(json!({"reason": "why", "yaml": "", "too": 1})),
    ] {
        assert!(error.contains("unknown field `too`"), "{error}");
    }
}

#[test]
fn a_policy_that_was_shown_is_a_change_to_it() {
    let policy = Policy {
        on_starved: OnStarved::Loosen {
            min_acks: 1,
            after_secs: 90,
        },
        ..Policy::default()
    };
    let mut body = serde_json::to_value(crate::Policy::from(v1::Policy::from(&policy))).unwrap();
    body["reason"] = json!("as it was");
    let request = read::<PolicyPatch>(body).message("orders".to_owned());
    assert_eq!((&*request.name, &*request.reason), ("orders", "as it was"));
    let change = request.change.unwrap();
    assert_eq!(change.applied_to(&Policy::default()).unwrap(), policy);
}

#[test]
fn what_is_not_said_stays_and_a_promise_that_is_null_is_withdrawn() {
    let nothing = read::<PolicyChange>(json!({})).message();
    assert_eq!(nothing, v1::PolicyChange::default());
    let null = read::<PolicyChange>(json!({"mode": null, "durability": null})).message();
    assert_eq!(null, v1::PolicyChange::default());

    let promises = json!({"objectives": {"rto_secs": null, "rpo_secs": 5}});
    let change = read::<PolicyChange>(promises).message().objectives.unwrap();
    let expected = v1::ObjectivesChange {
        rpo_secs: Some(5),
        withdrawn: vec![v1::Objective::Rto.into()],
        ..v1::ObjectivesChange::default()
    };
    assert_eq!(change, expected);
}

#[test]
fn a_word_of_a_policy_that_makes_no_sense_is_refused_with_what_is_allowed() {
    for (field, wrong, allowed) in [
        ("mode", json!("wild"), "`observe`, `manual`, `auto`"),
        ("durability", json!("semi-sync:0"), "`semi-sync:N`"),
        ("durability", json!("sync"), "`async`"),
        ("on_starved", json!("loosen:1"), "loosen:N/TIME"),
        ("on_starved", json!("loosen:1/0s"), "loosen:N/TIME"),
        ("keep_readers", json!("101%"), "at most 100%"),
        ("max_readers", json!(2), "expected a string"),
    ] {
        let error = refused::<PolicyChange>(json!({ field: wrong }));
        assert!(error.contains(allowed), "{field}: {error}");
    }
}

#[test]
fn orders_become_messages() {
    let order = json!({"to": "orders-2", "pause_us": 200_000, "long_transactions": "kill"});
    let message = read::<SwitchoverRequest>(order).message("orders".to_owned());
    let order = message.order("ann".to_owned()).unwrap();
    assert_eq!(order.to.unwrap().as_str(), "orders-2");
    assert_eq!(order.pause.as_millis(), 200);
    assert_eq!(order.transactions.as_str(), "kill");

    let pause = read::<PauseRequest>(json!({"reason": "why", "for_secs": 60}));
    let expected = v1::PauseClusterRequest {
        name: "orders".to_owned(),
        owner: String::new(),
        reason: "why".to_owned(),
        for_secs: Some(60),
    };
    assert_eq!(pause.message("orders".to_owned()), expected);

    let change = read::<NodeChange>(json!({"promotion": "prefer_not", "reason": "why"}));
    let expected = v1::SetNodeRequest {
        node: "orders-2".to_owned(),
        promotion: v1::PromotionRule::PreferNot.into(),
        reason: "why".to_owned(),
        ..v1::SetNodeRequest::default()
    };
    assert_eq!(change.message("orders-2".to_owned()), expected);

    let rebuild = read::<RebuildRequest>(json!({"force": true, "reason": "why"}));
    let expected = v1::RebuildNodeRequest {
        node: "orders-2".to_owned(),
        force: true,
        reason: "why".to_owned(),
        ..v1::RebuildNodeRequest::default()
    };
    assert_eq!(rebuild.message("orders-2".to_owned()), expected);
}

#[test]
fn a_token_that_is_asked_for_becomes_a_message() {
    let body = json!({"name": "ci", "role": "viewer", "clusters": ["orders"], "reason": "why"});
    let expected = v1::CreateTokenRequest {
        name: "ci".to_owned(),
        role: v1::Role::Viewer.into(),
        clusters: vec!["orders".to_owned()],
        expires_in_secs: None,
        reason: "why".to_owned(),
    };
    assert_eq!(read::<CreateTokenRequest>(body).message(), expected);
    let revoke = read::<RevokeTokenRequest>(json!({"reason": "why"}));
    assert_eq!(revoke.message("0123456789ab".to_owned()).id, "0123456789ab");
    let wrong = json!({"name": "ci", "role": "king", "reason": "why"});
    let error = refused::<CreateTokenRequest>(wrong);
    assert!(error.contains("`operator`"), "{error}");
}

#[test]
fn the_token_of_a_log_in_is_not_in_its_debug() {
    let body = read::<LogInRequest>(json!({"token": "lictor_0123456789ab_feed"}));
    assert_eq!(body.token.expose(), "lictor_0123456789ab_feed");
    assert!(!format!("{body:?}").contains("feed"), "{body:?}");
}

#[test]
fn a_document_is_said_once_as_json_or_as_yaml() {
    let apply = |body: Value| read::<ConfigApplyRequest>(body).message(3);
    let json = apply(json!({"reason": "why", "document": {"keyspaces": [{"name": "a: b"}]}}));
    let json = json.unwrap();
    assert_eq!((json.base, json.dry_run), (3, false));
    let yaml = json.document.unwrap().yaml;
    let back: Value = serde_norway::from_str(&yaml).unwrap();
    assert_eq!(back["keyspaces"][0]["name"], "a: b");

    let yaml = apply(json!({"reason": "why", "yaml": "keyspaces: []", "document": null}));
    assert_eq!(yaml.unwrap().document.unwrap().yaml, "keyspaces: []");

    let neither = apply(json!({"reason": "why"})).unwrap_err();
    assert_eq!(neither.field(), "document");
    let both = apply(json!({"reason": "why", "yaml": "", "document": {}})).unwrap_err();
    assert_eq!(both.field(), "yaml");
}

#[test]
fn a_version_is_compared_with_one_thing() {
    use v1::diff_config_request::To;
    let diff = |body: Value| read::<ConfigDiffRequest>(body).message();
    let versions = diff(json!({"from": 1, "version": 2})).unwrap();
    assert_eq!(
        (versions.from, versions.to),
        (Some(1), Some(To::Version(2)))
    );
    assert_eq!(diff(json!({"from": 1})).unwrap_err().field(), "document");
    let both = diff(json!({"version": 2, "yaml": ""})).unwrap_err();
    assert_eq!(both.field(), "version");
}

#[test]
fn a_schema_that_wants_one_of_some_fields_says_so() {
    let schema = schema::<ConfigApplyRequest>();
    let one = &schema["allOf"][1]["oneOf"];
    assert_eq!(one[1]["required"], json!(["yaml"]));
    assert_eq!(one[1]["properties"]["yaml"]["type"], "string");
    assert_eq!(one.as_array().unwrap().len(), 2);
}

#[test]
fn schemas_say_the_limits_that_the_services_have() {
    let property = |schema: Value, field: &str| schema["properties"][field].clone();
    let longest = LONGEST_EXCEPTION.as_secs();
    for limits in [
        property(schema::<PauseRequest>(), "for_secs"),
        property(schema::<MaintenanceRequest>(), "for_secs"),
        property(schema::<NodeChangeFields>(), "promotion_for_secs"),
    ] {
        assert_eq!(
            (&limits["minimum"], &limits["maximum"]),
            (&json!(1), &json!(longest))
        );
    }
    let life = property(schema::<CreateTokenRequest>(), "expires_in_secs");
    assert_eq!(life["maximum"], Token::LONGEST_LIFE.as_secs());
    let pause = property(schema::<SwitchoverRequest>(), "pause_us");
    let micros = |pause: &std::time::Duration| u64::try_from(pause.as_micros()).unwrap();
    assert_eq!(pause["minimum"], micros(Order::PAUSES.start()));
    assert_eq!(pause["maximum"], micros(Order::PAUSES.end()));
    let age = property(schema::<SwitchoverRequest>(), "older_than_secs");
    assert_eq!(age["maximum"], Order::GREATEST_AGE.as_secs());
    let percent = property(schema::<ObjectivesChange>(), "availability_percent");
    assert_eq!(percent["type"], json!(["number", "null"]));
    assert_eq!(percent["maximum"], 100);
}

#[test]
fn every_whole_number_in_a_body_has_limits() {
    for schema in [
        schema::<PolicyPatch>(),
        schema::<BudgetChange>(),
        schema::<ObjectivesChange>(),
        schema::<PauseRequest>(),
        schema::<SwitchoverRequest>(),
        schema::<MaintenanceRequest>(),
        schema::<NodeChangeFields>(),
        schema::<ConfigDiffFields>(),
        schema::<ConfigRollbackRequest>(),
        schema::<CreateTokenRequest>(),
    ] {
        for (field, value) in schema["properties"].as_object().unwrap() {
            if value["type"].to_string().contains("integer") {
                assert!(value["minimum"].is_number(), "{field}: {value}");
                assert!(value["maximum"].is_number(), "{field}: {value}");
            }
        }
    }
}
