//! `operation …`: shows what lasts, and follows it. It goes on without us.

use std::time::Duration;

use anyhow::{Context, bail};
use lictor_view::{Operation, OperationState};
use lictor_wire::v1;
use lictor_wire::v1::operation_service_client::OperationServiceClient;

use crate::args::{Format, OperationCommand, Server};
use crate::call::{Connection, SOON, answer, connect};
use crate::ident;
use crate::output::{say, show, show_item};
use crate::view::operation::progress;

/// Between two looks at an operation.
const LOOK_EVERY: Duration = Duration::from_millis(200);

type Client = OperationServiceClient<Connection>;

/// Does what the command says.
pub(crate) async fn run(
    command: OperationCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let mut client = Client::new(connect(server).await?);
    match command {
        OperationCommand::List {
            cluster,
            state,
            limit,
        } => {
            let state = state.map(v1::OperationState::from);
            let request = v1::ListOperationsRequest {
                state: state.unwrap_or_default().into(),
                cluster: cluster.map(Into::into),
                limit,
                after: None,
            };
            show(&list(&mut client, request).await?, format)
        }
        OperationCommand::Show { id } => {
            let id = whole(&mut client, id).await?;
            show(&get(&mut client, &id).await?, format)
        }
        OperationCommand::Watch { id } => {
            let id = whole(&mut client, id).await?;
            watch(&mut client, &id, format).await
        }
    }
}

async fn list(
    client: &mut Client,
    request: v1::ListOperationsRequest,
) -> anyhow::Result<Vec<Operation>> {
    let listed = answer(SOON, client.list_operations(request)).await?;
    Ok(listed.operations.into_iter().map(Into::into).collect())
}

async fn get(client: &mut Client, id: &str) -> anyhow::Result<Operation> {
    let request = v1::GetOperationRequest { id: id.to_owned() };
    let answered = answer(SOON, client.get_operation(request)).await?;
    let operation = answered.operation.context("the answer has no operation")?;
    Ok(operation.into())
}

/// The whole id of the operation meant: `last`, or how its id begins.
async fn whole(client: &mut Client, meant: String) -> anyhow::Result<String> {
    if ident::is_whole(&meant) {
        return Ok(meant);
    }
    let request = v1::ListOperationsRequest {
        limit: ident::looked_through(&meant),
        ..v1::ListOperationsRequest::default()
    };
    let all = list(client, request).await?.into_iter();
    ident::one_of(all.map(|one| one.id), &meant, "operation")
}

/// Tells what is new of it at every look, until it is over.
async fn watch(client: &mut Client, id: &str, format: Format) -> anyhow::Result<()> {
    let mut before: Option<Operation> = None;
    loop {
        let now = get(client, id).await?;
        if format == Format::Table {
            for line in progress(before.as_ref(), &now) {
                say(&line)?;
            }
        } else if before.as_ref() != Some(&now) {
            show_item(&now, format)?;
        }
        match now.state {
            OperationState::Done if format == Format::Table => {
                return say(&format!("{}.", now.sentence));
            }
            OperationState::Done => return Ok(()),
            OperationState::Failed => bail!("it failed: {}", now.sentence),
            OperationState::Running => {}
            OperationState::Unknown => bail!("it is in a state that this program does not know"),
        }
        before = Some(now);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
