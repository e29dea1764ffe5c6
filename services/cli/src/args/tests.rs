//! Whole command lines, read and refused.

use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use lictor_wire::domain::{Mode, NodeName, Policy, PromotionRule};
use lictor_wire::v1;

use super::policy::DEFAULTS;
use super::{Cli, ClusterCommand, Format, ImportCommand, NodeCommand, Noun, TokenCommand};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

fn kind_of_error(line: &str) -> ErrorKind {
    parse(line).unwrap_err().kind()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn a_policy_is_read_whole() {
    let line = "lictor cluster add orders --seed 127.0.0.1:3306 --mode auto \
                --profile fast --durability semi-sync:2 --budget 2/1h --max-read-lag 10s \
                --on-starved loosen:0/5s --no-readers primary --keep-readers 50% --accept-unfenced off --max-readers 2 \
                --better-placed stay --objective-availability 99.95 --objective-rto none \
                --objective-rpo 0s";
    let Noun::Cluster(ClusterCommand::Add { policy, .. }) = parse(line).unwrap().noun else {
        panic!("not cluster add");
    };
    let change = v1::PolicyChange::from(policy);
    assert_eq!(change.mode(), v1::Mode::Auto);
    assert_eq!(change.profile(), v1::Profile::Fast);
    let semi_sync = v1::durability::Kind::SemiSync(v1::durability::SemiSync { acks: 2 });
    assert_eq!(change.durability.unwrap().kind, Some(semi_sync));
    let budget = change.budget.unwrap();
    assert_eq!((budget.failovers, budget.window_secs), (2, 3600));
    assert_eq!(change.max_read_lag_secs, Some(10));
    let loosen = v1::on_starved::Kind::Loosen(v1::on_starved::Loosen {
        min_acks: 0,
        after_secs: 5,
    });
    assert_eq!(change.on_starved.as_ref().unwrap().kind, Some(loosen));
    assert_eq!(change.no_readers(), v1::NoReaders::Primary);
    let half = v1::share::Kind::Percent(50);
    assert_eq!(change.accept_unfenced, Some(false));
    assert_eq!(change.better_placed(), v1::BetterPlaced::Stay);
    let objectives = change.objectives.as_ref().unwrap();
    assert_eq!(objectives.availability_percent, Some(99.95));
    assert_eq!(objectives.rpo_secs, Some(0));
    assert_eq!(objectives.withdrawn, [i32::from(v1::Objective::Rto)]);
    assert_eq!(change.keep_readers.unwrap().kind, Some(half));
    let two = v1::share::Kind::Count(2);
    assert_eq!(change.max_readers.unwrap().kind, Some(two));
}

#[test]
fn the_policy_that_help_shows_is_that_of_a_new_cluster() {
    let line = format!("lictor cluster add orders --seed 127.0.0.1:3306 {DEFAULTS}");
    let Noun::Cluster(ClusterCommand::Add { policy, .. }) = parse(&line).unwrap().noun else {
        panic!("not cluster add");
    };
    let change = v1::PolicyChange::from(policy);
    let other = Policy {
        mode: Mode::Auto,
        max_read_lag_secs: 7,
        ..Policy::default()
    };
    assert_eq!(change.applied_to(&other).unwrap(), Policy::default());
    let mut cli = Cli::command();
    let set = cli.find_subcommand_mut("cluster").unwrap();
    let set = set.find_subcommand_mut("set").unwrap();
    let changes = set.get_groups().find(|group| group.get_id() == "change");
    for option in changes.unwrap().get_args() {
        let option = format!("--{} ", option.as_str().replace('_', "-"));
        assert!(DEFAULTS.contains(&option), "{option}");
    }
}

#[test]
fn options_may_stand_anywhere() {
    let cli = parse("lictor cluster list -o json --server http://127.0.0.2:7400").unwrap();
    assert_eq!(cli.output, Format::Json);
    assert_eq!(cli.server.url, "http://127.0.0.2:7400");
}

#[test]
fn wrong_values_are_refused_before_anyone_is_asked() {
    for line in [
        "lictor cluster show Or_ders",
        "lictor cluster add orders --seed 127.0.0.1",
        "lictor cluster add orders --seed 127.0.0.1:3306 --durability semi-sync:0",
        "lictor cluster add orders --seed 127.0.0.1:3306 --max-read-lag 1500ms",
        "lictor cluster set orders --reason why --budget 3",
        "lictor cluster set orders --reason why --on-starved loosen",
        "lictor cluster set orders --reason why --on-starved loosen:1",
        "lictor cluster set orders --reason why --keep-readers 101%",
        "lictor cluster set orders --reason why --budget 0/10m",
        "lictor cluster set orders --reason why --budget 3/soon",
        "lictor cluster set orders --mode auto --reason=",
    ] {
        let kind = kind_of_error(line);
        assert!(
            matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue),
            "{line}: {kind:?}"
        );
    }
    assert_eq!(
        kind_of_error("lictor cluster add orders --seed 127.0.0.1:3306 --mode on"),
        ErrorKind::InvalidValue
    );
}

#[test]
fn what_is_out_of_range_is_named_as_it_was_typed() {
    let maintain = "lictor node maintenance orders-2 --owner ada --reason disk";
    let rule = "lictor node set orders-2 --promotion-rule prefer --reason why";
    let pause = "lictor cluster pause orders --reason why";
    let switchover = "lictor cluster switchover orders";
    for (line, option, wrong, at_most, why) in [
        (switchover, "--pause", "49ms", "50ms", "use 50ms to 1m"),
        (switchover, "--pause", "61s", "1m", "use 50ms to 1m"),
        (
            switchover,
            "--older-than",
            "86401s",
            "1day",
            "use 1day at most",
        ),
        (switchover, "--older-than", "0s", "1s", "at least 1s"),
        (maintain, "--for", "31days", "30days", "use 30days at most"),
        (rule, "--for", "31days", "30days", "use 30days at most"),
        (pause, "--for", "31days", "30days", "use 30days at most"),
        (pause, "--for", "0s", "1s", "at least 1s"),
    ] {
        let error = parse(&format!("{line} {option} {wrong}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{error}");
        let told = error.to_string();
        assert!(told.contains(&format!("'{option} <TIME>'")), "{told}");
        assert!(told.contains(why), "{told}");
        parse(&format!("{line} {option} {at_most}")).unwrap();
    }
}

#[test]
fn a_switchover_is_read_whole() {
    let line = "lictor cluster switchover orders --to orders-2 --dry-run --pause 300ms \
                --long-transactions kill --older-than 5s --reason disks";
    let Noun::Cluster(ClusterCommand::Switchover(args)) = parse(line).unwrap().noun else {
        panic!("not cluster switchover");
    };
    let expected = v1::SwitchoverClusterRequest {
        name: "orders".to_owned(),
        to: Some("orders-2".to_owned()),
        dry_run: true,
        pause_us: Some(300_000),
        long_transactions: v1::LongTransactions::Kill.into(),
        older_than_secs: Some(5),
        reason: Some("disks".to_owned()),
    };
    assert_eq!(v1::SwitchoverClusterRequest::from(args), expected);
}

#[test]
fn force_needs_a_reason_of_its_own() {
    parse("lictor cluster failover orders --dry-run").unwrap();
    parse("lictor cluster failover orders --force").unwrap_err();
    parse("lictor cluster failover orders --force --reason why").unwrap();
}

#[test]
fn a_change_needs_a_change_and_a_reason() {
    for line in [
        "lictor cluster set orders --reason why",
        "lictor cluster set orders --mode auto",
    ] {
        assert_eq!(
            kind_of_error(line),
            ErrorKind::MissingRequiredArgument,
            "{line}"
        );
    }
    parse("lictor cluster set orders --mode auto --reason why").unwrap();
}

#[test]
fn maintenance_begins_with_owner_reason_and_time_or_ends() {
    for line in [
        "lictor node maintenance orders-2",
        "lictor node maintenance orders-2 --owner ada --reason disk",
        "lictor node maintenance orders-2 --reason disk --for 2h",
        "lictor node maintenance orders-2 --owner ada --for 2h",
    ] {
        assert_eq!(
            kind_of_error(line),
            ErrorKind::MissingRequiredArgument,
            "{line}"
        );
    }
    let line = "lictor node maintenance orders-2 --owner ada --reason disk --for 2h";
    let Noun::Node(NodeCommand::Maintenance { time, .. }) = parse(line).unwrap().noun else {
        panic!("not node maintenance");
    };
    assert_eq!(time, Some(7_200));
    parse("lictor node maintenance orders-2 --end").unwrap();
    assert_eq!(
        kind_of_error("lictor node maintenance orders-2 --end --for 2h --owner a --reason b"),
        ErrorKind::ArgumentConflict
    );
}

#[test]
fn a_node_is_given_a_rule_perhaps_for_a_time_or_a_zone() {
    for line in [
        "lictor node set orders-2 --reason why",
        "lictor node set orders-2 --promotion-rule must-not",
        "lictor node set orders-2 --zone eu-1 --for 2h --reason why",
    ] {
        let missing = ErrorKind::MissingRequiredArgument;
        assert_eq!(kind_of_error(line), missing, "{line}");
    }
    let line = "lictor node set orders-2 --promotion-rule must-not --for 2h --reason why";
    let Noun::Node(NodeCommand::Set {
        promotion_rule,
        time,
        ..
    }) = parse(line).unwrap().noun
    else {
        panic!("not node set");
    };
    assert_eq!(promotion_rule, Some(PromotionRule::MustNot));
    assert_eq!(time, Some(7_200));
}

#[test]
fn a_node_follows_another_by_name_or_the_primary_whoever_that_is() {
    for (to, expected) in [("orders-2", Some("orders-2")), ("primary", None)] {
        let line = format!("lictor node repoint orders-4 --to {to}");
        let Noun::Node(NodeCommand::Repoint { to, .. }) = parse(&line).unwrap().noun else {
            panic!("not node repoint");
        };
        assert_eq!(to.0.as_ref().map(NodeName::as_str), expected);
    }
    let missing = ErrorKind::MissingRequiredArgument;
    assert_eq!(kind_of_error("lictor node repoint orders-4"), missing);
}

#[test]
fn a_cluster_is_given_with_the_addresses_of_its_nodes() {
    let line = "lictor import proxysql dump.sql --cluster orders=10.0.0.1:3306,[::1]:3307";
    let Noun::Import(ImportCommand::Proxysql { cluster, .. }) = parse(line).unwrap().noun else {
        panic!("not import proxysql");
    };
    let addresses: Vec<_> = cluster[0]
        .addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(cluster[0].cluster.as_str(), "orders");
    assert_eq!(addresses, ["10.0.0.1:3306", "[::1]:3307"]);
    for wrong in [
        "lictor import proxysql dump.sql --cluster orders",
        "lictor import proxysql dump.sql --cluster orders=",
        "lictor import proxysql dump.sql --cluster orders=10.0.0.1",
        "lictor import orchestrator o.json --cluster Orders",
        "lictor import mha app1.cnf --cluster orders=10.0.0.1:3306",
    ] {
        assert_eq!(kind_of_error(wrong), ErrorKind::ValueValidation, "{wrong}");
    }
    for missing in ["lictor import mha app1.cnf", "lictor import proxysql"] {
        assert_eq!(
            kind_of_error(missing),
            ErrorKind::MissingRequiredArgument,
            "{missing}"
        );
    }
    parse("lictor import orchestrator o.json --cluster orders").unwrap();
    assert_eq!(
        kind_of_error("lictor import proxysql x --password secret"),
        ErrorKind::UnknownArgument
    );
}

#[test]
fn a_token_is_asked_for_whole_and_its_text_is_never_an_argument() {
    let line = "lictor token create ci --role viewer --cluster orders --cluster users \
                --expires-in 90d --to-file ci.token --reason tests";
    let Noun::Token(TokenCommand::Create(args)) = parse(line).unwrap().noun else {
        panic!("not token create");
    };
    assert_eq!(args.to_file.as_deref(), Some(Path::new("ci.token")));
    let expected = v1::CreateTokenRequest {
        name: "ci".to_owned(),
        role: v1::Role::Viewer.into(),
        clusters: ["orders", "users"].map(str::to_owned).into(),
        expires_in_secs: Some(90 * 24 * 60 * 60),
        reason: "tests".to_owned(),
    };
    assert_eq!(v1::CreateTokenRequest::from(args), expected);
    let cli = parse("lictor token whoami --token-file /token").unwrap();
    assert_eq!(cli.server.token_file.as_deref(), Some(Path::new("/token")));
    assert_eq!(
        kind_of_error("lictor token whoami --token lictor_0a_0b"),
        ErrorKind::UnknownArgument
    );
}

#[test]
fn a_token_that_cannot_be_is_refused_before_anyone_is_asked() {
    for (rest, kind) in [
        ("ci --role king --reason why", ErrorKind::InvalidValue),
        ("c/i --role viewer --reason why", ErrorKind::ValueValidation),
        ("ci --role viewer --reason=", ErrorKind::InvalidValue),
        (
            "ci --role viewer --reason why --expires-in 11years",
            ErrorKind::ValueValidation,
        ),
        (
            "ci --role viewer --reason why --expires-in 0s",
            ErrorKind::ValueValidation,
        ),
        (
            "ci --role viewer --reason why --cluster Or_ders",
            ErrorKind::ValueValidation,
        ),
        ("ci --role viewer", ErrorKind::MissingRequiredArgument),
        ("ci --reason why", ErrorKind::MissingRequiredArgument),
    ] {
        let line = format!("lictor token create {rest}");
        assert_eq!(kind_of_error(&line), kind, "{line}");
    }
    assert_eq!(
        kind_of_error("lictor token revoke ci"),
        ErrorKind::MissingRequiredArgument
    );
}
