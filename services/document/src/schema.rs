//! The JSON Schema of the document (draft 2020-12), which editors complete and
//! check by.
//!
//! It says of each field what it may be. What fields say of each other beyond
//! one item, and whether a pattern can be used, only [`read`](crate::read) and
//! the domain know.

/// The name of the schema's file, as the first line of a written document has it.
pub const SCHEMA_FILE: &str = "lictor.schema.json";

/// The schema.
#[must_use]
pub const fn schema() -> &'static str {
    include_str!("../schema/lictor.schema.json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jsonschema::Validator;
    use lictor_domain::hostgroup::{HostgroupKind, Role, ServerStatus};
    use lictor_domain::keyspace::{HashAlgorithm, KeyType, MAX_MODULO, MAX_SHARDS, Writes};
    use lictor_domain::policy::{
        BetterPlaced, Mode, NoReaders, Profile, PromotionRule, RebuildPolicy,
    };
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use serde_json::{Value, json};

    use super::*;
    use crate::samples::drafts;

    fn parsed() -> Value {
        serde_json::from_str(schema()).unwrap()
    }

    fn validator() -> Validator {
        jsonschema::draft202012::new(&parsed()).unwrap()
    }

    fn told(document: &Value) -> Vec<String> {
        let validator = validator();
        let errors = validator.iter_errors(document);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Drafts enough that every field of each item is in one of them.
    fn many() -> Vec<Value> {
        let mut runner = TestRunner::deterministic();
        let strategy = drafts();
        let draft = || {
            let tree = strategy.new_tree(&mut runner).unwrap();
            serde_json::to_value(tree.current()).unwrap()
        };
        std::iter::repeat_with(draft).take(200).collect()
    }

    fn objects<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                found.push(value);
                fields.values().for_each(|value| objects(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| objects(value, found)),
            _ => {}
        }
    }

    /// It with an unknown field in each of its objects, one at a time.
    fn strangers(value: &Value) -> Vec<Value> {
        let mut pointers = vec![];
        paths(value, String::new(), &mut pointers);
        let strange = pointers.iter().map(|pointer| {
            let mut copy = value.clone();
            if let Some(fields) = copy.pointer_mut(pointer).and_then(Value::as_object_mut) {
                fields.insert("No such field".to_owned(), json!({}));
            }
            copy
        });
        strange.collect()
    }

    fn paths(value: &Value, path: String, found: &mut Vec<String>) {
        let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    paths(value, format!("{path}/{}", escape(key)), found);
                }
                found.push(path);
            }
            Value::Array(list) => {
                for (at, value) in list.iter().enumerate() {
                    paths(value, format!("{path}/{at}"), found);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_draft_is_valid(draft in drafts()) {
            let written = serde_json::to_value(&draft).unwrap();
            prop_assert_eq!(told(&written), Vec::<String>::new());
        }
    }

    #[test]
    fn an_unknown_field_is_refused_wherever_it_stands_as_the_reader_does() {
        let validator = validator();
        for document in many().iter().take(5) {
            for strange in strangers(document) {
                assert!(!validator.is_valid(&strange), "{strange}");
                let text = serde_json::to_string(&strange).unwrap();
                assert!(crate::read(&text, "strange").is_err(), "{strange}");
            }
        }
    }

    #[test]
    fn every_field_of_the_schema_is_a_field_that_is_written() {
        let schema = parsed();
        let mut places = vec![];
        objects(&schema, &mut places);
        let promised: BTreeSet<_> = places
            .iter()
            .filter(|place| place.get("additionalProperties") == Some(&json!(false)))
            .filter_map(|place| place["properties"].as_object())
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        let drafts = many();
        let mut items = vec![];
        for draft in &drafts {
            objects(draft, &mut items);
        }
        let written: BTreeSet<_> = items
            .iter()
            .filter_map(|item| item.as_object())
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        let never: Vec<_> = promised.difference(&written).collect();
        assert!(never.is_empty(), "{never:?}");
    }

    #[test]
    fn every_word_of_the_domain_is_in_it_and_no_other() {
        fn words<T: serde::Serialize>(all: &[T]) -> Value {
            serde_json::to_value(all).unwrap()
        }
        let policy = "/$defs/policy/properties";
        for (place, all) in [
            (format!("{policy}/mode"), words(Mode::ALL)),
            (format!("{policy}/profile"), words(Profile::ALL)),
            (format!("{policy}/rebuild"), words(RebuildPolicy::ALL)),
            (format!("{policy}/no_readers"), words(NoReaders::ALL)),
            (format!("{policy}/better_placed"), words(BetterPlaced::ALL)),
            (
                "/$defs/placement/properties/promotion".to_owned(),
                words(PromotionRule::ALL),
            ),
            (
                "/$defs/hostgroup/properties/kind".to_owned(),
                words(HostgroupKind::ALL),
            ),
            (
                "/$defs/hostgroup/properties/role".to_owned(),
                words(Role::ALL),
            ),
            (
                "/$defs/server/properties/status".to_owned(),
                words(ServerStatus::ALL),
            ),
            (
                "/$defs/keyspace/properties/hash".to_owned(),
                words(HashAlgorithm::ALL),
            ),
            (
                "/$defs/keyspace/properties/key".to_owned(),
                words(KeyType::ALL),
            ),
            (
                "/$defs/shard/properties/writes".to_owned(),
                words(Writes::ALL),
            ),
        ] {
            assert_eq!(
                parsed().pointer(&format!("{place}/enum")),
                Some(&all),
                "{place}"
            );
        }
    }

    #[test]
    fn its_defaults_and_limits_are_those_of_the_domain() {
        let policy = serde_json::to_value(lictor_domain::policy::Policy::default()).unwrap();
        let schema = parsed();
        for (field, value) in policy.as_object().unwrap() {
            let place = format!("/$defs/policy/properties/{field}");
            let said = schema.pointer(&place).unwrap();
            let said = said.get("default").unwrap_or_else(|| {
                let target = said["$ref"].as_str().unwrap().trim_start_matches('#');
                &schema.pointer(target).unwrap()["default"]
            });
            assert_eq!(said, value, "{field}");
        }
        for (place, limit) in [
            ("keyspace/properties/modulo/maximum", json!(MAX_MODULO)),
            ("keyspace/properties/shards/maxItems", json!(MAX_SHARDS)),
        ] {
            assert_eq!(
                schema.pointer(&format!("/$defs/{place}")),
                Some(&limit),
                "{place}"
            );
        }
    }

    #[test]
    fn what_the_reader_refuses_the_schema_mostly_refuses_too() {
        for document in [
            json!({}),
            json!([]),
            json!({ "clusters": { "Orders": {} } }),
            json!({ "clusters": { "lictor": {} } }),
            json!({ "clusters": { "orders": { "policy": { "mode": "automatic" } } } }),
            json!({ "clusters": { "orders": { "nodes": { "10.0.0.1": {} } } } }),
            json!({ "hostgroups": [{ "id": 1, "name": "a", "kind": "reader" }] }),
            json!({ "hostgroups": [{ "id": -1, "name": "a", "kind": "reader", "servers": [] }] }),
            json!({ "hostgroups": [{ "id": 1, "name": "a", "kind": "reader", "servers": [], "weight": 1 }] }),
            json!({ "hostgroups": [{ "id": 1, "name": "a", "kind": "reader", "cluster": "orders" }] }),
            json!({ "query_rules": [{ "rule_id": 0, "active": true }] }),
            json!({ "query_rules": [{ "rule_id": 1 }] }),
            json!({ "keyspaces": { "shop": { "function": "md5_mod", "key": "string", "shards": [] } } }),
        ] {
            assert_ne!(told(&document), Vec::<String>::new(), "{document}");
            let text = serde_json::to_string(&document).unwrap();
            assert!(crate::read(&text, "wrong").is_err(), "{document}");
        }
    }
}
