//! The words of the command line.

use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lictor_wire::domain::{
    Budget, ClusterName, Durability, LongTransactions, Mode, NoReaders, NodeAddress, NodeName,
    OnStarved, Profile, RebuildPolicy, Share,
};
use lictor_wire::v1;

const EXAMPLES: &str = "\
Examples:
  lictor cluster add orders --seed 127.0.0.11:3306 --mode auto
  lictor cluster show orders
  lictor cluster set orders --mode manual --reason 'disk replacement'
  lictor cluster switchover orders --to orders-2
  lictor node list --cluster orders -o json
  lictor node rebuild orders-1 --dry-run
  lictor route watch
  lictor recovery show last

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The command line of Lictor, a highly available control plane for MySQL.
#[derive(Debug, Parser)]
#[command(name = "lictor", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// URL of the control plane.
    #[arg(
        long,
        global = true,
        env = "LICTOR_SERVER",
        default_value = "http://127.0.0.1:7400",
        value_name = "URL",
        help_heading = "Global options"
    )]
    pub(crate) server: String,

    /// How to show the answer.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t = Format::Table,
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// How to show the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// JSON; a stream is one object a line.
    Json,
    /// YAML; a stream is one document each.
    Yaml,
}

/// What a command is about.
#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    /// Clusters: one primary and its replicas.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Nodes: single MySQL servers.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Routes: where each cluster's traffic goes.
    #[command(subcommand)]
    Route(RouteCommand),
    /// Recoveries: what was done about lost primaries, and switchovers.
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Subscribers: who receives routes.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Problems: the kinds that Lictor finds.
    #[command(subcommand)]
    Problem(ProblemCommand),
    /// How the control plane stands.
    Status,
    /// Print the completion script of a shell.
    #[command(after_help = "Example:\n  lictor completions bash > /etc/bash_completion.d/lictor")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What to do with clusters.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Discover a cluster from one of its nodes, check it and take it on.
    #[command(after_help = "\
Examples:
  lictor cluster add orders --seed 127.0.0.11:3306
  lictor cluster add orders --seed db1.example.org:3306 --mode auto --profile fast \\
      --durability semi-sync:2 --max-read-lag 10s")]
    Add {
        /// Its name: a DNS label, such as `orders`.
        name: ClusterName,
        /// Address of any one of its nodes.
        #[arg(long, value_name = "HOST:PORT")]
        seed: NodeAddress,
        #[command(flatten)]
        policy: PolicyArgs,
    },
    /// List all clusters.
    List,
    /// Show a cluster with its problems and nodes.
    #[command(after_help = "Example:\n  lictor cluster show orders")]
    Show {
        /// Its name.
        name: ClusterName,
    },
    /// Let nothing be done by itself for a time, not even a failover; what runs is
    /// finished.
    #[command(after_help = "Example:\n  \
        lictor cluster pause orders --reason 'a network change' --for 30m")]
    Pause {
        /// Its name.
        name: ClusterName,
        /// Why, for those who see it.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        /// For how long, such as `30m`; until it is resumed when not said. Whole
        /// seconds, at most 30 days.
        #[arg(long = "for", value_name = "TIME", value_parser = whole_seconds)]
        time: Option<u64>,
        /// Who wants it.
        #[arg(
            long,
            env = "USER",
            hide_env_values = true,
            default_value = "",
            hide_default_value = true
        )]
        owner: String,
    },
    /// End a pause.
    Resume {
        /// Its name.
        name: ClusterName,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Take the primacy away from a primary that is dead, hangs or stalls.
    #[command(after_help = "\
It works in the modes manual and auto, whatever the budget. A primary that answers
is closed first: clients whose commits wait are cut off.

Examples:
  lictor cluster failover orders --dry-run
  lictor cluster failover orders --to orders-3 --reason 'its disk is full'
  lictor cluster failover orders --force --reason 'rack 4 is off, I have looked'")]
    Failover(FailoverArgs),
    /// Change a cluster's policy.
    #[command(
        after_help = "Examples:\n  \
            lictor cluster set orders --mode auto --reason 'rehearsed on Monday'\n  \
            lictor cluster set orders --budget 1/1h --reason 'new rack'",
        group(clap::ArgGroup::new("change").required(true).multiple(true)
            .args(["mode", "profile", "durability", "budget", "max_read_lag", "rebuild",
                "on_starved", "no_readers", "keep_readers"]))
    )]
    Set {
        /// Its name.
        name: ClusterName,
        #[command(flatten)]
        policy: PolicyArgs,
        /// Why, for the history.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Make another node the primary while the old one lives.
    ///
    /// Subscribers hold their writes for a moment, so that none fails. Everything
    /// is undone when the new primary is not open in time.
    #[command(after_help = "\
Examples:
  lictor cluster switchover orders --dry-run
  lictor cluster switchover orders --to orders-2 --reason 'new disks in orders-1'
  lictor cluster switchover orders --pause 300ms --long-transactions refuse")]
    Switchover(SwitchoverArgs),
}

/// Who is to be the primary, and at what price.
#[derive(Debug, Args)]
pub(crate) struct SwitchoverArgs {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// The node to be made primary; the best replica unless you say.
    #[arg(long, value_name = "NODE")]
    pub(crate) to: Option<NodeName>,
    /// Only show what would be found.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// For how long nobody may be able to write; then everything is undone.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub(crate) pause: Duration,
    /// What to do about transactions that are open for long on the primary: wait
    /// for their end (up to a minute), end their sessions, or do nothing at all.
    #[arg(
        long,
        default_value = "wait",
        value_parser = words(LongTransactions::ALL, LongTransactions::as_str)
    )]
    pub(crate) long_transactions: LongTransactions,
    /// From this age on a transaction is long; whole seconds.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = whole_seconds)]
    pub(crate) older_than: u64,
    /// Why, for the history.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: Option<String>,
}

impl From<SwitchoverArgs> for v1::SwitchoverClusterRequest {
    fn from(args: SwitchoverArgs) -> Self {
        Self {
            name: args.name.into(),
            to: args.to.map(Into::into),
            dry_run: args.dry_run,
            pause_us: Some(lictor_wire::micros(args.pause)),
            long_transactions: v1::LongTransactions::from(args.long_transactions).into(),
            older_than_secs: Some(args.older_than),
            reason: args.reason,
        }
    }
}

/// A failover as it is ordered.
#[derive(Debug, Args)]
pub(crate) struct FailoverArgs {
    /// The cluster's name.
    pub(crate) name: ClusterName,
    /// The replica to be made primary; the best one when it is not said.
    #[arg(long, value_name = "NODE")]
    pub(crate) to: Option<NodeName>,
    /// Go on without a proof that the old primary is fenced, and with a replica
    /// that may lack something, or does where --to names it. What is overridden is
    /// written into the recovery.
    #[arg(long, requires = "reason")]
    pub(crate) force: bool,
    /// Only say what would be done, and what stands in the way.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why, for the history.
    #[arg(
        long,
        default_value = "an operator's order",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) reason: String,
}

/// What differs from the policy there is.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// How far Lictor may act by itself: only `auto` lets it fail over.
    #[arg(long, value_parser = words(Mode::ALL, Mode::as_str))]
    pub(crate) mode: Option<Mode>,
    /// When a silent primary counts as hung: after 1 s, 3 s or 10 s.
    #[arg(long, value_parser = words(Profile::ALL, Profile::as_str))]
    pub(crate) profile: Option<Profile>,
    /// What a commit must survive: `async`, `semi-sync` or `semi-sync:N` for N
    /// acknowledging replicas.
    #[arg(long, value_parser = durability)]
    pub(crate) durability: Option<Durability>,
    /// At most so many failovers in a time, then Lictor stops and asks: such as
    /// `3/10m`.
    #[arg(long, value_name = "N/TIME", value_parser = budget)]
    pub(crate) budget: Option<Budget>,
    /// Replicas further behind serve no reads, such as `5s`; whole seconds.
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(crate) max_read_lag: Option<u64>,
    /// Who starts the rebuild of a quarantined node; `auto` lets Lictor replace
    /// its data by itself.
    #[arg(long, value_parser = words(RebuildPolicy::ALL, RebuildPolicy::as_str))]
    pub(crate) rebuild: Option<RebuildPolicy>,
    /// When too few replicas can acknowledge: `wait`, or `loosen:N/TIME` to let
    /// commits wait for only N or more after that time, such as `loosen:0/5s`.
    #[arg(long, value_name = "wait|loosen:N/TIME", value_parser = on_starved)]
    pub(crate) on_starved: Option<OnStarved>,
    /// Who serves reads when no replica does.
    #[arg(long, value_parser = words(NoReaders::ALL, NoReaders::as_str))]
    pub(crate) no_readers: Option<NoReaders>,
    /// So many replicas serve reads however far they are behind, the least
    /// lagging first: such as `1` or `50%`.
    #[arg(long, value_name = "N|N%")]
    pub(crate) keep_readers: Option<Share>,
}

impl From<PolicyArgs> for v1::PolicyChange {
    fn from(args: PolicyArgs) -> Self {
        let mode = args.mode.map(v1::Mode::from);
        let profile = args.profile.map(v1::Profile::from);
        Self {
            mode: mode.unwrap_or_default().into(),
            profile: profile.unwrap_or_default().into(),
            durability: args.durability.map(Into::into),
            budget: args.budget.map(Into::into),
            max_read_lag_secs: args.max_read_lag,
            rebuild: args
                .rebuild
                .map(v1::RebuildPolicy::from)
                .unwrap_or_default()
                .into(),
            on_starved: args.on_starved.map(Into::into),
            no_readers: args
                .no_readers
                .map(v1::NoReaders::from)
                .unwrap_or_default()
                .into(),
            keep_readers: args.keep_readers.map(Into::into),
        }
    }
}

/// What to do with nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes of all clusters, or of one.
    List {
        /// Only this cluster's.
        #[arg(long)]
        cluster: Option<ClusterName>,
    },
    /// Show everything about one node.
    #[command(after_help = "Example:\n  lictor node show orders-1")]
    Show {
        /// Its name.
        node: NodeName,
    },
    /// Work on a node for a time: it serves no reads, is never promoted, and is
    /// left alone.
    #[command(
        after_help = "\
Examples:
  lictor node maintenance orders-2 --owner ada --reason 'a new disk' --for 2h
  lictor node maintenance orders-2 --end",
        group(clap::ArgGroup::new("what").required(true).args(["time", "end"]))
    )]
    Maintenance {
        /// Its name.
        node: NodeName,
        /// Who works on it.
        #[arg(long, requires = "time", value_parser = NonEmptyStringValueParser::new())]
        owner: Option<String>,
        /// Why.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: Option<String>,
        /// For how long, such as `2h`: then it ends by itself; whole seconds, at
        /// most 30 days.
        #[arg(long = "for", id = "time", value_name = "TIME", requires_all = ["owner", "reason"],
            value_parser = whole_seconds)]
        time: Option<u64>,
        /// End it now.
        #[arg(long)]
        end: bool,
    },
    /// Let a node back into its cluster, or say what stands in the way.
    #[command(after_help = "\
Examples:
  lictor node rejoin orders-1
  lictor node rejoin orders-1 --inject-empty --dry-run
  lictor node rejoin orders-1 --inject-empty --reason 'a test row, not needed elsewhere'")]
    Rejoin {
        /// Its name.
        node: NodeName,
        /// Commit an empty transaction on the primary for each one that only
        /// this node holds: what those changed stays on this node alone, so
        /// that it differs from the others for good.
        #[arg(long)]
        inject_empty: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Replace a node's data by a copy of another's, by MySQL's CLONE plugin.
    #[command(after_help = "\
Examples:
  lictor node rebuild orders-1 --dry-run
  lictor node rebuild orders-1 --donor orders-3

All that only this node holds is lost. After the copy its mysqld shuts down; where
no supervisor starts it again, you are told to.")]
    Rebuild {
        /// Its name.
        node: NodeName,
        /// Whose data it gets; the best there is when not said, a replica before
        /// the primary.
        #[arg(long, value_name = "NODE")]
        donor: Option<NodeName>,
        /// Also when it is not quarantined: its data may be lost.
        #[arg(long)]
        force: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Do not wait for its end.
        #[arg(long)]
        detach: bool,
        /// Why, for the history.
        #[arg(long, default_value = "asked for on the command line",
            value_parser = NonEmptyStringValueParser::new())]
        reason: String,
    },
}

/// What to do with routes.
#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// Show the routing table.
    Show,
    /// Show the routing table, and each change as it is pushed, until Ctrl-C.
    Watch,
}

/// What to do with recoveries.
#[derive(Debug, Subcommand)]
pub(crate) enum RecoveryCommand {
    /// List recoveries, the newest first.
    List {
        /// Only this cluster's.
        #[arg(long)]
        cluster: Option<ClusterName>,
        /// At most this many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Tell one recovery as a story.
    #[command(after_help = "Examples:\n  lictor recovery show last\n  \
        lictor recovery show 0193a7b2-6c1e")]
    Show {
        /// Its id or how the id begins, as `recovery list` shows it, or `last`.
        id: String,
    },
}

/// What to do with subscribers.
#[derive(Debug, Subcommand)]
pub(crate) enum SubscriberCommand {
    /// List who is subscribed at the instance asked.
    List,
}

/// What to do with kinds of problems.
#[derive(Debug, Subcommand)]
pub(crate) enum ProblemCommand {
    /// List every kind of problem, with what it means.
    ListCodes,
    /// Explain one kind of problem, and what is done about it.
    #[command(after_help = "Example:\n  lictor problem explain SemiSyncStarved")]
    Explain {
        /// Its code, as `cluster show` shows it.
        code: String,
    },
}

fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(move |value| word(*value))).try_map(move |text| {
        let found = all.iter().copied().find(|value| word(*value) == text);
        found.ok_or("not one of the possible values")
    })
}

fn durability(text: &str) -> Result<Durability, String> {
    text.replace(':', " ")
        .parse()
        .map_err(|_| "use async, semi-sync or semi-sync:N with N of at least 1".to_owned())
}

fn on_starved(text: &str) -> Result<OnStarved, String> {
    if text == "wait" {
        return Ok(OnStarved::Wait);
    }
    let loosen = text
        .strip_prefix("loosen:")
        .and_then(|rest| rest.split_once('/'));
    let loosen = loosen.map(|(acks, time)| (acks.parse(), whole_seconds(time)));
    match loosen {
        Some((Ok(min_acks), Ok(after_secs))) => Ok(OnStarved::Loosen {
            min_acks,
            after_secs,
        }),
        _ => Err("use wait or loosen:N/TIME, such as loosen:0/5s".to_owned()),
    }
}

fn budget(text: &str) -> Result<Budget, String> {
    let (failovers, window) = text.split_once('/').unwrap_or((text, ""));
    match (failovers.parse(), whole_seconds(window)) {
        (Ok(failovers), Ok(window_secs)) if failovers > 0 => Ok(Budget {
            failovers,
            window_secs,
        }),
        _ => Err("use N/TIME with N of at least 1, such as 3/10m".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    let time = duration(text)?;
    if time.subsec_nanos() != 0 || time.is_zero() {
        return Err("use whole seconds, at least 1s".to_owned());
    }
    Ok(time.as_secs())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

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
                    --on-starved loosen:0/5s --no-readers primary --keep-readers 50%";
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
        assert_eq!(change.keep_readers.unwrap().kind, Some(half));
    }

    #[test]
    fn options_may_stand_anywhere() {
        let cli = parse("lictor cluster list -o json --server http://127.0.0.2:7400").unwrap();
        assert_eq!(cli.output, Format::Json);
        assert_eq!(cli.server, "http://127.0.0.2:7400");
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
}
