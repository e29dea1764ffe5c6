//! Commands about what happened: they only ask and show.

use lictor_view::{AuditRecord, Availability, ClusterProblem, Happening};
use lictor_wire::v1;
use lictor_wire::v1::history_service_client::HistoryServiceClient;

use crate::args::{AuditCommand, AvailabilityArgs, Format, HistoryCommand, ProblemArgs, Server};
use crate::call::{Connection, SOON, answer, connect};
use crate::output::show;

async fn client(server: &Server) -> anyhow::Result<HistoryServiceClient<Connection>> {
    Ok(HistoryServiceClient::new(connect(server).await?))
}

/// `lictor history`.
pub(crate) async fn history(
    command: HistoryCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let HistoryCommand::List(args) = command;
    let mut client = client(server).await?;
    let listed = answer(
        SOON,
        client.list_happenings(v1::ListHappeningsRequest::from(args)),
    )
    .await?;
    let happenings = listed.happenings.into_iter().map(TryInto::try_into);
    let happenings: Vec<Happening> = happenings.collect::<Result<_, _>>()?;
    show(&happenings, format)
}

/// `lictor audit`.
pub(crate) async fn audit(
    command: AuditCommand,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let AuditCommand::List(args) = command;
    let mut client = client(server).await?;
    let listed = answer(SOON, client.list_audit(v1::ListAuditRequest::from(args)));
    let records = listed.await?.records.into_iter().map(TryInto::try_into);
    let records: Vec<AuditRecord> = records.collect::<Result<_, _>>()?;
    show(&records, format)
}

/// `lictor problem list`.
pub(crate) async fn problems(
    args: ProblemArgs,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let mut client = client(server).await?;
    let request = v1::ListProblemsRequest::from(args);
    let listed = answer(SOON, client.list_problems(request)).await?;
    let problems: Vec<ClusterProblem> = listed.problems.into_iter().map(Into::into).collect();
    show(&problems, format)
}

/// `lictor availability`.
pub(crate) async fn availability(
    args: AvailabilityArgs,
    server: &Server,
    format: Format,
) -> anyhow::Result<()> {
    let mut client = client(server).await?;
    let request = v1::GetAvailabilityRequest::from(args);
    let reached = answer(SOON, client.get_availability(request)).await?;
    show(&Availability::try_from(reached)?, format)
}
