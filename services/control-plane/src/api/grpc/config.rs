//! `ConfigService`: the configuration as documents, and changes of it.
//!
//! What is stored is shown by any instance.

use lictor_document::{DocumentError, MAX_BYTES};
use lictor_domain::rule::{Query, RuleSet};
use lictor_domain::{Config, Draft, Fault, Key, KeyspaceName, Statement, Version};
use lictor_store::ConfigVersion;
use lictor_wire::v1::config_service_server::ConfigService;
use lictor_wire::{WireError, moved_configuration, refused_document, timestamp, v1};
use tonic::{Request, Response, Status};

use super::super::problem::{self, Problem};
use super::{actor, allow_all, parse, reason, scope};
use crate::app::Shared;
use crate::configuration::{self, ConfigError, Difference, Made, Outcome, Step, Wanted, Wish};

/// A document with what goes around it.
pub(in crate::api) const REQUEST_MAX: usize = MAX_BYTES + 64 * 1024;
/// Versions that are listed at most.
const MOST: u32 = 100;
/// What a document without a name is called.
const UNNAMED: &str = "document";

/// The service.
pub(super) struct Api {
    app: Shared,
}

impl Api {
    pub(super) const fn new(app: Shared) -> Self {
        Self { app }
    }

    /// The version of that number, or the newest.
    async fn version(&self, version: Option<Version>) -> Result<ConfigVersion, Status> {
        let found = match version {
            None => configuration::head(&self.app).await,
            Some(version) => self.app.store.config_get(version).await,
        };
        Ok(found.map_err(Problem::from)?)
    }

    async fn config(&self, version: Option<Version>) -> Result<(Version, Config), Status> {
        let found = self.version(version).await?;
        let config = found.config().map_err(Problem::from)?;
        Ok((found.version, config))
    }

    /// What a document makes of the fleet.
    async fn completed(&self, text: &v1::ConfigDocument) -> Result<Config, Status> {
        let draft = read(text)?;
        let completed = configuration::completed(&self.app, draft).await;
        completed.map_err(|error| not_changed(error, text))
    }

    async fn change(&self, wish: Wish, text: &v1::ConfigDocument) -> Result<Outcome, Status> {
        let app = self.app.clone();
        // A caller that goes away does not leave it half done.
        let changing = self
            .app
            .tasks
            .spawn(async move { configuration::change(&app, wish).await });
        let changed = changing
            .await
            .map_err(|error| problem::broken_off(&error))?;
        changed.map_err(|error| not_changed(error, text))
    }
}

#[tonic::async_trait]
impl ConfigService for Api {
    async fn get_config(
        &self,
        request: Request<v1::GetConfigRequest>,
    ) -> Result<Response<v1::GetConfigResponse>, Status> {
        allow_all(&request)?;
        let found = self.version(request.into_inner().version).await?;
        Ok(Response::new(v1::GetConfigResponse {
            yaml: lictor_document::write(&found.document),
            version: Some(version(&found)),
        }))
    }

    async fn list_config_versions(
        &self,
        request: Request<v1::ListConfigVersionsRequest>,
    ) -> Result<Response<v1::ListConfigVersionsResponse>, Status> {
        allow_all(&request)?;
        let v1::ListConfigVersionsRequest { limit, before } = request.into_inner();
        if !(1..=MOST).contains(&limit) {
            let why = format!("it must be from 1 to {MOST}");
            return Err(problem::invalid(WireError::invalid("limit", why)));
        }
        let history = configuration::history(&self.app, limit, before).await;
        let steps = history.map_err(Problem::from)?;
        Ok(Response::new(v1::ListConfigVersionsResponse {
            steps: steps.iter().map(step).collect(),
        }))
    }

    async fn diff_config(
        &self,
        request: Request<v1::DiffConfigRequest>,
    ) -> Result<Response<v1::DiffConfigResponse>, Status> {
        use v1::diff_config_request::To;
        allow_all(&request)?;
        let request = request.into_inner();
        let (from, before) = self.config(request.from).await?;
        let after = match request.to {
            None => return Err(problem::invalid(WireError::missing("to"))),
            Some(To::Version(version)) => self.config(Some(version)).await?.1,
            Some(To::Document(text)) => self.completed(&text).await?,
        };
        let changes = configuration::difference(&before, &after);
        Ok(Response::new(v1::DiffConfigResponse {
            from,
            changes: changes.iter().map(changed).collect(),
        }))
    }

    async fn apply_config(
        &self,
        request: Request<v1::ApplyConfigRequest>,
    ) -> Result<Response<v1::ApplyConfigResponse>, Status> {
        allow_all(&request)?;
        let actor = actor(&request)?;
        let request = request.into_inner();
        let text = request
            .document
            .ok_or_else(|| problem::invalid(WireError::missing("document")))?;
        let reason = reason(&request.reason)?;
        let base = request.base;
        let wish = match read(&text) {
            Ok(draft) => Wish {
                wanted: Wanted::Document(draft),
                base,
                actor,
                reason,
                rehearse: request.dry_run,
            },
            Err(refused) => {
                if !request.dry_run {
                    configuration::unread(&self.app, actor, reason, refused.message()).await;
                }
                return Err(refused);
            }
        };
        let outcome = self.change(wish, &text).await?;
        Ok(Response::new(v1::ApplyConfigResponse {
            outcome: Some(outcome_of(base, outcome)),
        }))
    }

    async fn rollback_config(
        &self,
        request: Request<v1::RollbackConfigRequest>,
    ) -> Result<Response<v1::RollbackConfigResponse>, Status> {
        allow_all(&request)?;
        let actor = actor(&request)?;
        let request = request.into_inner();
        let base = request.base;
        let wish = Wish {
            wanted: Wanted::Version(request.to),
            base,
            actor,
            reason: reason(&request.reason)?,
            rehearse: request.dry_run,
        };
        let text = v1::ConfigDocument {
            name: format!("version {}", request.to),
            yaml: String::new(),
        };
        let outcome = self.change(wish, &text).await?;
        Ok(Response::new(v1::RollbackConfigResponse {
            outcome: Some(outcome_of(base, outcome)),
        }))
    }

    async fn test_rule(
        &self,
        request: Request<v1::TestRuleRequest>,
    ) -> Result<Response<v1::TestRuleResponse>, Status> {
        allow_all(&request)?;
        let request = request.into_inner();
        let config = match &request.document {
            None => self.config(None).await?.1,
            Some(text) => self.completed(text).await?,
        };
        // Patterns may take their time to compile.
        let tested = tokio::task::spawn_blocking(move || tested(&request, &config));
        let tested = tested.await.map_err(|error| problem::broken_off(&error))?;
        tested.map(Response::new)
    }

    async fn resolve_key(
        &self,
        request: Request<v1::ResolveKeyRequest>,
    ) -> Result<Response<v1::ResolveKeyResponse>, Status> {
        let scope = scope(&request)?;
        let request = request.into_inner();
        let name: KeyspaceName = parse(&request.keyspace, "keyspace")?;
        let table = self.app.hub.table().ok_or_else(problem::no_table)?;
        let keyspace = table
            .keyspaces
            .get(&name)
            .ok_or_else(|| problem::not_found(format!("there is no keyspace `{name}`")))?;
        let invalid = |error| problem::invalid(WireError::invalid("key", error));
        let key = Key::parse(keyspace.function.key_type(), &request.key);
        let key = key.map_err(|error| invalid(error.to_string()))?;
        let shard = keyspace.resolve(&key);
        let shard = shard.map_err(|error| invalid(error.to_string()))?;
        if !scope.has(&shard.cluster) {
            return Err(problem::limited(&scope));
        }
        let route = table.clusters.get(&shard.cluster);
        Ok(Response::new(v1::ResolveKeyResponse {
            shard: shard.name.to_string(),
            cluster: shard.cluster.to_string(),
            held: shard.writes == lictor_domain::keyspace::Writes::Held,
            route: route.cloned().map(Into::into),
        }))
    }
}

/// What the document is called.
fn name(text: &v1::ConfigDocument) -> &str {
    match text.name.trim() {
        "" => UNNAMED,
        name => name,
    }
}

fn read(text: &v1::ConfigDocument) -> Result<Draft, Status> {
    lictor_document::read(&text.yaml, name(text)).map_err(|error| {
        refused_document(&v1::ConfigFaults {
            document: name(text).to_owned(),
            faults: vec![unread(error)],
        })
    })
}

fn unread(error: DocumentError) -> v1::ConfigFault {
    let whole = error.to_string();
    let (at, field, sentence) = match error {
        DocumentError::Syntax { at, why, .. } => (at, String::new(), why),
        DocumentError::Field { at, field, why, .. } => (at, field, why),
        DocumentError::TooLarge { document, .. }
        | DocumentError::Empty { document }
        | DocumentError::Several { document } => {
            let sentence = whole
                .strip_prefix(&format!("{document}: "))
                .map(str::to_owned);
            (None, String::new(), sentence.unwrap_or(whole))
        }
    };
    v1::ConfigFault {
        line: at.and_then(|at| u32::try_from(at.line).ok()),
        column: at.and_then(|at| u32::try_from(at.column).ok()),
        field,
        sentence,
    }
}

fn fault(fault: &Fault, text: &v1::ConfigDocument) -> v1::ConfigFault {
    let at = lictor_document::locate(&text.yaml, &fault.field);
    v1::ConfigFault {
        field: fault.field.clone(),
        sentence: fault.sentence.clone(),
        line: at.and_then(|at| u32::try_from(at.line).ok()),
        column: at.and_then(|at| u32::try_from(at.column).ok()),
    }
}

/// Why the configuration was not changed.
fn not_changed(error: ConfigError, text: &v1::ConfigDocument) -> Status {
    match error {
        ConfigError::NotLeading(error) => problem::not_leading(error.leader),
        ConfigError::NotBegun => problem::not_kept(error.to_string()),
        ConfigError::Moved {
            base,
            head,
            between,
        } => moved_configuration(&v1::ConfigConflict {
            base,
            head,
            between: between.iter().map(step).collect(),
        }),
        ConfigError::Wrong(faults) => refused_document(&v1::ConfigFaults {
            document: name(text).to_owned(),
            faults: faults.iter().map(|it| fault(it, text)).collect(),
        }),
        ConfigError::Store(error) => Problem::from(error).into(),
    }
}

pub(super) fn version(version: &ConfigVersion) -> v1::ConfigVersion {
    v1::ConfigVersion {
        version: version.version,
        at: Some(timestamp(version.at)),
        author: version.author.clone(),
        action: version.action.clone(),
        reason: version.reason.clone(),
    }
}

fn changed(difference: &Difference) -> v1::ConfigChange {
    let change = v1::ConfigChange::from(&difference.change);
    match &difference.preview {
        None => change,
        Some(preview) => change.moving(preview),
    }
}

fn step(step: &Step) -> v1::ConfigStep {
    v1::ConfigStep {
        version: Some(version(&step.version)),
        changes: step.changes.iter().map(changed).collect(),
    }
}

fn outcome_of(base: Version, outcome: Outcome) -> v1::ConfigOutcome {
    let changes = outcome.changes.iter().map(changed).collect();
    let Some(Made {
        version: made,
        revision,
        acks,
    }) = outcome.made
    else {
        return v1::ConfigOutcome {
            base,
            changes,
            ..v1::ConfigOutcome::default()
        };
    };
    v1::ConfigOutcome {
        base,
        made: Some(version(&made)),
        changes,
        revision: Some(revision.into()),
        subscribers: acks.of,
        acked: acks.acked,
    }
}

fn tested(request: &v1::TestRuleRequest, config: &Config) -> Result<v1::TestRuleResponse, Status> {
    let rules = RuleSet::new(config.query_rules());
    let rules = rules.map_err(|error| problem::invalid(WireError::invalid("document", error)))?;
    let explained = rules.explain(&Query {
        sql: request.sql.as_bytes(),
        username: &request.username,
        schemaname: &request.schemaname,
    });
    let hostgroup = explained.outcome.destination_hostgroup;
    let hostgroup = hostgroup.and_then(|id| config.hostgroups().get(&id));
    Ok(v1::TestRuleResponse {
        explanation: Some(explained.into()),
        hostgroup_name: hostgroup.map(|it| it.name.to_string()),
        statement: Some(Statement::classify(request.sql.as_bytes()).into()),
    })
}
