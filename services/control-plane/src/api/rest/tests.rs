//! What the document says, against what the services are.

use std::collections::{BTreeMap, BTreeSet};

use lictor_wire::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;
use serde_json::Value;

use super::openapi;

/// What gRPC alone has, and why.
const GRPC_ALONE: [&str; 7] = [
    // Between lictord and its agents, several times a second.
    "AgentService/Renew",
    // A stream both ways, with acknowledgements; REST reads the same table at
    // /v1/routing, and hears of each revision at /v1/events.
    "RoutingService/Subscribe",
    // Between instances, each for itself.
    "MemberService/GetMember",
    "MemberService/ListMemberSubscribers",
    "MemberService/NoteDenial",
    "MemberService/ReadTokens",
    "MemberService/Witness",
];
/// Paths of no method: text that lictord holds, and sessions, which only browsers need.
const REST_ALONE: [&str; 2] = ["/v1/config/schema", "/v1/session"];

fn document() -> Value {
    serde_json::to_value(openapi::document()).unwrap()
}

/// Each operation with its path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let each = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().values();
        methods.map(|operation| (path.clone(), operation.clone()))
    });
    each.collect()
}

fn methods() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let ours = set
        .file
        .into_iter()
        .filter(|file| file.package() == "lictor.v1");
    let services = ours.flat_map(|file| file.service);
    let methods = services.flat_map(|service| {
        let name = service.name().to_owned();
        let methods = service.method.into_iter();
        methods.map(move |method| format!("{name}/{}", method.name()))
    });
    methods.collect()
}

#[test]
fn rest_reaches_what_grpc_reaches_and_nothing_else() {
    let document = document();
    let mut reached = BTreeSet::new();
    for (path, operation) in operations(&document) {
        if let Some(method) = operation["x-grpc-method"].as_str() {
            reached.insert(method.to_owned());
        } else {
            let text = REST_ALONE.contains(&path.as_str());
            assert!(text, "{path} names no method");
        }
    }
    let mut methods = methods();
    for alone in GRPC_ALONE {
        assert!(methods.remove(alone), "there is no {alone} any more");
    }
    assert_eq!(reached, methods);
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_how_it_is_refused() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeMap::new();
    for (path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        let before = names.insert(name.clone(), path.clone());
        assert_eq!(before, None, "{name} is the name of {path} too");
        assert!(operation["summary"].is_string(), "{path}");
        let refused = &operation["responses"]["default"]["content"];
        let schema = &refused["application/problem+json"]["schema"]["$ref"];
        assert_eq!(schema, "#/components/schemas/ApiProblem", "{path}");
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    let document = document();
    let text = document.to_string();
    let schemas = &document["components"]["schemas"];
    let named = text.split("#/components/schemas/").skip(1);
    for rest in named {
        let name = rest.split('"').next().unwrap();
        assert!(schemas[name].is_object(), "{name}");
    }
    assert!(schemas.as_object().unwrap().len() > 50);
}

/// The web UI's types are made of this file; `make openapi` writes it anew.
#[test]
fn the_web_ui_knows_the_document_as_it_is() {
    let known = include_str!("../../../../../web/src/api/openapi.json");
    let known: Value = serde_json::from_str(known).unwrap();
    assert!(known == document(), "run `make openapi`");
}
