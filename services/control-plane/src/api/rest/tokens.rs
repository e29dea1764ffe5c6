//! Tokens: who may call.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use lictor_view::{CreateTokenRequest, CreatedToken, RevokeTokenRequest, RevokedToken, TokenList};
use lictor_wire::v1;
use lictor_wire::v1::token_service_server::TokenService;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::grpc;
use super::Answer;
use super::caller::Caller;
use super::extract::{Body, Path};
use super::history::read;
use super::refusal::Refusal;
use crate::app::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(revoke_token))
}

/// Every token, also those that were revoked or have expired; those in force first.
#[utoipa::path(
    get, path = "/tokens", tag = "Access",
    responses((status = 200, body = TokenList, description = "All of them"), Refusal),
    extensions(("x-grpc-method" = json!("TokenService/ListTokens"))),
)]
async fn list_tokens(State(app): State<Shared>, caller: Caller) -> Answer<TokenList> {
    let request = caller.asks(v1::ListTokensRequest {});
    let response = grpc::tokens(&app).list_tokens(request).await?;
    Ok(Json(read(response.into_inner())?))
}

/// Makes a token. Its text is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/tokens", tag = "Access", request_body = CreateTokenRequest,
    responses((status = 201, body = CreatedToken, description = "It was made"), Refusal),
    extensions(("x-grpc-method" = json!("TokenService/CreateToken"))),
)]
async fn create_token(
    State(app): State<Shared>,
    caller: Caller,
    Body(body): Body<CreateTokenRequest>,
) -> Result<(StatusCode, Json<CreatedToken>), Refusal> {
    let request = caller.asks(body.message());
    let response = grpc::tokens(&app).create_token(request).await?;
    Ok((StatusCode::CREATED, Json(read(response.into_inner())?)))
}

/// Revokes a token for good; what is open under it ends.
#[utoipa::path(
    delete, path = "/tokens/{token}", tag = "Access",
    params(("token" = String, Path, description = "Its id")),
    request_body = RevokeTokenRequest,
    responses((status = 200, body = RevokedToken, description = "It was revoked"), Refusal),
    extensions(("x-grpc-method" = json!("TokenService/RevokeToken"))),
)]
async fn revoke_token(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
    Body(body): Body<RevokeTokenRequest>,
) -> Answer<RevokedToken> {
    let request = caller.asks(body.message(id));
    let response = grpc::tokens(&app).revoke_token(request).await?;
    Ok(Json(read(response.into_inner())?))
}
